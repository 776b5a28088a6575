# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to Freshservice through an account: by an action of the connector or by the proxy (S63, S70-S75, N3). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .._core.identity import plain_provider

PROXY_PATH = "/unified/proxy"
ACTION_PATH = "/actions/rpc"
THROUGH_ACCOUNTS = frozenset({PROXY_PATH, ACTION_PATH})
"""The paths for which StackOne waits for the tenant before it answers."""


class Scope(str, Enum):
    """What a StackOne key must be allowed to do for a call, as the dashboard names it (N3)."""

    ACTIONS = "Actions"
    UNIFIED = "Unified"


@dataclass(frozen=True)
class Route:
    """One way to ask Freshservice which agent calls: `target` is the key of an action, or a path for the proxy."""

    scope: Scope
    target: str

    @property
    def path(self) -> str:
        """Return the path of the request to StackOne."""
        return ACTION_PATH if self.scope is Scope.ACTIONS else PROXY_PATH

    @property
    def body(self) -> dict[str, str]:
        """Return the body of the request to StackOne."""
        return {"action": self.target} if self.scope is Scope.ACTIONS else {"method": "get", "path": self.target}


PROXIED = (Route(Scope.UNIFIED, "/agents/me"), Route(Scope.UNIFIED, "/api/v2/agents/me"))
"""The possible paths of `agents/me` in the connector (S71)."""


@dataclass(frozen=True)
class Routes:
    """The ways to call, the most promising first, and the scopes that the key is known to lack."""

    ways: tuple[Route, ...]
    lacking: frozenset[Scope] = frozenset()


_READING = frozenset({"get", "retrieve", "fetch", "read", "view", "show"})
_CALLER = frozenset({"me", "my", "myself", "own", "self", "current", "authenticated"})
_ALSO = frozenset({"agent", "user", "profile", "details", "the", "logged", "in"})


def action_of_caller(keys: Iterable[str], provider: str) -> str | None:
    """Return the key of the action that only reads the agent whose key the account stores, if there is one.

    An action is chosen by the words of its key, such as `freshservice_get_current_agent`: the provider, a verb that
    reads, and nothing but words for the one who calls. An action for agents is preferred to one for users.
    """
    suitable = [key for key in set(keys) if _reads_the_caller(key, provider)]
    return min(suitable, key=lambda key: ("agent" not in key.lower(), len(key), key), default=None)


def action_keys(data: Any) -> Iterator[str]:
    """Yield the keys of the actions in a listing: of its entries, and of the actions in each entry."""
    entries = data.get("data") if isinstance(data, dict) else data
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            yield from (value for value in (entry.get("key"), entry.get("id")) if isinstance(value, str))
            yield from action_keys(entry.get("actions"))


def agent_in(data: Any) -> dict[str, Any] | None:
    """Return the agent in the `data` of an action's answer: Freshservice's own body, or the record itself.

    Its id may have become text.
    """
    record = data[0] if isinstance(data, list) and len(data) == 1 else data
    record = record.get("agent", record) if isinstance(record, dict) else None
    if not isinstance(record, dict):
        return None
    number = record.get("id")
    if isinstance(number, str) and re.fullmatch(r"[0-9]{1,19}", number):
        number = int(number)
    known = isinstance(number, int) and not isinstance(number, bool)
    return {**record, "id": number} if known else None


def _reads_the_caller(key: str, provider: str) -> bool:
    words = re.findall(r"[a-z0-9]+", key.lower())
    own = plain_provider(provider)
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,255}", key) or not words or words[0] != own:
        return False
    verb, rest = (words[1] if len(words) > 1 else ""), set(words[2:])
    return verb in _READING and bool(rest & _CALLER) and rest <= _CALLER | _ALSO
