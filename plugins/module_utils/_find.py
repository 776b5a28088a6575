# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of StackOne's accounts is a tenant's link."""

from __future__ import annotations

from typing import Protocol

from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, FailureCode
from ansible_collections.tenantlink.stackone.plugins.module_utils._hub import Hub
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import (
    Candidate,
    check_pinned,
    needs_domains,
    select,
    stored_domain,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import Account, StackOne
from ansible_collections.tenantlink.stackone.plugins.module_utils._sure import sure
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import State, Tenant


class Observed(Protocol):
    """Where accounts are looked up: StackOne itself, or a listing of it."""

    def accounts(self, provider: str, owner: str) -> list[Account]:
        """The accounts of one owner."""

    def account(self, account_id: str) -> Account | None:
        """One account, C(None) where there is none."""


class Finder:
    """Finds accounts. Where identity depends on a domain that no listing shows, the Hub's edit view is asked."""

    def __init__(self, stackone: StackOne, hub: Hub, observed: Observed) -> None:
        self._stackone = stackone
        self._hub = hub
        self._observed = observed

    def find(self, tenant: Tenant) -> tuple[Account | None, set[str]]:
        """The tenant's account, and the ids of all accounts of its owner.

        Raises Failed(ambiguous_account, account_mismatch or account_not_found), and what the clients raise.
        """
        if tenant.account_id:
            account = self._observed.account(tenant.account_id)
            if account:
                check_pinned(tenant, account)
            elif tenant.state is State.PRESENT:
                raise account_not_found(tenant.account_id)
            return account, set()
        accounts = self._observed.accounts(tenant.provider, sure(tenant.origin_owner_id))
        look = needs_domains(tenant, accounts)
        candidates = [Candidate(account, self._domain_of(tenant, account, look)) for account in accounts]
        return select(tenant, candidates), {account.id for account in accounts}

    def _domain_of(self, tenant: Tenant, account: Account, look: bool) -> str | None:
        domain = stored_domain(tenant, account.setup_information)
        if domain is None and look:
            session = self._stackone.edit_session(account, tenant.integration_id)
            domain = stored_domain(tenant, self._hub.view(session, account.id).setup_information)
        return domain


def account_not_found(account_id: str) -> Failed:
    """The account that is meant is not there."""
    return Failed(
        FailureCode.ACCOUNT_NOT_FOUND,
        f"StackOne has no account {account_id}.",
        "Correct account_id, or leave it out to link the tenant anew.",
        details={"account_id": account_id},
    )
