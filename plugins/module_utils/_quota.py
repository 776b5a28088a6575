# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's quota, kept by all workers of a run together: never over it, and one 429 slows them all."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

CROWDED_PAUSE = 0.05
"""Seconds between looks for a free slot while every slot carries a request that has no answer yet."""


class Quota:
    """At most C(slots) requests in any C(window) seconds (S82), with bursts up to that.

    A slot is free again one window after its request was *answered*: however long a request was under way,
    the server cannot have counted it later than that, so its own window never sees more than C(slots).
    """

    def __init__(self, slots: int, window: float, clock: Any, primed: bool = False) -> None:
        """With C(primed) even the first requests wait, so that one run after another keeps the pace too."""
        self._window = window
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at: deque[float] = deque([clock.monotonic() + window if primed else 0.0] * slots)
        self._held_until = 0.0
        self._waiting_until = 0.0
        self._waited = 0.0

    def __enter__(self) -> None:
        """Wait for a slot; it is occupied while the request is under way."""
        self._take()

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._free_at.append(self._clock.monotonic() + self._window)

    def hold(self, seconds: float) -> float:
        """Let no worker send before the pause that StackOne asked for is over.

        Return by how many seconds the run is held longer than it was already: each pause counts once.
        """
        with self._lock:
            now = self._clock.monotonic()
            longer: float = max(0.0, now + seconds - max(now, self._held_until))
            self._held_until = max(self._held_until, now + seconds)
        return longer

    @property
    def waited(self) -> float:
        """Seconds in which at least one worker waited for the quota."""
        with self._lock:
            return self._waited

    @property
    def wait_left(self) -> float:
        """Seconds that workers are going to wait from now on; 0 where none waits."""
        with self._lock:
            left: float = self._waiting_until - self._clock.monotonic()
        return max(0.0, left)

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
        """A hold can begin while this sleeps, so look again after each sleep."""
        while True:
            with self._lock:
                now = self._clock.monotonic()
                start = max(free_at, self._held_until)
                if start <= now:
                    return
                self._waited += max(0.0, start - max(now, self._waiting_until))
                self._waiting_until = max(self._waiting_until, start)
            self._clock.sleep(start - now)
