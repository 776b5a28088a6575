# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Timestamps with a zone, as both services write them (F34, S80)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone


def now() -> str:
    """The present moment, to the millisecond."""
    return _text(datetime.now(timezone.utc))


def later_than(moment: str) -> str:
    """The present moment, but always after `moment`: a change must move `updated_at`."""
    after = datetime.fromisoformat(moment.replace("Z", "+00:00")) + timedelta(milliseconds=1)
    return _text(max(datetime.now(timezone.utc), after))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
