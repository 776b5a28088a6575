# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads that work through a list together, and the way to stop them."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Callable

from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failure
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Clock, Stopped

BEAT_SECONDS = 0.25

PATIENCE = 1.0
"""Seconds that requests under way get to end once the run is stopped; then their connections are shut down."""

LEAVE_TAKING = 0.5
"""Seconds after that which workers get to note what came of their requests; then they are left behind."""


class Stop:
    """Whether and why a run ends early: gently, or at once."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.cause: Failure | None = None
        self._at_once = threading.Event()
        self._patient_until = float("inf")

    def gently(self, reason: str, cause: Failure | None = None) -> None:
        """Begin nothing new; what is under way ends as usual. `cause` is the failure that every other tenant would meet."""
        if self.reason is None:
            self.reason, self.cause = reason, cause

    def at_once(self, reason: str, patience: float = PATIENCE) -> None:
        """Wake whoever waits, and send no further request; those under way get `patience` seconds to end."""
        self.gently(reason)
        self._patient_until = min(self._patient_until, time.monotonic() + patience)
        self._at_once.set()

    @property
    def now(self) -> bool:
        """Whether nothing is waited for any more."""
        return self._at_once.is_set()

    @property
    def overdue(self) -> bool:
        """Tell whether even requests under way are cut off."""
        return self.now and time.monotonic() >= self._patient_until

    @property
    def left_behind(self) -> bool:
        """Tell whether workers that still hang are waited for no more."""
        return self.now and time.monotonic() >= self._patient_until + LEAVE_TAKING

    def check(self) -> None:
        """Raise Stopped where the run was stopped at once."""
        if self.now:
            raise Stopped(self.reason or "")

    def sleep(self, seconds: float) -> None:
        """Sleep. Raises Stopped where the run is stopped at once meanwhile."""
        if self._at_once.wait(seconds):
            raise Stopped(self.reason or "")

    def clock(self) -> Clock:
        """The time, with a sleep that a stop ends, a check before each request, and an end of those under way."""
        clock = Clock()
        clock.sleep = self.sleep  # type: ignore[assignment]
        clock.check = self.check  # type: ignore[method-assign]
        clock.given_up = lambda: self.overdue  # type: ignore[method-assign]
        return clock


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Let SIGTERM, SIGINT and SIGHUP end the run in good order: what was done so far is reported.

    Under nohup SIGHUP stays ignored. Only the main thread can take signals; elsewhere they are left as they are.
    """
    numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        numbers.remove(signal.SIGHUP)
    if threading.current_thread() is not threading.main_thread():
        numbers.clear()
    before = {number: signal.signal(number, lambda got, _frame: stop.at_once(_name(got))) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _name(number: int) -> str:
    return f"by {signal.Signals(number).name}"


class Crew:
    """So many workers. C(beat) is called a few times a second, in the thread that C(each) was called in."""

    def __init__(self, workers: int, stop: Stop, beat: Callable[[], None] = lambda: None) -> None:
        self._workers = workers
        self._stop = stop
        self._beat = beat

    def each(self, work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """C(map), by all workers at once. Raises what the work raises, and Stopped when stopped at once."""
        results = self.some(work, list(items), lambda: self._stop.now)
        if self._stop.now:
            raise Stopped(self._stop.reason or "")
        return results

    def each_tenant(self, work: Callable[[Any], Any], items: Sequence[Any]) -> None:
        """As C(each), but also a gentle stop leaves the rest undone; the work itself notes what it did."""
        self.some(work, items, lambda: self._stop.reason is not None)

    def some(self, work: Callable[[Any], Any], items: Sequence[Any], until: Callable[[], bool]) -> list[Any]:
        """Work through the items until all are done or C(until) says so; C(None) for what was not begun."""
        results: list[Any] = [None] * len(items)
        errors: list[BaseException] = []
        waiting = iter(range(len(items)))

        def worker() -> None:
            # next() on this iterator is one step of the interpreter: no two workers get the same.
            for index in waiting:
                if errors or until():
                    return
                try:
                    results[index] = work(items[index])
                except BaseException as error:
                    errors.append(error)

        self._run_threads(worker, min(self._workers, len(items)))
        if errors:
            raise errors[0]
        return results

    def _run_threads(self, worker: Callable[[], None], count: int) -> None:
        threads = [threading.Thread(target=worker, daemon=True) for _number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(BEAT_SECONDS)
                self._beat()
                if self._stop.left_behind:
                    return
        self._beat()
