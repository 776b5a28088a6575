# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains that a list, or StackOne, links for more than one owner. Usually one of the owners' ids is a mistake. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._clients.account import ARCHIVED, Account
from .._clients.directory import Directory
from .._clients.hub_form import stored_domain
from .._core.failure import Failed, FailureCode
from .._core.tenant import State, Tenant, UpdateCredentials, same_domain
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
        self._first = _first_by_domain(sorted((*jobs, *others), key=lambda job: job.entry.position))

    def refuse(self, jobs: Iterable[FoundJob]) -> None:
        """Let a tenant fail that would get a domain of another owner, unless that is declared.

        A new link would be the customer's second one, and an account that gets another domain would be lost to its own
        customer. Of an account whose domain the listing does not show, only `conflict` tells, once the Hub was asked.
        """
        for job in jobs:
            if job.tenant and (job.is_new or _gets_another_domain(job.tenant, job.account)):
                job.found = self.conflict(job) or job.found

    def conflict(self, job: FoundJob) -> Failed | None:
        """Return why a tenant's domain must not be given to its account, or to a new one. Note what stores it elsewhere."""
        tenant = job.tenant
        if tenant is None or not tenant.domain or tenant.state is State.ABSENT or tenant.allow_shared_domain:
            return None
        accounts = [
            account
            for account in self._seen.with_domain(tenant.provider, tenant.domain)
            if account.id not in self._leaving
            and account.status != ARCHIVED
            and (job.is_new or account.origin_owner_id not in tenant.owners)
        ]
        job.elsewhere = tuple(account.id for account in accounts)
        if accounts:
            return _linked_elsewhere(tenant, accounts)
        other = self._first[tenant.provider.lower(), tenant.domain]
        return None if _owner(other) == _owner(job) else _declared_elsewhere(other.entry)


def _gets_another_domain(tenant: Tenant, account: Account | None) -> bool:
    """Return whether an account is declared with another domain than the one that StackOne lists for it."""
    if account is None or tenant.update_credentials is UpdateCredentials.ON_CREATE:
        return False
    stored = stored_domain(tenant, account.setup_information)
    return bool(stored and tenant.domain and not same_domain(tenant.domain, stored))


def _owner(job: FoundJob) -> str | None:
    """Return the owner that an entry declares, or else that of its account."""
    return job.entry.origin_owner_id or (job.account.origin_owner_id if job.account else None)


def _first_by_domain(jobs: Iterable[FoundJob]) -> dict[tuple[str, str], FoundJob]:
    """Return the entry that a domain is linked for: the first one that has its account already, else the first one."""
    first: dict[tuple[str, str], FoundJob] = {}
    for job in jobs:
        tenant = job.tenant
        if tenant is None or tenant.state is State.ABSENT or not tenant.domain:
            continue
        known = first.setdefault((tenant.provider.lower(), tenant.domain), job)
        if known.account is None and job.account is not None:
            first[tenant.provider.lower(), tenant.domain] = job
    return first


_ADVICE = (
    "Correct origin_owner_id if it is meant to be the same customer, or name its former ID in previous_origin_owner_id;"
    " set allow_shared_domain on this tenant if both are meant to be linked."
)


def _linked_elsewhere(tenant: Tenant, accounts: Sequence[Account]) -> Failed:
    listed = ", ".join(
        f"account {account.id} of owner {account.origin_owner_id!r} ({account.status})" for account in accounts[:NAMED]
    )
    listed += f" and {len(accounts) - NAMED} more" if len(accounts) > NAMED else ""
    shown = [
        {"account_id": account.id, "origin_owner_id": account.origin_owner_id, "status": account.status}
        for account in accounts
    ]
    return Failed(
        FailureCode.DOMAIN_LINKED_ELSEWHERE,
        f"its domain is linked already, as {listed}, and not for owner {tenant.origin_owner_id!r}.",
        _ADVICE,
        details={"candidates": shown},
    )


def _declared_elsewhere(other: Entry) -> Failed:
    return Failed(
        FailureCode.DOMAIN_LINKED_ELSEWHERE,
        f"{other.name} of the list links its domain for another owner.",
        _ADVICE,
        details={"position": other.position},
    )
