# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of a list with the accounts that they mean, and the conflicts between them that must be settled first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from .._clients.account import ARCHIVED, Account
from .._clients.directory import Directory
from .._clients.hub_form import stored_domain
from .._core.failure import Failed, FailureCode, require
from .._core.tenant import State, Tenant, same_domain
from .._link.find import Found
from .entries import Entry, place_of, refuse_same_account
from .job import Job

Key = tuple[str, str]
"""An owner: the provider and the id."""

NAMED = 3
"""The number of accounts that one line names; the details hold all."""


@dataclass
class FoundJob(Job):
    """An entry whose account is searched for before anything is done for one of the list.

    `found` is the tenant's account, or the failure to determine it, once it was searched for. `elsewhere` are the ids of the
    accounts that link its domain for another owner.
    """

    found: Found | Failed | None = None
    elsewhere: tuple[str, ...] = ()
    apart: bool = False
    """Whether the entry is declared, but not part of this run."""
    claims: Sequence[Claim] = field(default=(), repr=False, compare=False)
    """What other entries must take away before this tenant can be linked."""

    @property
    def account(self) -> Account | None:
        """Return the account that was found."""
        return self.found.account if isinstance(self.found, Found) else None

    @property
    def is_new(self) -> bool:
        """Return whether the tenant is to be linked with a new account."""
        present = self.tenant is not None and self.tenant.state is State.PRESENT
        return present and isinstance(self.found, Found) and self.found.account is None

    def take_found(self) -> Found:
        """Return the tenant's account. Raises Failed if it could not be determined."""
        if isinstance(self.found, Failed):
            raise self.found
        return require(self.found)

    def would_take(self, account_id: str) -> bool:
        """Return whether, in check mode, the account would be taken away from its owner."""
        return False


F = TypeVar("F", bound=FoundJob)


@dataclass(frozen=True)
class Claim:
    """An account that another entry takes away from a tenant's owner."""

    account: Account
    job: FoundJob

    def failure(self, advice_instead: str = "") -> Failed:
        """Return the failure of the tenant that would overwrite the account."""
        entry = self.job.entry
        place = place_of(entry.position, entry.line)
        if entry.tenant is None:
            what, advice = (
                f"{entry.name} of the list, which cannot be read, may mean it",
                "Correct that entry, then run again.",
            )
        elif not (entry.previous_origin_owner_id or entry.tenant.state is State.ABSENT):
            what = f"{self.job.name}, {place}, declares its domain, and has no account of its own"
            advice = "If that customer's id has changed, name the former one there; if both are meant, set allow_shared_domain there."
        elif self.job.apart:
            what = f"{self.job.name}, {place} of the list, takes it over, and is not part of this run"
            advice = "Run with the whole list, or with that tenant."
        else:
            what = f"{self.job.name}, {place}, takes it over, and has not done so"
            advice = "See what that tenant met, then run again."
        return Failed(
            FailureCode.ACCOUNT_CLAIMED,
            f"its owner still has account {self.account.id}, which linking this tenant would overwrite: {what}.",
            f"{advice_instead or advice} Nothing was changed for this tenant.",
            retriable=True,
            details={"account_id": self.account.id, "position": entry.position},
        )


def by_owner(jobs: Iterable[F], seen: Directory | None = None) -> list[list[F]]:
    """Return the jobs in groups of one owner; `seen` shows the owner of an account that is named by its id alone.

    Owners that accounts move between are one group, in which an account leaves its owner before anything is done for him.
    """
    groups: dict[Key, list[F]] = {}
    for job in jobs:
        if job.tenant:
            groups.setdefault((job.tenant.provider.lower(), _owner(job.tenant, seen)), []).append(job)
    return _moves_first(groups)


def refuse_conflicts(jobs: Sequence[FoundJob], others: Sequence[FoundJob] = ()) -> None:
    """Raise Failed(duplicate_tenant) if two entries turn out to mean one account: each run would undo one of them.

    `others` are declared as well, but not part of this run.
    """
    refuse_same_account(
        ((job.entry, job.account.id if job.account else None) for job in jobs),
        ((job.entry, job.account.id if job.account else job.entry.account_id) for job in others if job.tenant),
    )


def refuse_linked_elsewhere(jobs: Sequence[FoundJob], seen: Directory, others: Sequence[FoundJob] = ()) -> None:
    """Let a tenant fail whose domain is linked for another owner already, unless that is declared.

    Usually the owner's id is a mistake: a new link would be the customer's second one, and an account that gets another
    domain would be lost to its own customer. An account that this list unlinks does not count. `others` are declared as
    well, but not part of this run.
    """
    leaving = {job.account.id for job in jobs if job.tenant and job.tenant.state is State.ABSENT and job.account}
    first = _first_by_domain(sorted((*jobs, *others), key=lambda job: job.entry.position))
    for job in jobs:
        tenant = job.tenant
        moves = tenant is not None and _gets_another_domain(tenant, job.account)
        if not (job.is_new or moves) or tenant is None or not tenant.domain or tenant.allow_shared_domain:
            continue
        accounts = [
            account
            for account in seen.with_domain(tenant.provider, tenant.domain)
            if account.id not in leaving
            and account.status != ARCHIVED
            and not (moves and account.origin_owner_id in tenant.owners)
        ]
        job.elsewhere = tuple(account.id for account in accounts)
        other = first[tenant.provider.lower(), tenant.domain]
        if accounts:
            job.found = _linked_elsewhere(tenant, accounts)
        elif job.is_new and other.entry.origin_owner_id != job.entry.origin_owner_id:
            job.found = _declared_elsewhere(other.entry)


def _gets_another_domain(tenant: Tenant, account: Account | None) -> bool:
    """Return whether an account is declared with another domain than the one that StackOne lists for it."""
    if account is None or tenant.state is State.ABSENT or not tenant.domain:
        return False
    stored = stored_domain(tenant, account.setup_information)
    return bool(stored and not same_domain(tenant.domain, stored))


def _moves_first(groups: dict[Key, list[F]]) -> list[list[F]]:
    """Return the groups, of which those that accounts move between are one."""
    takers: dict[Key, list[Key]] = {}
    for key, group in groups.items():
        for job in group:
            former = key[0], require(job.tenant).previous_origin_owner_id or ""
            if former in groups:
                takers.setdefault(former, []).append(key)
    ordered = _takers_first(takers)
    moved = [job for key in ordered for job in groups[key]]
    return [group for key, group in groups.items() if key not in ordered] + ([moved] if moved else [])


def _takers_first(takers: Mapping[Key, Sequence[Key]]) -> dict[Key, None]:
    """Return the owners of moves so that those who take an account come before the one it is taken from.

    In a circle, one of them has to be first.
    """
    ordered: dict[Key, None] = {}
    for root in takers:
        path = {} if root in ordered else {root: None}
        while path:
            key = next(reversed(path))
            waiting = next((each for each in takers.get(key, ()) if each not in ordered and each not in path), None)
            if waiting:
                path[waiting] = None
            else:
                ordered[key] = path.pop(key)
    return ordered


def _owner(tenant: Tenant, seen: Directory | None) -> str:
    if tenant.origin_owner_id:
        return tenant.origin_owner_id
    account = seen.listed(tenant.account_id or "") if seen else None
    return account.origin_owner_id if account else f"account {tenant.account_id}"


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
