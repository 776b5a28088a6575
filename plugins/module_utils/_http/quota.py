# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's quota, kept by all workers of a run together: never over it, and one 429 slows them all."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

MOST_STRETCH = 4.0
"""How many times as long as its window a slot is kept at most, after others were seen to use the quota too."""

PEACE = 60.0
"""Seconds without a 429 after which the run takes a step more again: StackOne counts by the minute (S82)."""

CROWDED_PAUSE = 0.05
"""Seconds between looks for a free slot while every slot carries a request that has no answer yet."""


class Quota:
    """At most C(slots) requests in any C(window) seconds (S82), with bursts up to that.

    A slot is free again one window after its request was *answered*: however long a request was under way,
    the server cannot have counted it later than that, so its own window never sees more than C(slots).

    A 429 all the same means that somebody else uses the quota as well. Then each slot is kept for longer, so that the run
    takes less than it may; with every minute without a 429 it comes back a step to what it may take.
    """

    def __init__(self, slots: int, window: float, clock: Any, primed: bool = False) -> None:
        """With C(primed) even the first requests wait, so that one run after another keeps the pace too."""
        self._window = window
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at: deque[float] = deque([clock.monotonic() + window if primed else 0.0] * slots)
        self._held_until = 0.0
        self._stretch = 1.0
        self._stretched_at = 0.0
        self._waiting_until = 0.0
        self._waited = 0.0

    def __enter__(self) -> None:
        """Wait for a slot; it is occupied while the request is under way."""
        self._take()

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            now = self._clock.monotonic()
            self._free_at.append(now + self._window * self._stretch_at(now))

    def hold(self, seconds: float) -> float:
        """Let no worker send before the pause that StackOne asked for is over.

        Return by how many seconds the run is held longer than it was already: each pause counts once.
        """
        with self._lock:
            now = self._clock.monotonic()
            if now >= self._held_until:
                # All who were under way when the quota was used up are refused: that is one sign, not many.
                self._make_room(now, now + seconds)
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

    def _make_room(self, now: float, until: float) -> None:
        """Keep slots for half as long again from now on, and a third of those that are free not to be used for a window."""
        self._stretch, self._stretched_at = min(MOST_STRETCH, self._stretch_at(now) * 1.5), until
        kept = len(self._free_at) // 3
        later = [max(self._free_at.pop(), until + self._window) for _slot in range(kept)]
        self._free_at = deque(sorted([*self._free_at, *later]))

    def _stretch_at(self, now: float) -> float:
        """Return how many times its window a slot is kept: a tenth of a window less for each minute of peace."""
        steps = int(max(0.0, now - self._stretched_at) / PEACE)
        return max(1.0, self._stretch - 0.1 * steps)

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
