# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all want and one asks for: with real threads, which wait for each other and never for time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed, Failure, FailureCode
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.shared import FailedForAll, Shared

MANY = 16
PATIENCE = 60.0
LOST = Failure(FailureCode.STACKONE_UNREACHABLE, "StackOne gave no answer.")


class Asked:
    """Counts who asks; the answer comes when all of them wait for it."""

    def __init__(self, answer):
        self.answer = answer
        self.fetched = 0
        self.waiting = threading.Semaphore(0)

    def fetch(self):
        self.fetched += 1
        for _other in range(MANY - 1):
            assert self.waiting.acquire(timeout=PATIENCE)
        if isinstance(self.answer, Failure):
            raise FailedForAll(self.answer)
        return self.answer

    def by_all(self, shared):
        """Ask in many threads; return each one's answer or exception."""
        noted = threading.local()

        def look():
            if not hasattr(noted, "done"):
                noted.done = True
                self.waiting.release()

        with ThreadPoolExecutor(MANY) as pool:
            asked = [pool.submit(shared.get, "form", self.fetch, look) for _number in range(MANY)]
            return [future.exception() or future.result() for future in asked]


def test_one_asks_and_all_who_wait_get_the_same():
    shared, asked = Shared(), Asked("the form")
    assert asked.by_all(shared) == ["the form"] * MANY
    assert shared.get("form", None) == "the form"
    assert asked.fetched == 1


def test_a_failure_is_that_of_all_who_wait_and_of_all_who_come_later():
    shared, asked = Shared(), Asked(LOST)
    errors = asked.by_all(shared)
    assert [error.failure for error in errors] == [LOST] * MANY
    # Each adds its own tenant to it.
    assert len(set(map(id, errors))) == MANY
    with pytest.raises(Failed) as later:
        shared.get("form", None)
    assert later.value.failure == LOST
    assert asked.fetched == 1


def test_what_is_not_kept_is_for_those_who_wait():
    shared, asked = Shared(keeps=lambda answer: answer != "the form"), Asked("the form")
    assert asked.by_all(shared) == ["the form"] * MANY
    assert asked.fetched == 1
    assert shared.get("form", lambda: "another form") == "another form"
    assert shared.get("form", None) == "another form"


class FirstAlone(Asked):
    """The first one fails for itself alone, once all others wait for it; these then ask at the same time."""

    def __init__(self):
        super().__init__("the form")
        self.first, self.together = threading.Lock(), threading.Barrier(MANY - 1, timeout=PATIENCE)

    def fetch(self):
        if not self.first.acquire(blocking=False):
            self.together.wait()
            return self.answer
        super().fetch()
        raise Failed(FailureCode.STACKONE_REJECTED, "its name is too long.")


def test_who_waited_for_a_failure_of_one_alone_asks_at_the_same_time_as_the_others():
    shared = Shared()
    assert FirstAlone().by_all(shared).count("the form") == MANY - 1
    assert shared.get("form", lambda: "asked once more") == "asked once more"


def test_who_waits_sees_that_the_run_is_stopped():
    shared, begun, over = Shared(), threading.Event(), threading.Event()

    def fetch():
        begun.set()
        over.wait(PATIENCE)
        return "late"

    def stopped():
        raise Stopped("by a test")

    asking = threading.Thread(target=shared.get, args=("form", fetch))
    asking.start()
    assert begun.wait(PATIENCE)
    with pytest.raises(Stopped):
        shared.get("form", fetch, stopped)
    over.set()
    asking.join()
