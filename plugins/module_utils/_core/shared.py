# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that all tenants of a run need, fetched once for all of them."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from concurrent.futures import Future, wait
from typing import Any, Callable

from .failure import Failed, Failure

LOOK_SECONDS = 0.25
"""How often a thread that waits for another one's answer checks whether the run was stopped."""


def unhurried() -> None:
    """Never stop."""


class FailedForAll(Failed):
    """A failure that every caller that needs the same answer would get."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code, failure.message)
        self.failure = failure


class Shared:
    """Answers by key: the first caller fetches, and the others wait and get the same answer.

    An answer is kept for the whole run, and so is a `FailedForAll`: fetching it again for each tenant would make them
    wait one after the other. Any other failure concerns one caller only, and those that waited fetch for themselves,
    all at the same time.
    """

    def __init__(self, keeps: Callable[[Any], bool] = lambda _answer: True) -> None:
        """Create the store. An answer that `keeps` does not want is only for those who wait for it."""
        self._keeps = keeps
        self._lock = threading.Lock()
        self._answers: dict[Hashable, Future[Any]] = {}

    def get(self, key: Hashable, fetch: Callable[[], Any], check: Callable[[], None] = unhurried) -> Any:
        """Return the answer. `check` raises an exception to end the wait. Raise what `fetch` and `check` raise."""
        mine: Future[Any] = Future()
        with self._lock:
            answer = self._answers.setdefault(key, mine)
        if answer is mine:
            return self._fetched(key, mine, fetch)
        while not wait([answer], LOOK_SECONDS).done:
            check()
        error = answer.exception()
        if error is None:
            return answer.result()
        if isinstance(error, FailedForAll):
            # A new exception for each caller, because each adds its own phase.
            raise FailedForAll(error.failure)
        return fetch()

    def _fetched(self, key: Hashable, answer: Future[Any], fetch: Callable[[], Any]) -> Any:
        try:
            found = fetch()
        except BaseException as error:
            if isinstance(error, FailedForAll):
                answer.set_exception(FailedForAll(error.failure))
            else:
                self._forget(key)
                answer.set_exception(error)
            raise
        if not self._keeps(found):
            self._forget(key)
        answer.set_result(found)
        return found

    def _forget(self, key: Hashable) -> None:
        with self._lock:
            del self._answers[key]
