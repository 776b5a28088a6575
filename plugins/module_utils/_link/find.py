# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds which of StackOne's accounts is a tenant's link."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from .._clients.account import Account
from .._clients.hub import AccountView, Hub
from .._clients.hub_form import stored_domain
from .._clients.stackone import StackOne
from .._core.failure import Failed, FailureCode, require
from .._core.tenant import ProfileChange, State, Tenant, same_domain
from .selection import (
    AmbiguousAccount,
    Candidate,
    both_owners,
    check_pinned,
    needs_domains,
    select,
    select_former,
    to_move,
    two_owners,
)


class AccountSource(Protocol):
    """The source of accounts: StackOne itself, or a listing of it."""

    def accounts(self, provider: str, owner: str) -> list[Account]:
        """Return the accounts of one owner."""

    def look_again(self, provider: str, owner: str) -> list[Account]:
        """Return the accounts of one owner, requested once more in another way if a listing may be incomplete."""

    def account(self, account_id: str) -> Account | None:
        """Return one account, `None` if it does not exist."""


@dataclass(frozen=True)
class Found:
    """A tenant's account, `None` if it has none, and the other accounts of its owner."""

    account: Account | None
    candidates: tuple[Candidate, ...] = field(default=())
    former: tuple[Account, ...] = ()
    """The accounts that the former owner has of this link, if the tenant has one of its own: they are left alone."""
    replaced: tuple[Account, ...] = ()
    """The accounts under another connector profile that this one was made to replace."""

    @property
    def ids(self) -> set[str]:
        """Return the ids of all accounts of the owner."""
        return {item.account.id for item in self.candidates}


class Finder:
    """Finds accounts. If identity depends on a domain that no listing shows, it asks the Hub's edit view."""

    def __init__(self, stackone: StackOne, hub: Hub, accounts: AccountSource) -> None:
        self._stackone = stackone
        self._hub = hub
        self._accounts = accounts

    def find(self, tenant: Tenant, left_out: frozenset[str] = frozenset()) -> Found:
        """Return the tenant's account, and the accounts of its owner.

        `left_out` are the ids of accounts that another entry unlinks: they are not this tenant's, unless they store its
        domain. Raises Failed(ambiguous_account, account_mismatch or account_not_found), and what the clients raise.
        """
        if tenant.account_id:
            account = self._pinned(tenant, tenant.account_id)
            return Found(account) if account else Found(None, self._of_its_domain(tenant, left_out))
        owner = require(tenant.origin_owner_id)
        found = self._among(tenant, self._accounts.accounts(tenant.provider, owner), left_out)
        if found.account is None:
            # An account that a listing left out once would be linked a second time.
            found = self._among(tenant, self._accounts.look_again(tenant.provider, owner), left_out)
        return self._with_former(tenant, found) if tenant.previous_origin_owner_id else found

    def former(self, tenant: Tenant) -> list[Candidate]:
        """Return the accounts of the tenant's former owner. Raises Failed."""
        owner = require(tenant.previous_origin_owner_id)
        accounts = self._accounts.accounts(tenant.provider, owner)
        accounts = accounts or self._accounts.look_again(tenant.provider, owner)
        return self.candidates(tenant, accounts, look=True)

    def candidates(self, tenant: Tenant, accounts: Iterable[Account], look: bool) -> list[Candidate]:
        """Return accounts with their domains; with `look`, the Hub is asked for those that a listing does not show."""
        known = [self._with_provider(tenant, account) for account in accounts]
        return [Candidate(account, self._domain_of(tenant, account, look)) for account in known if account]

    def _with_former(self, tenant: Tenant, found: Found) -> Found:
        """Return the account of the former owner if the tenant has none, and otherwise what the former owner still has."""
        candidates = self.former(tenant)
        if found.account is None:
            return replace(found, account=to_move(tenant, candidates))
        former = select_former(tenant, candidates)
        if former and tenant.state is State.ABSENT:
            # To unlink one of them would leave the other one to the next run.
            raise both_owners(tenant, found.account, former)
        if not former:
            return found
        self._check_own(tenant, found.account, former)
        both = [Candidate(each, tenant.domain) for each in (found.account, *former)]
        replaced = self._half_replaced(tenant, both)
        if replaced and replaced[0].id == found.account.id:
            return replace(found, replaced=(replaced[1],))
        return replace(found, former=former)

    def _check_own(self, tenant: Tenant, account: Account, former: Sequence[Account]) -> None:
        """Raise Failed(ambiguous_account) if the tenant's own account links another domain, and the former owner's this one."""
        domain = self._domain_of(tenant, account, look=True)
        if domain and tenant.domain and not same_domain(tenant.domain, domain):
            raise two_owners(tenant, [Candidate(account, domain), *(Candidate(each, tenant.domain) for each in former)])

    def _pinned(self, tenant: Tenant, account_id: str) -> Account | None:
        account = self._accounts.account(account_id)
        if account:
            check_pinned(tenant, account)
            self._check_leaver(tenant, account)
        elif tenant.state is State.PRESENT:
            raise account_not_found(account_id)
        return account

    def _of_its_domain(self, tenant: Tenant, left_out: frozenset[str]) -> tuple[Candidate, ...]:
        """Return the owner's accounts of the domain, if a tenant to unlink names all three and the account does not exist."""
        if not tenant.origin_owner_id or not tenant.domain:
            return ()
        accounts = self._accounts.accounts(tenant.provider, tenant.origin_owner_id)
        kept = [account for account in accounts if account.id not in left_out]
        return tuple(item for item in self.candidates(tenant, kept, look=True) if _stores(tenant, item))

    def _check_leaver(self, tenant: Tenant, account: Account) -> None:
        """Raise Failed(account_mismatch) if an account to unlink stores another domain than the declared one."""
        if tenant.state is State.PRESENT or not tenant.domain:
            return
        domain = self._domain_of(tenant, account, look=True)
        if domain and not same_domain(tenant.domain, domain):
            raise Failed(
                FailureCode.ACCOUNT_MISMATCH,
                f"account {account.id} is not this tenant's: its domain is {domain}.",
                "Correct account_id or domain; nothing was unlinked.",
                details={"account_id": account.id},
            )

    def _among(self, tenant: Tenant, accounts: list[Account], left_out: frozenset[str]) -> Found:
        look = needs_domains(tenant, accounts) or any(account.id in left_out for account in accounts)
        candidates = self.candidates(tenant, accounts, look)
        possible = [item for item in candidates if item.account.id not in left_out or _stores(tenant, item)]
        try:
            return Found(select(tenant, possible), tuple(candidates))
        except AmbiguousAccount:
            both = self._half_replaced(tenant, possible)
            if both is None:
                raise
            return Found(both[0], tuple(candidates), replaced=(both[1],))

    def _half_replaced(self, tenant: Tenant, candidates: Sequence[Candidate]) -> tuple[Account, Account] | None:
        """Return a link's two accounts, if a run has made the first to replace the second and did not unlink that."""
        same = [item.account for item in candidates if _stores(tenant, item)]
        replacing = tenant.profile_change is ProfileChange.REPLACE and tenant.state is State.PRESENT
        if not replacing or not tenant.integration_id or len(same) != 2 or any(not item.domain for item in candidates):
            return None
        profiles = [self._view(tenant, account).integration_id for account in same]
        right = [account for account, profile in zip(same, profiles) if profile == tenant.integration_id]
        wrong = [account for account, profile in zip(same, profiles) if profile and profile != tenant.integration_id]
        return (right[0], wrong[0]) if right and wrong else None

    def _with_provider(self, tenant: Tenant, account: Account) -> Account | None:
        """Return the account if its provider is known to be the tenant's, `None` if it has another provider."""
        if not account.provider:
            account = self._stackone.account(account.id) or account
            if not account.provider:
                raise _provider_unknown(account)
            return account if account.is_of(tenant.provider) else None
        return account

    def _domain_of(self, tenant: Tenant, account: Account, look: bool) -> str | None:
        domain = stored_domain(tenant, account.setup_information)
        if domain is None and look:
            domain = stored_domain(tenant, self._view(tenant, account).setup_information)
        return domain

    def _view(self, tenant: Tenant, account: Account) -> AccountView:
        return self._hub.view(self._stackone.edit_session(account, tenant.integration_id), account.id)


def account_not_found(account_id: str) -> Failed:
    """Return the failure of a tenant whose account does not exist."""
    return Failed(
        FailureCode.ACCOUNT_NOT_FOUND,
        f"StackOne has no account {account_id}.",
        "Correct account_id, or leave it out to link the tenant as a new account.",
        details={"account_id": account_id},
    )


def _stores(tenant: Tenant, item: Candidate) -> bool:
    return bool(tenant.domain and item.domain and same_domain(tenant.domain, item.domain))


def _provider_unknown(account: Account) -> Failed:
    return Failed(
        FailureCode.ACCOUNT_MISMATCH,
        f"StackOne does not show the provider of account {account.id} of this owner, so it may or may not be this link.",
        "Check the account in StackOne's dashboard, under Accounts; nothing was changed.",
        details={"account_id": account.id},
    )
