# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a bulk run: one row for each tenant, a summary, a line for people, a readable diff. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._batch import Failures, tenants_failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._bulk import Report
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failure
from ansible_collections.tenantlink.stackone.plugins.module_utils._jobs import Job
from ansible_collections.tenantlink.stackone.plugins.module_utils._outcome import Outcome
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import Action, Plan
from ansible_collections.tenantlink.stackone.plugins.module_utils._sure import sure
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import Scrubber

DIFF_LINES = 100
"""How many tenants a diff shows for each kind of change."""

LINE_LIMIT = 2000

NONE = "none"


def row_of(job: Job) -> dict[str, Any]:
    """What came of one tenant."""
    entry, outcome = job.entry, job.outcome
    row: dict[str, Any] = {
        "domain": entry.tenant.domain if entry.tenant else entry.domain,
        "origin_owner_id": entry.origin_owner_id,
        "account_id": (outcome.account_id if outcome else None) or entry.account_id,
        "action": action_of(job),
        "changed": bool(outcome and outcome.changed),
    }
    if job.duplicate_of:
        row["duplicate_of"] = job.duplicate_of
    if outcome:
        row.update(_shown(outcome))
    if job.failed:
        row["failure"] = {**job.failed.as_dict(), "msg": job.failed.line}
    return row


def _shown(outcome: Outcome) -> dict[str, Any]:
    """What is known of a tenant beyond its action; what is not known is left out, for there may be ten thousand."""
    account = outcome.account
    known = {
        "origin_owner_name": outcome.tenant.origin_owner_name or (account.origin_owner_name if account else None),
        "account_status": account.status if account else None,
        "agent": outcome.agent.name_or_id if outcome.agent else None,
        "verdict": outcome.verdict.value if outcome.verdict else None,
        "agent_change": outcome.observed.agent_change.value if outcome.observed.agent_change else None,
        "profile_drift": outcome.observed.profile_drift.as_dict() if outcome.observed.profile_drift else None,
        "verified": outcome.verified,
        "changes": _changes_of(outcome),
        "moved_from": _moved_from(outcome),
        "warnings": outcome.warnings,
    }
    return {name: value for name, value in known.items() if value not in (None, [], {})}


def _changes_of(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return _changes(outcome.applied.plan) if outcome.changed and outcome.applied.plan else {}


def _moved_from(outcome: Outcome) -> str | None:
    """Return the domain that the account was linked to before, if that was another one."""
    before: str | None = _changes_of(outcome).get("domain", {}).get("before")
    return before


def _changes(plan: Plan) -> dict[str, dict[str, Any]]:
    """What differs between both sides of a plan; nothing for an account that is new or gone."""
    if not plan.before or not plan.after:
        return {}
    before, after = plan.before, plan.after
    differing = [name for name in after if before.get(name) != after[name]]
    return {name: {"before": before.get(name), "after": after[name]} for name in differing}


def action_of(job: Job) -> str:
    """The action that says most: to re-link an account may also mean to update it."""
    actions = job.outcome.applied.actions if job.outcome else []
    return actions[0].value if actions else NONE


def summary_of(report: Report, sent: dict[str, int], quota_seconds: float) -> dict[str, Any]:
    """Counts of the run."""
    failures = Counter(job.failed.code.value for job in report.everything if job.failed)
    actions = Counter(map(action_of, report.everything))
    return {
        "tenants": len(report.jobs),
        "changed": sum(bool(job.outcome and job.outcome.changed) for job in report.everything),
        "failed": len(_failures(report.jobs).started),
        "not_started": _failures(report.jobs).not_started,
        "actions": {name: actions.get(name, 0) for name in [*(action.value for action in Action), NONE]},
        "moved": sum(bool(job.outcome and _moved_from(job.outcome)) for job in report.everything),
        "failures": dict(failures.most_common()),
        "purged": sum(bool(job.outcome and job.outcome.changed) for job in report.purged),
        "duplicates_resolved": sum(bool(job.outcome and job.outcome.changed) for job in report.resolved),
        "still_linked": sum(bool(job.outcome and job.outcome.observed.still_linked) for job in report.jobs),
        "requests": sent,
        "quota_seconds": round(quota_seconds, 1),
    }


def failure_of(report: Report) -> Failure | None:
    """Say in one line why the run is red; return None where it is green."""
    others = _failures([*report.resolved, *report.purged])
    failed = tenants_failed(_failures(report.jobs), report.ended, others=others)
    if report.failure is None:
        return failed
    own = replace(report.failure, remediation="").line
    words, reasons = [failed.message] if failed else [], [failed.details.get("reason")] if failed else []
    return replace(
        report.failure,
        message=" ".join([*words, own]),
        tenant=None,
        retriable=bool(failed and failed.retriable),
        details={**report.failure.details, "reason": " ".join(filter(None, [*reasons, own]))},
    )


def _failures(jobs: Sequence[Job]) -> Failures:
    return Failures([job.failed for job in jobs if job.failed], len(jobs))


def diff_of(jobs: Iterable[Job], scrubber: Scrubber) -> dict[str, str] | None:
    """One line for each changed tenant, most telling kinds first, so that even 5,000 new links stay readable."""
    by_action: dict[str, list[Job]] = {
        action.value: [] for action in (Action.DELETE, Action.RELINK, Action.UPDATE, Action.CREATE)
    }
    for job in jobs:
        if job.outcome and job.outcome.changed and job.outcome.applied.plan:
            by_action[action_of(job)].append(job)
    before, after = [], []
    for action, changed in by_action.items():
        for job in changed[:DIFF_LINES]:
            old, new = _sides(job, scrubber)
            before += [old] if old else []
            after += [new] if new else []
        if len(changed) > DIFF_LINES:
            after.append(f"... and {len(changed) - DIFF_LINES} more to {action}")
    if not before and not after:
        return None
    return {"before": "\n".join([*before, ""]) if before else "", "after": "\n".join([*after, ""]) if after else ""}


def _sides(job: Job, scrubber: Scrubber) -> tuple[str, str]:
    outcome = sure(job.outcome)
    plan, name = sure(outcome.applied.plan), outcome.tenant.name
    if not plan.before:
        return "", f"{name}: linked"
    if not plan.after:
        domain = f" with domain {plan.before['domain']}" if "domain" in plan.before else ""
        stays = f", a duplicate of {job.duplicate_of}, which stays" if job.duplicate_of else ""
        return f"{name}: linked as account {outcome.account_id}{domain}{stays}", ""
    changes = _changes(plan)
    sides = (
        ", ".join(f"{key} {sides[side] or 'unset'}" for key, sides in changes.items()) for side in ("before", "after")
    )
    # One line for each tenant, whatever stands in a label that somebody else wrote.
    old, new = (scrubber.line(f"{name}: {text or 'key'}", LINE_LIMIT) for text in sides)
    return (old, new) if old != new else (old, f"{new} sent again")
