# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's request quota, shared by all workers of a run: it is never exceeded, and a 429 slows all of them."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from .pace import Pace

CROWDED_PAUSE = 0.05
"""Seconds between checks for a free slot while all slots are in use by requests without an answer."""


class Quota:
    """A limit of `slots` requests in any `window` seconds (S82), with bursts up to that number.

    A slot becomes free one window after its request was *answered*. However long the request took, the server cannot
    have counted it later than that, so its own window never sees more than `slots` requests.

    A 429 nevertheless means that somebody else uses the quota too. Then the run sends its requests one by one, at a pace
    that leaves room for others; see `Pace`.
    """

    def __init__(self, slots: int, window: float, clock: Any, primed: bool = False) -> None:
        """Create the quota. With `primed`, even the first requests wait, so that consecutive runs keep the limit too."""
        self._slots = slots
        self._window = window
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at: deque[float] = deque([clock.monotonic() + window if primed else 0.0] * slots)
        self._held_until = 0.0
        self._pace = Pace(slots, window)
        self._next_at = 0.0
        self._queue: list[object] = []
        self._waiting_until = 0.0
        self._waited = 0.0

    def __enter__(self) -> None:
        """Wait for a slot, which is occupied until the request is answered."""
        self._take()

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._free_at.append(self._clock.monotonic() + self._window)

    def hold(self, seconds: float) -> float:
        """Let no worker send before the pause that StackOne asked for is over.

        Return by how many seconds this extends a pause that is active already, so that each pause counts once.
        """
        with self._lock:
            now = self._clock.monotonic()
            if now >= self._held_until:
                # All requests in progress when the quota ran out are refused. That is one sign of other users, not many.
                self._pace.give_way(now, now + seconds, self._used(now))
            longer: float = max(0.0, now + seconds - max(now, self._held_until))
            self._held_until = max(self._held_until, now + seconds)
        return longer

    @property
    def waited(self) -> float:
        """Return the seconds so far in which at least one worker waited for the quota."""
        with self._lock:
            return self._waited - self._left()

    @property
    def wait_left(self) -> float:
        """Return the seconds that workers are still going to wait; 0 if none waits."""
        with self._lock:
            return self._left()

    def _left(self) -> float:
        left: float = self._waiting_until - self._clock.monotonic()
        return max(0.0, left)

    def _used(self, now: float) -> int:
        """Return the requests that were answered in the last window, or have no answer yet."""
        return self._slots - sum(free_at <= now for free_at in self._free_at)

    def _take(self) -> None:
        free_at = self._reserve()
        while free_at is None:
            self._clock.sleep(CROWDED_PAUSE)
            free_at = self._reserve()
        try:
            self._sleep_until_allowed(free_at)
        except BaseException:
            with self._lock:
                self._free_at.appendleft(free_at)
            raise

    def _reserve(self) -> float | None:
        with self._lock:
            return self._free_at.popleft() if self._free_at else None

    def _sleep_until_allowed(self, free_at: float) -> None:
        """Sleep until the slot is free, no pause is active, and it is this request's turn; a new pause delays all."""
        request = object()
        with self._lock:
            self._queue.append(request)
        try:
            while True:
                with self._lock:
                    now = self._clock.monotonic()
                    interval = self._pace.interval(now)
                    start = max(free_at, self._held_until)
                    if interval:
                        start = max(start, self._next_at) + interval * self._queue.index(request)
                    if start <= now:
                        self._next_at = now + interval
                        return
                    self._waited += max(0.0, start - max(now, self._waiting_until))
                    self._waiting_until = max(self._waiting_until, start)
                self._clock.sleep(start - now)
        finally:
            with self._lock:
                self._queue.remove(request)
