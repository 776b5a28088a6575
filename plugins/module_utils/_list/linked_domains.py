# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains that a list, or StackOne, links for more than one owner. Usually one of the owners' ids is a mistake. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .._clients.account import ARCHIVED, Account
from .._clients.directory import Directory
from .._clients.hub_form import stored_domain
from .._core.failure import Failed, FailureCode
from .._core.tenant import State, Tenant, UpdateCredentials, same_domain
from .._core.words import counted
from .._link.selection import AmbiguousAccount
from .entries import Entry
from .found_jobs import FoundJob

NAMED = 3
"""The number of accounts that one line names; the details hold all."""


class LinkedDomains:
    """The owners that domains are linked for: in StackOne's listing, and in a whole list, of which `others` are not part of the run.

    An account that the list unlinks does not count, and neither does an archived one.
    """

    def __init__(self, jobs: Sequence[FoundJob], seen: Directory, others: Sequence[FoundJob] = ()) -> None:
        self._seen = seen
        self._leaving = {
            job.account.id for job in jobs if job.tenant and job.tenant.state is State.ABSENT and job.account
        }
        self._changing = {
            job.account.id for job in jobs if job.account and _gets_another_domain(job.tenant, job.account)
        }
        self._sharing = _may_share((*jobs, *others))
        self._first = _first_by_domain(sorted((*jobs, *others), key=lambda job: job.entry.position))

    def refuse(self, jobs: Iterable[FoundJob]) -> None:
        """Let a tenant fail that would get a domain of another owner, unless that is declared.

        A new link would be the customer's second one, and an account that gets another domain would be lost to its own
        customer. Of an account whose domain the listing does not show, only `conflict` tells, once the Hub was asked.
        """
        for job in jobs:
            if job.is_new or _gets_another_domain(job.tenant, job.account):
                job.found = self.conflict(job) or job.found

    def conflict(self, job: FoundJob) -> Failed | None:
        """Return why a tenant's domain must not be given to its account, or to a new one. Note what stores it elsewhere."""
        tenant, domain = job.tenant, _own_domain(job.tenant)
        if tenant is None or not domain:
            return None
        accounts = [account for account in self._linked(tenant, domain) if job.is_new or _would_share(account, tenant)]
        job.elsewhere = tuple(account.id for account in accounts)
        if accounts:
            return _linked_elsewhere(tenant, accounts)
        other = self._first[tenant.provider.lower(), domain]
        return None if _owner(other) == _owner(job) else _declared_elsewhere(other.entry)

    def shared(self, jobs: Iterable[FoundJob]) -> list[SharedDomain]:
        """Return the domains that tenants with an account share with other owners, although nobody has declared that.

        Two runs that begin at the same time can link one domain for two owners, because neither sees the other's account.
        """
        shared = [SharedDomain(job.name, self._of_others(job)) for job in jobs if job.account]
        return [each for each in shared if each.accounts]

    def _of_others(self, job: FoundJob) -> Sequence[Account]:
        """Return the accounts that link the domain of a tenant's account for other owners, and may not."""
        tenant, own, domain = job.tenant, job.account, _own_domain(job.tenant)
        linked = self._linked(tenant, domain) if tenant and domain else []
        if tenant is None or own is None or not any(account.id == own.id for account in linked):
            return ()
        owners = (own.origin_owner_id, *tenant.owners)
        return [
            account
            for account in linked
            if account.origin_owner_id not in owners
            and account.id not in self._changing
            and (tenant.provider.lower(), domain, account.origin_owner_id) not in self._sharing
        ]

    def _linked(self, tenant: Tenant, domain: str) -> list[Account]:
        """Return the accounts that link a domain, and stay."""
        return [
            account
            for account in self._seen.with_domain(tenant.provider, domain)
            if account.id not in self._leaving and account.status != ARCHIVED
        ]


@dataclass(frozen=True)
class SharedDomain:
    """A tenant whose domain is linked for other owners as well, by these accounts."""

    name: str
    accounts: Sequence[Account]


def shared_domains_warning(shared: Iterable[SharedDomain], unlinked: Container[str | None]) -> Iterator[str]:
    """Yield one warning about all shared domains, of which some accounts may have been `unlinked` since."""
    left = [SharedDomain(each.name, [item for item in each.accounts if item.id not in unlinked]) for each in shared]
    left = [each for each in left if each.accounts]
    if not left:
        return
    named = "; ".join(f"{each.name} as {_named_accounts(each.accounts)}" for each in left[:NAMED])
    more = f"; and {len(left) - NAMED} more" if len(left) > NAMED else ""
    yield (
        f"{counted(len(left), 'tenant')} {'has' if len(left) == 1 else 'have'} a domain that is linked for another owner as"
        f" well: {named}{more}. Unlink the account that is wrong, or set allow_shared_domain on the tenant if both are meant to"
        " be linked."
    )


def _own_domain(tenant: Tenant | None) -> str | None:
    """Return the domain that a tenant is linked with, unless it may be shared with other owners."""
    linked = tenant and tenant.state is State.PRESENT and not tenant.allow_shared_domain
    return tenant.domain if tenant and linked else None


def _may_share(jobs: Iterable[FoundJob]) -> set[tuple[str, str, str]]:
    """Return the owners that may share a domain: each with its provider and the domain."""
    return {
        (job.tenant.provider.lower(), job.tenant.domain, owner)
        for job in jobs
        if job.tenant and job.tenant.allow_shared_domain and job.tenant.domain
        for owner in (*job.tenant.owners, *([job.account.origin_owner_id] if job.account else []))
    }


def _gets_another_domain(tenant: Tenant | None, account: Account | None) -> bool:
    """Return whether an account is declared with another domain than the one that StackOne lists for it."""
    if tenant is None or account is None or tenant.update_credentials is UpdateCredentials.ON_CREATE:
        return False
    stored = stored_domain(tenant, account.setup_information)
    return bool(stored and tenant.domain and not same_domain(tenant.domain, stored))


def _would_share(account: Account, tenant: Tenant) -> bool:
    """Return whether a tenant that gets an account's domain would share it with that account.

    If that is named by its id, the owner's other accounts count as well: it would be a second one of the same link.
    """
    if tenant.account_id:
        return account.id != tenant.account_id
    return account.origin_owner_id not in tenant.owners


def _owner(job: FoundJob) -> str | None:
    """Return the owner that an entry declares, or else that of its account."""
    return job.entry.origin_owner_id or (job.account.origin_owner_id if job.account else None)


def _first_by_domain(jobs: Iterable[FoundJob]) -> dict[tuple[str, str], FoundJob]:
    """Return the entry that a domain is linked for: the first one that may have an account of it, else the first one."""
    first: dict[tuple[str, str], FoundJob] = {}
    for job in jobs:
        tenant = job.tenant
        if tenant is None or tenant.state is State.ABSENT or not tenant.domain:
            continue
        known = first.setdefault((tenant.provider.lower(), tenant.domain), job)
        if not _may_have_it(known) and _may_have_it(job):
            first[tenant.provider.lower(), tenant.domain] = job
    return first


def _may_have_it(job: FoundJob) -> bool:
    """Return whether a tenant may have an account, or get one, that stores its domain."""
    tenant, found = job.tenant, job.found
    if tenant is None or found is None:
        return False
    if isinstance(found, AmbiguousAccount):
        return any(not item.domain or same_domain(item.domain, tenant.domain or "") for item in found.candidates)
    if isinstance(found, Failed):
        return found.failure.code not in (FailureCode.ACCOUNT_NOT_FOUND, FailureCode.ACCOUNT_MISMATCH)
    return bool(found.account and not _keeps_another_domain(tenant, found.account))


def _keeps_another_domain(tenant: Tenant, account: Account) -> bool:
    stored = stored_domain(tenant, account.setup_information)
    keeps = tenant.update_credentials is UpdateCredentials.ON_CREATE
    return bool(keeps and stored and tenant.domain and not same_domain(tenant.domain, stored))


_ADVICE = (
    "Correct origin_owner_id if it is meant to be the same customer, or name its former ID in previous_origin_owner_id;"
    " list the other owner with state absent if its account is not needed any more; set allow_shared_domain on this tenant if"
    " both are meant to be linked."
)
_ADVICE_ON_ACCOUNT = "Correct account_id or the domain; if that account is the wrong one, unlink it first."


def _linked_elsewhere(tenant: Tenant, accounts: Sequence[Account]) -> Failed:
    shown = [
        {"account_id": account.id, "origin_owner_id": account.origin_owner_id, "status": account.status}
        for account in accounts
    ]
    if all(account.origin_owner_id in tenant.owners for account in accounts):
        instead, advice = f"as account {tenant.account_id}", _ADVICE_ON_ACCOUNT
    else:
        instead, advice = f"for owner {tenant.origin_owner_id!r}", _ADVICE
    return Failed(
        FailureCode.DOMAIN_LINKED_ELSEWHERE,
        f"its domain is linked already, as {_named_accounts(accounts)}, and not {instead}.",
        advice,
        details={"candidates": shown},
    )


def _named_accounts(accounts: Sequence[Account]) -> str:
    listed = ", ".join(
        f"account {account.id} of owner {account.origin_owner_id!r} ({account.status})" for account in accounts[:NAMED]
    )
    return listed + (f" and {len(accounts) - NAMED} more" if len(accounts) > NAMED else "")


def _declared_elsewhere(other: Entry) -> Failed:
    return Failed(
        FailureCode.DOMAIN_LINKED_ELSEWHERE,
        f"{other.name} of the list links its domain for another owner.",
        _ADVICE,
        details={"position": other.position},
    )
