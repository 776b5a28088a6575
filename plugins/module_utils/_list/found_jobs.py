# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of a list with the accounts that they mean, and the conflicts between them that must be settled first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from .._clients.account import Account
from .._clients.directory import Directory
from .._core.failure import Failed, FailureCode, require
from .._core.tenant import State, Tenant
from .._link.find import Found
from .entries import place_of, refuse_same_account
from .job import Job

Key = tuple[str, str]
"""An owner: the provider and the id."""


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
            what = f"{self.job.name}, {place}, declares its domain, and is not linked with it"
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
