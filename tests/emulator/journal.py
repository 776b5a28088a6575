# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked of the services: no headers, no bodies, hence no secrets. Bounded."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field, fields
from typing import Any

from . import moments
from .message import Call

_LIMIT = 200_000


@dataclass(slots=True)
class Entry:
    """One request; `status` stays None while it runs and when the connection was dropped."""

    service: str
    caller: str
    method: str
    path: str
    query: str
    domain: str | None
    time: float = field(default_factory=moments.seconds)
    status: int | None = None
    fault: bool = False


_NAMES = [definition.name for definition in fields(Entry)]


class Journal:
    """Requests in the order of their arrival."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_LIMIT)

    def open(self, call: Call) -> Entry:
        """Note a request that has just arrived."""
        query = _public(call.query)
        entry = Entry(call.service.value, call.caller.value, call.method, call.path, query, call.domain)
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def rows(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        """The requests whose fields, as text, equal every filter."""
        unknown = filters.keys() - set(_NAMES)
        if unknown:
            raise ValueError(f"unknown filter {', '.join(sorted(unknown))}; known: {', '.join(_NAMES)}")
        return [
            {name: getattr(entry, name) for name in _NAMES}
            for entry in self._entries
            if all(_text(getattr(entry, name)) == value for name, value in filters.items())
        ]


def _public(query: str) -> str:
    return re.sub(r"token=[^&]*", "token=***", query) if "token=" in query else query


def _text(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
