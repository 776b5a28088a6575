# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a run sends while others use the same quota: it gives way at once, and takes back little by little. Pure."""

from __future__ import annotations

CUT = 0.8
"""The part of its pace that a run keeps after a 429."""

GROWTH = 0.1
"""What the pace grows by in a minute without a 429, as a part of the quota: StackOne counts by the minute (S82).

All runs gain the same and lose in proportion, so that their paces become equal, as TCP's do.
"""

MOST_RUNS = 4
"""How many runs share the quota at most, as far as the first 429 tells."""

LEAST_SHARE = 0.05
"""The slowest pace, as a part of the quota.

A tool that sends as much as it can and never slows down gets a run refused again and again. The run must still end: at this pace,
1,000 tenants take 40 minutes. It is slower only if such a tool takes each slot as soon as it is free, because StackOne says after
each 429 how long to wait.
"""


class Pace:
    """The requests that a run sends in a window: all that the quota allows, until a 429 shows that others use it too."""

    def __init__(self, slots: int, window: float) -> None:
        self._slots = slots
        self._window = window
        self._share = 1.0
        self._since = 0.0

    def interval(self, now: float) -> float:
        """Return the seconds between two requests; 0 if only the quota counts."""
        share = self._share_at(now)
        return 0.0 if share >= 1.0 else self._window / (share * self._slots)

    def give_way(self, now: float, until: float, used: int) -> None:
        """Slow down because of a 429 after `used` requests in the last window, and speed up again from `until` on."""
        share = self._share_at(now)
        if share >= 1.0:
            # Whoever used a quarter of the quota is probably one of four that began together.
            runs = min(MOST_RUNS, max(1, round(self._slots / max(1, used))))
            self._share = CUT / runs
        else:
            self._share = max(LEAST_SHARE, CUT * share)
        self._since = until

    def _share_at(self, now: float) -> float:
        if self._share >= 1.0:
            return 1.0
        return min(1.0, self._share + GROWTH * max(0.0, now - self._since) / 60.0)
