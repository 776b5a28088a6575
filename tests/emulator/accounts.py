# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linked accounts, indexed by id, owner and provider (S30-S45)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from . import keys, moments
from .connector import CATEGORY, PROVIDER_NAME, VERSION
from .switches import Switches


@dataclass(slots=True)
class Account:
    """One linked account as stored: `credentials` holds the secrets by field key."""

    id: str
    provider: str
    integration_id: str
    origin_owner_id: str
    origin_owner_name: str
    origin_username: str | None = None
    status: str = "active"
    status_reasons: list[dict[str, Any]] = field(default_factory=list)
    setup_information: dict[str, str] = field(default_factory=dict)
    credentials: dict[str, str] = field(default_factory=dict)
    label: str | None = None
    type: str = "production"
    shared: bool | None = None
    metadata: dict[str, Any] | None = None
    created_at: str = field(default_factory=moments.now)
    updated_at: str = ""
    listed_from: float = 0.0
    profile_off: bool = False

    def __post_init__(self) -> None:
        self.updated_at = self.updated_at or self.created_at

    def touch(self) -> None:
        """Something changed."""
        self.updated_at = moments.later_than(self.updated_at)

    def stored(self) -> dict[str, Any]:
        """Everything, secrets included: for the admin interface only."""
        return {name: getattr(self, name) for name in _STORED}

    def render(self, switches: Switches, credentials: bool) -> dict[str, Any]:
        """The LinkedAccount of the platform API (S30); secrets only with the Credentials scope (S36)."""
        upper = str.upper
        return {
            "id": self.id,
            "provider": self.provider,
            "provider_name": PROVIDER_NAME,
            "status": upper(self.status) if switches.status_case == "upper" else self.status,
            "status_reasons": self.status_reasons,
            "origin_owner_id": self.origin_owner_id,
            "origin_owner_name": self.origin_owner_name,
            "origin_username": self.origin_username,
            "credentials": self.credentials if credentials else None,
            "setup_information": self.setup_information if switches.setup_information_in_accounts else None,
            "label": self.label,
            "type": upper(self.type) if switches.type_case == "upper" else self.type,
            "shared": self.shared,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }

    def meta(self) -> dict[str, Any]:
        """GET /accounts/{id}/meta: that it exists, not that it works (S45)."""
        return {"provider": self.provider, "category": CATEGORY, "models": {}, "version": VERSION}


def failed(code: str, description: str) -> dict[str, Any]:
    """The changes that turn an account to `error` and say why (S31, S32)."""
    reason = {"code": code, "description": description, "timestamp": moments.now()}
    return {"status": "error", "status_reasons": [reason]}


_TOLD_STATUSES = ("error", "expired")
_STORED = [one.name for one in fields(Account) if one.name not in ("listed_from", "profile_off")]


class Accounts:
    """All linked accounts of the project, in the order of their creation.

    Whoever is told hears of each event of an account (S90), after it.
    """

    def __init__(self, tell: Callable[[str, Account], None]) -> None:
        self._tell = tell
        self.by_id: dict[str, Account] = {}
        self._by_owner: dict[str, dict[str, Account]] = {}
        self._by_provider: dict[str, dict[str, Account]] = {}
        self._serial = 0

    def new_id(self) -> str:
        """The next id."""
        self._serial += 1
        return keys.account_id(self._serial)

    def add(self, account: Account, hidden_ms: int = 0) -> Account:
        """Store an account; listings show it only after `hidden_ms`."""
        account.listed_from = moments.clock.monotonic() + hidden_ms / 1000 if hidden_ms else 0.0
        self.by_id[account.id] = account
        self._index(account)
        self._tell("account.created", account)
        return account

    def remove(self, account: Account) -> None:
        """Forget an account."""
        del self.by_id[account.id]
        self._unindex(account)
        self._tell("account.deleted", account)

    def change(self, account: Account, changes: dict[str, Any]) -> bool:
        """Set attributes; `updated_at` moves only when one of them differs."""
        differing = {name: value for name, value in changes.items() if getattr(account, name) != value}
        if not differing:
            return False
        self._unindex(account)
        for name, value in differing.items():
            setattr(account, name, value)
        self._index(account)
        account.touch()
        self._tell("account.updated", account)
        if differing.get("status") in _TOLD_STATUSES:
            self._tell(f"account.{account.status}", account)
        return True

    def of_owner(self, owner_id: str) -> dict[str, Account]:
        """The accounts of one owner by id."""
        return self._by_owner.get(owner_id, {})

    def of_provider(self, provider: str) -> dict[str, Account]:
        """The accounts of one provider by id."""
        return self._by_provider.get(provider.lower(), {})

    def triple(self, owner_id: str, owner_name: str, provider: str) -> Account | None:
        """The account that StackOne takes for the same: owner id, owner name and provider (S51)."""
        for account in self.of_owner(owner_id).values():
            if account.origin_owner_name == owner_name and account.provider == provider:
                return account
        return None

    def _index(self, account: Account) -> None:
        self._by_owner.setdefault(account.origin_owner_id, {})[account.id] = account
        self._by_provider.setdefault(account.provider, {})[account.id] = account

    def _unindex(self, account: Account) -> None:
        del self._by_owner[account.origin_owner_id][account.id]
        del self._by_provider[account.provider][account.id]
