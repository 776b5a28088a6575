# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's only clock, and timestamps with a zone, as both services write them (F34, S80)."""

from __future__ import annotations

import asyncio
import time as system
from datetime import datetime, timedelta, timezone


class Clock:
    """The present time and waiting, which a simulation replaces."""

    monotonic = staticmethod(system.monotonic)
    sleep = staticmethod(asyncio.sleep)
    time = staticmethod(system.time)


clock = Clock()


def seconds() -> float:
    """The present moment in seconds."""
    return clock.time()


def present() -> datetime:
    """The present moment."""
    return datetime.fromtimestamp(clock.time(), timezone.utc)


def now() -> str:
    """The present moment, to the millisecond."""
    return _text(present())


def later_than(moment: str) -> str:
    """The present moment, but always after `moment`: a change must move `updated_at`."""
    after = datetime.fromisoformat(moment.replace("Z", "+00:00")) + timedelta(milliseconds=1)
    return _text(max(present(), after))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
