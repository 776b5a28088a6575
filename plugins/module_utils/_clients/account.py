# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's linked accounts, as its API shows them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._core.identity import same_provider
from .._core.slots import SLOTS
from .._core.times import parse_date

ACTIVE = "active"
ARCHIVED = "archived"
UNPRINTABLE = "unprintable"
"""In the result of account_info, the names of values from which characters are removed that a terminal could execute."""


@dataclass(frozen=True, **SLOTS)
class Account:
    """StackOne's record of a link (S30). `status` and `type` are in lower case: their case varies.

    `provider` is empty if StackOne does not say which provider the account has.
    """

    id: str
    provider: str
    status: str
    origin_owner_id: str
    origin_owner_name: str | None = None
    origin_username: str | None = None
    label: str | None = None
    type: str | None = None
    status_reasons: tuple[str, ...] = ()
    setup_information: dict[str, Any] = field(default_factory=dict)
    created_at: str | None = None
    updated_at: str | None = None
    shared: bool | None = None

    @property
    def active(self) -> bool:
        """Return whether StackOne says that the link works, which an unknown status does not (S31)."""
        return self.status == ACTIVE

    def is_of(self, provider: str) -> bool:
        """Return whether the account has this provider."""
        return same_provider(self.provider, provider)

    @property
    def made_at(self) -> float | None:
        """Return when the account was created, in epoch seconds by StackOne's clock, or None if StackOne does not say."""
        return parse_date(self.created_at) if self.created_at else None

    def as_dict(self, domain: str | None) -> dict[str, Any]:
        """Return the `account` of a module's result, without anything that could be secret."""
        return {
            "id": self.id,
            "provider": self.provider,
            "status": self.status,
            "status_reasons": list(self.status_reasons),
            "origin_owner_id": self.origin_owner_id,
            "origin_owner_name": self.origin_owner_name,
            "origin_username": self.origin_username,
            "label": self.label,
            "type": self.type,
            "shared": self.shared,
            "domain": domain,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
