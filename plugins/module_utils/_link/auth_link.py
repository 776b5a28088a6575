# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Auth links: a customer opens one and enters the domain and the key without anybody else seeing them (S55, S58)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from .._clients.account import Account
from .._clients.hub_form import stored_domain
from .._clients.stackone import AuthLink, SessionRequest, StackOne, edit_request
from .._core.clock import Clock
from .._core.failure import Phase, during
from .._core.options import AuthOptions
from .._core.tenant import Tenant, same_domain
from .find import Finder
from .status import DASHBOARD_ONLY, not_active
from .writer import create_request


class Purpose(str, Enum):
    """The purpose of an auth link: to link an account, or to enter the credentials of a linked one again."""

    LINK = "link"
    RELINK = "relink"


@dataclass(frozen=True)
class AuthLinkResult:
    """The result for one owner.

    `purpose` is `None` if the owner is linked and needs no auth link. In check mode there is a purpose, but no link.
    """

    tenant: Tenant
    account: Account | None
    purpose: Purpose | None
    link: AuthLink | None = field(default=None, repr=False)

    @property
    def changed(self) -> bool:
        """Return whether a link was made, or in check mode would be."""
        return self.purpose is not None

    @property
    def linked(self) -> bool:
        """Return whether the owner's account works."""
        return bool(self.account and self.account.active)

    @property
    def other_domain(self) -> str | None:
        """Return the domain that the owner's account is linked with, if it is shown and not the declared one."""
        stored, declared = self._domain, self.tenant.domain
        return stored if stored and declared and not same_domain(stored, declared) else None

    def as_dict(self) -> dict[str, Any]:
        """Return the result as the modules show it."""
        return {
            "changed": self.changed,
            "linked": self.linked,
            "purpose": self.purpose.value if self.purpose else None,
            "auth_link_url": self.link.url if self.link else None,
            "expires_at": self.link.expires_at if self.link else None,
            "account": self.account.as_dict(self._domain) if self.account else None,
        }

    @property
    def _domain(self) -> str | None:
        return stored_domain(self.tenant, self.account.setup_information) if self.account else None


class AuthLinkMaker:
    """Makes auth links. All methods raise Failed."""

    def __init__(self, stackone: StackOne, finder: Finder, options: AuthOptions, clock: Clock) -> None:
        self._stackone = stackone
        self._finder = finder
        self._options = options
        self._clock = clock

    def invite(self, tenant: Tenant) -> AuthLinkResult:
        """Make an auth link for an owner who is not linked, or whose link does not work."""
        with during(Phase.OBSERVE):
            account = self._finder.find(tenant).account
            purpose = purpose_of(account, self._options.relink)
        return self.make(tenant, account, purpose)

    def make(self, tenant: Tenant, account: Account | None, purpose: Purpose | None) -> AuthLinkResult:
        """Make the auth link that an owner needs, if there is a purpose for it. `account` is the owner's, if there is one."""
        link = None
        if purpose and not self._options.check_mode:
            with during(Phase.APPLY):
                link = self._stackone.auth_link(self._request(tenant, account), self._clock.now())
        return AuthLinkResult(tenant, account, purpose, link)

    def _request(self, tenant: Tenant, account: Account | None) -> SessionRequest:
        if account:
            # The Hub's page edits an account under the profile of its session: name the profile if one is declared.
            return edit_request(account, tenant.integration_id, self._options.expires_in)
        return replace(create_request(tenant, tenant.origin_username), expires_in=self._options.expires_in)


def purpose_of(account: Account | None, relink: bool) -> Purpose | None:
    """Return what an auth link is needed for, `None` if none is. Raises Failed(account_not_active) if none would help."""
    if account is None:
        return Purpose.LINK
    if account.status in DASHBOARD_ONLY:
        raise not_active(account)
    return Purpose.RELINK if relink or not account.active else None
