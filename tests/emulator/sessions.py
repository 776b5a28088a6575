# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne keys and connect sessions (S2-S4, S50-S56)."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from . import keys, moments
from .limits import SlidingWindow
from .switches import Switches

PAGE_PATH = "/embedded/integrations"
"""Where an auth link leads; its query holds the token (S55)."""
_MOST_SESSIONS = 100_000
_TOKEN_HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
"""The header with which every JSON web token of this kind begins. Tokens are opaque (S53); this is the likeliest form."""


def _token() -> str:
    return f"{_TOKEN_HEADER}.{secrets.token_urlsafe(48)}.{secrets.token_urlsafe(32)}"


class Scope(str, Enum):
    """What a project key may do (S4)."""

    PLATFORM_READ = "platform:read"
    PLATFORM_WRITE = "platform:write"
    ACTIONS = "actions"
    CONNECTORS = "connectors"
    CREDENTIALS = "credentials"
    UNIFIED = "unified"


DEFAULT_SCOPES = frozenset(Scope) - {Scope.CREDENTIALS}
PROJECT = f"project-{keys.opaque_id('project')[:8]}"


@dataclass(slots=True)
class StackOneKey:
    """A project key with its own quota (S82)."""

    value: str
    quota: SlidingWindow
    scopes: frozenset[Scope] = DEFAULT_SCOPES
    project: str = PROJECT


@dataclass(slots=True)
class Session:
    """What was asked for when a connect session was made, and until when its token is good."""

    key: StackOneKey
    origin_owner_id: str
    origin_owner_name: str
    expires_at: float
    origin_username: str | None = None
    provider: str | None = None
    integration_id: str | None = None
    account_id: str | None = None
    multiple: bool = False
    label: str | None = None
    type: str = "production"
    shared: bool | None = None
    metadata: dict[str, Any] | None = None
    categories: list[str] | None = None
    token: str = field(default_factory=_token)
    created_at: str = field(default_factory=moments.now)
    id: int = 0
    used: bool = False
    """Whether an account was linked with it, and a token works once only (S56)."""

    def render(self, switches: Switches) -> dict[str, Any]:
        """The session without its token: the answer of authenticate (S54)."""
        organization: int | str = keys.number(6, "organization")
        return {
            "id": self.id,
            "organization_id": organization if switches.organization_id == "number" else str(organization),
            "project_id": self._project(switches),
            "categories": self.categories,
            "provider": self.provider,
            "origin_owner_id": self.origin_owner_id,
            "origin_owner_name": self.origin_owner_name,
            "origin_username": self.origin_username,
            "account_id": self.account_id,
            "label": self.label,
            "metadata": self.metadata,
            "external_trigger_token": None,
            "type": self.type,
            "integration_id": self.integration_id if switches.session_profile == "told" else None,
            "created_at": self.created_at,
        }

    def _project(self, switches: Switches) -> str | int | None:
        project = self.key.project
        numbered = keys.number(5, "project", project)
        return {"text": project, "number": numbered, "untold": None}[switches.session_project]


class Sessions:
    """Connect sessions by token; the oldest are forgotten when there are very many."""

    def __init__(self) -> None:
        self._by_token: OrderedDict[str, Session] = OrderedDict()
        self._serial = 1000

    def add(self, session: Session) -> Session:
        """Keep a session."""
        self._serial += 1
        session.id = self._serial
        self._by_token[session.token] = session
        if len(self._by_token) > _MOST_SESSIONS:
            self._by_token.popitem(last=False)
        return session

    def live(self, token: str) -> Session | None:
        """The session of a token that has not expired or been used up."""
        session = self._by_token.get(token)
        return session if session and not session.used and moments.clock.monotonic() < session.expires_at else None

    def tokens(self) -> list[str]:
        """The tokens of all sessions that are kept."""
        return list(self._by_token)

    def any(self, token: str) -> Session | None:
        """The session of a token, expired or not: its key still pays for the call."""
        return self._by_token.get(token)
