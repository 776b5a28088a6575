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
"""Seconds that requests in progress may still take after the run is stopped; then their connections are shut down."""

LEAVE_TAKING = 0.5
"""Further seconds in which workers may record the results of their requests; then they are abandoned."""


class StopSignal:
    """The request to end a run early, either gracefully (`drain`) or at once (`cancel`)."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.cause: Failure | None = None
        self._cancelled = threading.Event()
        self._patient_until = float("inf")

    def drain(self, reason: str, cause: Failure | None = None) -> None:
        """Start nothing new, and let work in progress finish. `cause` is the failure that every other tenant would get."""
        if self.reason is None:
            self.reason, self.cause = reason, cause

    def cancel(self, reason: str, patience: float = PATIENCE) -> None:
        """Wake all waiting threads and send no further request; those in progress have `patience` seconds to finish."""
        self.drain(reason)
        self._patient_until = min(self._patient_until, time.monotonic() + patience)
        self._cancelled.set()

    @property
    def now(self) -> bool:
        """Return whether the run was cancelled, so that nothing waits any more."""
        return self._cancelled.is_set()

    @property
    def overdue(self) -> bool:
        """Return whether even requests in progress must be cut off."""
        return self.now and time.monotonic() >= self._patient_until

    @property
    def left_behind(self) -> bool:
        """Return whether workers that still hang are abandoned."""
        return self.now and time.monotonic() >= self._patient_until + LEAVE_TAKING

    def check(self) -> None:
        """Raise Stopped if the run was cancelled."""
        if self.now:
            raise Stopped(self.reason or "")

    def sleep(self, seconds: float) -> None:
        """Sleep. Raise Stopped as soon as the run is cancelled."""
        if self._cancelled.wait(seconds):
            raise Stopped(self.reason or "")

    def clock(self) -> Clock:
        """Return a clock that a cancelled run wakes, that refuses further requests, and that cuts off those in progress."""
        clock = Clock()
        clock.sleep = self.sleep  # type: ignore[assignment]
        clock.check = self.check  # type: ignore[method-assign]
        clock.given_up = lambda: self.overdue  # type: ignore[method-assign]
        return clock


@contextmanager
def stopped_by_signals(stop: StopSignal) -> Iterator[None]:
    """Let SIGTERM, SIGINT and SIGHUP end the run cleanly, so that the work done so far is reported.

    Under nohup, SIGHUP remains ignored. Only the main thread can handle signals; in other threads nothing changes.
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
