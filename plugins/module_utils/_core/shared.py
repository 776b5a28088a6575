# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tenants of a run want, and one of them asks for."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from concurrent.futures import Future, wait
from typing import Any, Callable

from .failure import Failed, Failure

LOOK_SECONDS = 0.25
"""How often who waits for another's answer looks whether the run was stopped."""


def unhurried() -> None:
    """Look for no stop."""


class FailedForAll(Failed):
    """A failure that everybody meets who asks for the same thing."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code, failure.message)
        self.failure = failure


class Shared:
    """Answers by key. The first who asks fetches; who asks meanwhile waits for that answer, and gets the same.

    An answer is kept for the whole run, and so is a failure that all would meet: to ask again for each tenant would
    make them wait one after the other. What fails for one asker alone is only its own, and the others ask themselves,
    all at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Hashable, Future[Any]] = {}

    def get(self, key: Hashable, fetch: Callable[[], Any], check: Callable[[], None] = unhurried) -> Any:
        """Return the answer. `check` raises where there is nothing to wait for any more. Raises what `fetch` raises."""
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
            # Each asker adds to its own what it knows of it.
            raise FailedForAll(error.failure)
        return fetch()

    def _fetched(self, key: Hashable, answer: Future[Any], fetch: Callable[[], Any]) -> Any:
        try:
            found = fetch()
        except BaseException as error:
            if isinstance(error, FailedForAll):
                answer.set_exception(FailedForAll(error.failure))
            else:
                with self._lock:
                    del self._answers[key]
                answer.set_exception(error)
            raise
        answer.set_result(found)
        return found
