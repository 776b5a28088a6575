# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping a run early, by a signal or otherwise."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .clock import Clock, Stopped
from .failure import Failure

PATIENCE = 1.0
"""Seconds that requests under way get to end once the run is stopped; then their connections are shut down."""


LEAVE_TAKING = 0.5
"""Seconds after that which workers get to note what came of their requests; then they are left behind."""


class StopSignal:
    """Whether and why a run ends early: gently, or at once."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.cause: Failure | None = None
        self._cancelled = threading.Event()
        self._patient_until = float("inf")

    def drain(self, reason: str, cause: Failure | None = None) -> None:
        """Begin nothing new; what is under way ends as usual. `cause` is the failure that every other tenant would meet."""
        if self.reason is None:
            self.reason, self.cause = reason, cause

    def cancel(self, reason: str, patience: float = PATIENCE) -> None:
        """Wake whoever waits, and send no further request; those under way get `patience` seconds to end."""
        self.drain(reason)
        self._patient_until = min(self._patient_until, time.monotonic() + patience)
        self._cancelled.set()

    @property
    def now(self) -> bool:
        """Whether nothing is waited for any more."""
        return self._cancelled.is_set()

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
        if self._cancelled.wait(seconds):
            raise Stopped(self.reason or "")

    def clock(self) -> Clock:
        """The time, with a sleep that a stop ends, a check before each request, and an end of those under way."""
        clock = Clock()
        clock.sleep = self.sleep  # type: ignore[assignment]
        clock.check = self.check  # type: ignore[method-assign]
        clock.given_up = lambda: self.overdue  # type: ignore[method-assign]
        return clock


@contextmanager
def stopped_by_signals(stop: StopSignal) -> Iterator[None]:
    """Let SIGTERM, SIGINT and SIGHUP end the run in good order: what was done so far is reported.

    Under nohup SIGHUP stays ignored. Only the main thread can take signals; elsewhere they are left as they are.
    """
    numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        numbers.remove(signal.SIGHUP)
    if threading.current_thread() is not threading.main_thread():
        numbers.clear()
    before = {number: signal.signal(number, lambda got, _frame: stop.cancel(_name(got))) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _name(number: int) -> str:
    return f"by {signal.Signals(number).name}"
