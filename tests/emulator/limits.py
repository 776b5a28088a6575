# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas: the minute window of a Freshservice tenant (F60) and the rolling quota of a StackOne key (S82)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import format_datetime
from enum import Enum
from math import ceil

from . import moments


class Plan(Enum):
    """Freshservice plans: calls a minute overall, and to the list operations (F60)."""

    STARTER = (100, 40)
    GROWTH = (200, 70)
    PRO = (400, 120)
    ENTERPRISE = (500, 140)

    @property
    def overall(self) -> int:
        """Calls a minute of any kind."""
        return self.value[0]

    @property
    def lists(self) -> int:
        """Calls a minute to one list operation."""
        return self.value[1]


@dataclass(slots=True)
class FixedWindow:
    """So many calls from the first one on; the first refusal may shorten the wait to `reopen_after`."""

    used: int = 0
    closes_at: float = 0.0
    refused: bool = False

    def take(self, now: float, limit: int, length: float, reopen_after: float | None) -> float | None:
        """Count one call; the seconds to wait when there is no room."""
        if now >= self.closes_at:
            self.used, self.closes_at, self.refused = 0, now + length, False
        if self.used < limit:
            self.used += 1
            return None
        if not self.refused and reopen_after is not None:
            self.closes_at = now + reopen_after
        self.refused = True
        return self.closes_at - now


@dataclass(slots=True)
class SlidingWindow:
    """At most `limit` calls within any `length` seconds, so a burst over it is really refused."""

    limit: int
    length: float
    taken: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> float | None:
        """Count one call; the seconds until the next one fits when there is no room."""
        taken = self.taken
        while taken and taken[0] <= now - self.length:
            taken.popleft()
        if len(taken) < self.limit:
            taken.append(now)
            return None
        return taken[0] + self.length - now if taken else self.length


def retry_after(form: str, seconds: float) -> str | None:
    """A Retry-After value in one of the forms met in the wild (F61): never earlier than the real wait."""
    if form == "none":
        return None
    if form == "seconds":
        return str(max(1, ceil(seconds)))
    moment = datetime.fromtimestamp(ceil(moments.clock.time() + seconds), timezone.utc)
    if form == "http_date":
        return format_datetime(moment, usegmt=True)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
