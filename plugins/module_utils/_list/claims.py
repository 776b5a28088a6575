# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts that are one entry's of a list, and that another entry could overwrite.

One entry may move or unlink an account whose owner another entry declares: StackOne knows an account by its owner (S51), and
whoever links that owner while the account is still there overwrites it. And the account of an entry may still be under the
id that its customer had before, or under one that cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Callable

from .._clients.account import Account
from .._core.failure import Failed, require
from .._core.identity import plain_provider
from .._core.tenant import State, Tenant, normalise_domain, same_domain
from .._link.approval import Approval
from .._link.plan import Plan
from .found_jobs import Claim, F, FoundJob


class Unsettled:
    """The entries that cannot be read as a whole, or whose account could not be determined: what they name may be theirs.

    Those without an account are among them: if another owner has an account of their domain, an id may have changed. The
    accounts of entries that are not part of the run are searched for with `search`, once it matters whether they have one.
    """

    def __init__(self, jobs: Iterable[FoundJob], search: Callable[[FoundJob], None] = lambda job: None) -> None:
        self._of_provider: dict[str, _UnsettledOf] = {}
        for job in jobs:
            # An entry that cannot be read may be of any provider.
            provider = plain_provider(job.tenant.provider) if job.tenant else _ANY_PROVIDER
            if _is_unsettled(job):
                self._of_provider.setdefault(provider, _UnsettledOf(search)).add(job)
            elif job.found is None and _may_be_unsettled(require(job.tenant)):
                self._of_provider.setdefault(provider, _UnsettledOf(search)).add_not_searched(job)

    def __bool__(self) -> bool:
        return bool(self._of_provider)

    def claim(self, account: Account, domain: str | None) -> Claim | None:
        """Return the claim to an account of a domain, if one of them may mean it."""
        for provider in (plain_provider(account.provider), _ANY_PROVIDER):
            unsettled = self._of_provider.get(provider)
            job = unsettled.meaning(account, _readable(domain)) if unsettled else None
            if job:
                return Claim(account, job)
        return None


_ANY_PROVIDER = ""


class _UnsettledOf:
    """The unsettled entries of one provider, by what they name."""

    def __init__(self, search: Callable[[FoundJob], None]) -> None:
        self._search = search
        self._not_searched: dict[str | None, list[FoundJob]] = {}
        self._by_account: dict[str | None, FoundJob] = {}
        self._by_owner: dict[str | None, FoundJob] = {}
        self._by_domain: dict[str | None, FoundJob] = {}
        self._any: FoundJob | None = None
        """An entry of which it is not known at all what it means, so that it may mean any account."""

    def add(self, job: FoundJob) -> None:
        """Add an unsettled entry."""
        entry = job.entry
        if not entry.identified:
            self._any = job
        domain = _readable(entry.domain)
        self._by_account[entry.account_id] = self._by_domain[domain] = job
        for owner in (entry.origin_owner_id, entry.previous_origin_owner_id):
            # One whose domain is not known can mean any account of the owner.
            if owner not in self._by_owner or domain is None:
                self._by_owner[owner] = job

    def add_not_searched(self, job: FoundJob) -> None:
        """Add an entry whose account was not searched for yet."""
        self._not_searched.setdefault(job.entry.domain, []).append(job)

    def meaning(self, account: Account, domain: str | None) -> FoundJob | None:
        """Return an entry that may mean the account, which stores the domain."""
        job = self._by_account.get(account.id) or (self._by_domain.get(domain) if domain else None)
        if not job:
            job = self._by_owner.get(account.origin_owner_id)
            job = None if job and domain and _readable(job.entry.domain) else job
        return job or self._any or self._without_account(domain)

    def _without_account(self, domain: str | None) -> FoundJob | None:
        """Return the first entry of a domain that turns out to have no account, or none that could be determined."""
        for job in self._not_searched.get(domain, ()) if domain else ():
            self._search(job)
            if _is_unsettled(job):
                return job
        return None


Refusal = Callable[[Account, "str | None"], "Failed | None"]
"""Returns why an account, which stores a domain, must not get another one."""


class DomainChanges:
    """An approval that also asks whether an account may get another domain, once the domain that it stores is known."""

    def __init__(self, approval: Approval, refusal: Refusal) -> None:
        self.binding = approval.binding
        self._approval = approval
        self._refusal = refusal

    def check(self, account: Account | None, plan: Plan) -> None:
        """Accept a plan that the approval accepts, unless the account must keep its domain. Raises Failed."""
        self._approval.check(account, plan)
        before, after = plan.before.get("domain"), plan.after.get("domain")
        if account is None or not plan.actions or not after or before == after or same_domain(after, before or ""):
            return
        refused = self._refusal(account, before)
        if refused:
            raise refused

    def confirm(self, account: Account) -> None:
        """Accept what the approval accepts."""
        self._approval.confirm(account)


def concerned(jobs: Sequence[FoundJob], others: Iterable[F]) -> list[F]:
    """Return those of the `others` that may mean an account of an owner that the jobs declare, or that have a domain of theirs."""
    tenants = [job.tenant for job in jobs if job.tenant]
    owners = {(tenant.provider.lower(), owner) for tenant in tenants for owner in tenant.owners}
    domains = {(tenant.provider.lower(), tenant.domain) for tenant in tenants if tenant.domain}
    return [
        job
        for job in others
        if job.tenant
        and ((job.tenant.provider.lower(), job.tenant.domain) in domains or _may_mean_one(job.tenant, owners))
    ]


def movers(jobs: Sequence[F]) -> list[F]:
    """Return the jobs to whose tenants an account may move from an owner that the list declares as well."""
    declared = {(job.tenant.provider.lower(), job.tenant.origin_owner_id) for job in jobs if job.tenant}
    return [
        job
        for job in jobs
        if job.tenant
        and job.tenant.previous_origin_owner_id
        and (job.tenant.provider.lower(), job.tenant.previous_origin_owner_id) in declared
    ]


def claims_of(ids: Iterable[str], claims: Mapping[str, Claim]) -> list[Claim]:
    """Return the claims to some accounts."""
    return [claims[account_id] for account_id in ids if account_id in claims]


def _may_mean_one(tenant: Tenant, owners: set[tuple[str, str]]) -> bool:
    """Return whether a tenant may mean an account of one of these owners, each with its provider."""
    if tenant.state is State.ABSENT and not tenant.origin_owner_id:
        # Only StackOne knows whose account it is.
        return True
    return any((tenant.provider.lower(), owner) in owners for owner in tenant.owners)


def _is_unsettled(job: FoundJob) -> bool:
    tenant = job.tenant
    return tenant is None or isinstance(job.found, Failed) or (job.is_new and _may_be_unsettled(tenant))


def _may_be_unsettled(tenant: Tenant) -> bool:
    """Return whether a tenant without an account may mean one that stores its domain for another owner."""
    return tenant.state is State.PRESENT and not tenant.allow_shared_domain


def _readable(domain: str | None) -> str | None:
    try:
        return normalise_domain(domain) if domain else None
    except Failed:
        return None
