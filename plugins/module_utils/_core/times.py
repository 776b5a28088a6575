# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates in requests and answers, as seconds since the epoch."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime


def parse_date(text: str) -> float | None:
    """Return an HTTP or ISO date in epoch seconds, in UTC if it names no zone, or `None` if it is neither."""
    for parse in (parsedate_to_datetime, _parse_iso):
        try:
            moment = parse(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def iso_time(seconds: float) -> str:
    """Return epoch seconds as an ISO time in UTC, such as `2026-11-01T08:00:00Z`."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse_iso(text: str) -> datetime:
    return datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text))
