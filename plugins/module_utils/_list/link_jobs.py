# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of a list of tenants, and the conflicts between them that must be settled before anything is applied. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._clients.account import ARCHIVED, Account
from .._clients.directory import Directory
from .._core.failure import Failed, Failure, FailureCode, Phase, interrupted, require
from .._core.tenant import State, Tenant
from .._link.approval import ANY_PLAN, Approval
from .._link.duplicates import same_link, survivor
from .._link.find import Found
from .._link.outcome import NO_IDS, Outcome, unfinished
from .._link.selection import AmbiguousAccount
from .._link.writer import create_uncertain
from .entries import Entry, place_of, refuse_same_account
from .job import Job
from .link_rows import link_parts

Key = tuple[str, str]
"""An owner: the provider and the id."""

NAMED = 3
"""The number of accounts that one line names; the details hold all."""


@dataclass
class LinkJob(Job):
    """A tenant that is linked or unlinked. Its result is an `Outcome`.

    `found` is the tenant's account, or the failure to determine it, once the job has searched for it. `elsewhere` are the
    ids of the accounts that link its domain for another owner.
    """

    result: Outcome | None = None
    found: Found | Failed | None = None
    elsewhere: tuple[str, ...] = ()
    duplicate_of: str | None = None
    """The id of the account that is kept, if this one is unlinked because it is a duplicate."""
    reason: str | None = None
    """Why an account is unlinked that no tenant is declared absent for."""
    approval: Approval = field(default=ANY_PLAN, repr=False, compare=False)
    apart: bool = False
    """Whether the entry is declared, but not part of this run."""
    claims: Sequence[Claim] = field(default=(), repr=False, compare=False)
    """What other entries must take away before this tenant can be linked."""
    siblings: Sequence[LinkJob] = field(default=(), repr=False, compare=False)
    """The jobs of the same owner, this one among them, in the order in which they are done; none if it is the only one."""

    @property
    def outcome(self) -> Outcome | None:
        """Return the outcome, once the work has started."""
        return self.result

    @property
    def failure(self) -> Failure | None:
        """Return why this tenant does not match its declaration."""
        return self.entry.failure or self.own_failure or (self.result.failure if self.result else None)

    @property
    def trouble(self) -> Failure | None:
        """Return that StackOne gave no clear answer to the request to link, whose account may still appear."""
        lost = self.result.lost if self.result else None
        if lost is None:
            return None
        code = FailureCode.STACKONE_UNREACHABLE if lost.http_status is None else FailureCode.STACKONE_UNAVAILABLE
        message = f"StackOne gave no clear answer to the request to link it ({lost.words})."
        return Failure(code, message, http_status=lost.http_status, retriable=True, hung=lost.late)

    @property
    def made_by_siblings(self) -> frozenset[str]:
        """Return the ids of the accounts that the run made for tenants of the same owner."""
        made = (job.result.created_id for job in self.siblings if job is not self and job.result)
        return frozenset(filter(None, made)) if self.siblings else NO_IDS

    def parts(self) -> dict[str, Any]:
        """Return what was done, and what is known of the account."""
        parts = {"account_id": (self.result.account_id if self.result else None) or self.entry.account_id}
        if self.duplicate_of:
            parts["duplicate_of"] = self.duplicate_of
        parts.update(link_parts(self.result))
        return {**parts, "reasons": [self.reason]} if self.reason and "reasons" in parts else parts

    def fail(self, error: Failed, phase: Phase) -> None:
        """Set the failure, in the phase that the tenant was in."""
        super().fail(error, self.result.phase if self.result else phase)

    def close(self, stopped: str | None, phase: Phase) -> None:
        """Make sure that the job has an outcome or a failure, also of a request that got no clear answer."""
        if self.result and not self.ended:
            self.result = unfinished(self.result, stopped)
        if self.result and self.result.unconfirmed and self.result.lost:
            seen = "and was not asked again, because the run was stopped" if stopped else "and shows no new account"
            super().fail(create_uncertain(self.result.lost, seen), Phase.CONFIRM)
        elif stopped and self.result and self.result.unconfirmed and self.result.replaced_ids:
            # The former account is still linked, in addition to the new one.
            self.result.fail(interrupted(stopped))
        super().close(stopped, phase)

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


@dataclass(frozen=True)
class Claim:
    """An account that another entry takes away from a tenant's owner."""

    account: Account
    job: LinkJob

    def is_settled_by_plan(self) -> bool:
        """Return whether the other entry would take the account away, if this is check mode."""
        outcome = self.job.outcome
        return bool(outcome and not outcome.failure and self.account.id not in outcome.observed.former_ids)

    def failure(self) -> Failed:
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
            f"{advice} Nothing was changed for this tenant.",
            retriable=True,
            details={"account_id": self.account.id, "position": entry.position},
        )


@dataclass(frozen=True)
class Repair:
    """A link with several accounts: the one to keep, and those to unlink."""

    job: LinkJob
    kept: Found
    unlinked: Sequence[Account] = field(default=())


def unlink_job(account: Account, approval: Approval = ANY_PLAN, duplicate_of: str | None = None) -> LinkJob:
    """Return the job that unlinks an account, a duplicate or one that no tenant stands for."""
    tenant = Tenant(
        account.origin_owner_id, state=State.ABSENT, account_id=account.id, provider=account.provider, verify_key=False
    )
    entry = Entry(0, tenant, None, None, account.origin_owner_id, account.id)
    reason = f"It is a duplicate of account {duplicate_of}" if duplicate_of else "No tenant of the list stands for it"
    return LinkJob(entry, found=Found(account), duplicate_of=duplicate_of, reason=reason, approval=approval)


def by_owner(jobs: Iterable[LinkJob], seen: Directory | None = None) -> list[list[LinkJob]]:
    """Return the jobs in groups of one owner; `seen` shows the owner of an account that is named by its id alone.

    Owners that accounts move between are one group, in which an account leaves its owner before anything is done for him.
    """
    groups: dict[Key, list[LinkJob]] = {}
    for job in jobs:
        if job.tenant:
            groups.setdefault((job.tenant.provider.lower(), _owner(job.tenant, seen)), []).append(job)
    return _moves_first(groups)


def refuse_conflicts(jobs: Sequence[LinkJob], others: Sequence[LinkJob] = ()) -> None:
    """Raise Failed(duplicate_tenant) if two entries turn out to mean one account: each run would undo one of them.

    `others` are declared as well, but not part of this run.
    """
    refuse_same_account(
        ((job.entry, job.account.id if job.account else None) for job in jobs),
        ((job.entry, job.account.id if job.account else job.entry.account_id) for job in others),
    )


def refuse_linked_elsewhere(jobs: Sequence[LinkJob], seen: Directory, others: Sequence[LinkJob] = ()) -> None:
    """Let a new link fail if its domain is linked for another owner already, unless that is declared.

    Usually the owner's id is a mistake, and the customer would be linked twice. An account that this list unlinks does
    not count. `others` are declared as well, but not part of this run.
    """
    leaving = {job.account.id for job in jobs if job.tenant and job.tenant.state is State.ABSENT and job.account}
    first = _first_by_domain(sorted((*jobs, *others), key=lambda job: job.entry.position))
    for job in jobs:
        tenant = job.tenant
        if not job.is_new or tenant is None or not tenant.domain or tenant.allow_shared_domain:
            continue
        accounts = [
            account
            for account in seen.with_domain(tenant.provider, tenant.domain)
            if account.id not in leaving and account.status != ARCHIVED
        ]
        job.elsewhere = tuple(account.id for account in accounts)
        other = first[tenant.provider.lower(), tenant.domain]
        if accounts:
            job.found = _linked_elsewhere(tenant, accounts)
        elif other.entry.origin_owner_id != job.entry.origin_owner_id:
            job.found = _declared_elsewhere(other.entry)


def repairs_of(jobs: Iterable[LinkJob]) -> list[Repair]:
    """Return the repairs that leave one account of each link that has several: the oldest that works, else the oldest."""
    repairs = []
    for job in jobs:
        tenant = job.tenant
        if not isinstance(job.found, AmbiguousAccount) or tenant is None or tenant.state is State.ABSENT:
            continue
        candidates = job.found.candidates
        accounts = same_link(tenant, [item for item in candidates if item.domain is not None])
        kept = survivor(accounts)
        if kept and len(accounts) > 1 and all(item.domain is not None for item in candidates):
            others = [account for account in accounts if account.id != kept.id]
            repairs.append(Repair(job, Found(kept, candidates), others))
    return repairs


def _moves_first(groups: dict[Key, list[LinkJob]]) -> list[list[LinkJob]]:
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


def _first_by_domain(jobs: Iterable[LinkJob]) -> dict[tuple[str, str], LinkJob]:
    """Return the entry that a domain is linked for: the first one that has its account already, else the first one."""
    first: dict[tuple[str, str], LinkJob] = {}
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
