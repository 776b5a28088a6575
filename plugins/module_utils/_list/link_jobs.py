# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of a list of tenants that are linked or unlinked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._clients.account import Account
from .._clients.hub import Submission
from .._clients.hub_form import domain_in
from .._core.failure import Failed, Failure, FailureCode, Phase, interrupted
from .._core.tenant import State, Tenant
from .._link.approval import ANY_PLAN, Approval
from .._link.duplicates import duplicate_account, same_link, survivor
from .._link.find import Found
from .._link.outcome import NO_IDS, Outcome, unfinished
from .._link.selection import AmbiguousAccount
from .._link.unclear import CHECK_PROXIES, create_uncertain, not_made
from .entries import Entry
from .found_jobs import FoundJob
from .link_rows import link_parts


@dataclass
class LinkJob(FoundJob):
    """A tenant that is linked or unlinked. Its result is an `Outcome`."""

    result: Outcome | None = None
    duplicate_of: str | None = None
    """The id of the account that is kept, if this one is unlinked because it is a duplicate."""
    reason: str | None = None
    """Why an account is unlinked that no tenant is declared absent for."""
    approval: Approval = field(default=ANY_PLAN, repr=False, compare=False)
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
        if lost is None or lost.refusal:
            return None
        message = f"StackOne gave no clear answer to the request to link it ({lost.words})."
        if lost.foreign:
            return Failure(FailureCode.UNEXPECTED_ANSWER, message, CHECK_PROXIES, http_status=lost.http_status)
        code = FailureCode.STACKONE_UNREACHABLE if lost.http_status is None else FailureCode.STACKONE_UNAVAILABLE
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
            super().fail(_unclear_link(self.result, self.result.lost, stopped), Phase.CONFIRM)
        elif stopped and self.result and self.result.unconfirmed and self.result.replaced_ids:
            # The former account is still linked, in addition to the new one.
            self.result.fail(interrupted(stopped))
        super().close(stopped, phase)

    def would_take(self, account_id: str) -> bool:
        """Return whether, in check mode, the account would be taken away from its owner."""
        outcome = self.outcome
        return bool(outcome and not outcome.failure and account_id not in outcome.observed.former_ids)


def _unclear_link(outcome: Outcome, lost: Submission, stopped: str | None) -> Failed:
    """Return the failure of a request to link without a clear answer, by what StackOne last showed."""
    duplicates = outcome.applied.creation.duplicates if outcome.applied.creation else ()
    if duplicates:
        return duplicate_account(outcome.tenant, duplicates)
    if stopped:
        return create_uncertain(lost, "and was not asked again, because the run was stopped")
    return not_made(lost)


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
    entry = Entry(0, tenant, None, domain_in(account.setup_information), account.origin_owner_id, account.id)
    reason = f"It is a duplicate of account {duplicate_of}" if duplicate_of else "No tenant of the list has it"
    return LinkJob(entry, found=Found(account), duplicate_of=duplicate_of, reason=reason, approval=approval)


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
