# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks for runs in this process: one that does not wait, and a real one."""

from __future__ import annotations

import threading
import time


class VirtualTime:
    """Real time plus what was slept: a sleep is over at once, and everybody is that much later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.slept = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.slept

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        """Be later. Those who sleep at the same time do so only once."""
        until = self.monotonic() + seconds
        with self._lock:
            self.slept += max(0.0, until - self.monotonic())


class RealTime(VirtualTime):
    """Real time, for tests in which the emulator has to wait as well."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
