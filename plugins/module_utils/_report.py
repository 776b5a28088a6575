# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a bulk run: one row for each tenant, a summary, a line for people, a readable diff. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._bulk import Job, Report
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failure, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import Action
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import Scrubber

NAMED_FAILURES = 5
"""How many failed tenants the one line names; the results hold all."""
DIFF_LINES = 100
"""How many tenants a diff shows for each kind of change."""

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
    if outcome and outcome.warnings:
        row["warnings"] = outcome.warnings
    if job.failed:
        row["failure"] = {**job.failed.as_dict(), "msg": job.failed.line}
    return row


def action_of(job: Job) -> str:
    """The action that says most: to re-link an account may also mean to update it."""
    actions = job.outcome.actions if job.outcome else []
    return actions[0].value if actions else NONE


def summary_of(report: Report, sent: dict[str, int], quota_seconds: float) -> dict[str, Any]:
    """Counts of the run."""
    failures = Counter(job.failed.code.value for job in report.jobs + report.purged if job.failed)
    actions = Counter(map(action_of, report.jobs + report.purged))
    return {
        "tenants": len(report.jobs),
        "changed": sum(bool(job.outcome and job.outcome.changed) for job in report.jobs + report.purged),
        "failed": sum(job.failed is not None for job in report.jobs),
        "actions": {name: actions.get(name, 0) for name in [*(action.value for action in Action), NONE]},
        "failures": dict(failures.most_common()),
        "purged": sum(bool(job.outcome and job.outcome.changed) for job in report.purged),
        "requests": sent,
        "quota_seconds": round(quota_seconds, 1),
    }


def failure_of(report: Report, rows: Sequence[dict[str, Any]]) -> Failure | None:
    """Why the run is red, in one line; C(None) where it is green."""
    lines = [row["failure"]["msg"] for row in rows if "failure" in row]
    lines += [job.failed.line for job in report.purged if job.failed]
    if not (lines or report.failure or report.stopped):
        return None
    if report.failure:
        code, details = report.failure.code, report.failure.details
    else:
        code, details = (FailureCode.STOPPED if report.stopped else FailureCode.TENANTS_FAILED), {}
    return Failure(
        code,
        " ".join(_sentences(report, lines)),
        http_status=report.failure.http_status if report.failure else None,
        remediation=report.failure.remediation if report.failure else "",
        retriable=any(job.failed.retriable for job in report.jobs if job.failed) or bool(report.stopped),
        details=details,
        phase=report.failure.phase if report.failure else Phase.APPLY,
    )


def _sentences(report: Report, lines: list[str]) -> Iterator[str]:
    if report.stopped:
        yield f"The run ended {report.stopped}."
    if lines:
        # Those who were not begun are the least interesting, and can be many.
        first = sorted(lines, key=lambda line: "was not begun" in line)[:NAMED_FAILURES]
        more = f" | and {len(lines) - len(first)} more, see results." if len(lines) > len(first) else ""
        yield f"{len(lines)} of {len(report.jobs + report.purged)} tenants failed: {' | '.join(first)}{more}"
    if report.failure:
        yield replace(report.failure, remediation="").line


def diff_of(jobs: Iterable[Job]) -> dict[str, str] | None:
    """One line for each changed tenant, most telling kinds first, so that even 5,000 new links stay readable."""
    by_action: dict[str, list[Job]] = {
        action.value: [] for action in (Action.DELETE, Action.RELINK, Action.UPDATE, Action.CREATE)
    }
    for job in jobs:
        if job.outcome and job.outcome.changed and job.outcome.plan:
            by_action[action_of(job)].append(job)
    before, after = [], []
    for action, changed in by_action.items():
        for job in changed[:DIFF_LINES]:
            old, new = _sides(job)
            before += [old] if old else []
            after += [new] if new else []
        if len(changed) > DIFF_LINES:
            after.append(f"... and {len(changed) - DIFF_LINES} more to {action}")
    if not before and not after:
        return None
    return {"before": "\n".join([*before, ""]) if before else "", "after": "\n".join([*after, ""]) if after else ""}


def _sides(job: Job) -> tuple[str, str]:
    assert job.outcome and job.outcome.plan
    plan, name = job.outcome.plan, job.outcome.tenant.name
    if not plan.before:
        return "", _scrubbed(job, f"{name}: linked")
    if not plan.after:
        return _scrubbed(job, f"{name}: linked as account {job.outcome.account_id}"), ""
    keys = [key for key in plan.after if plan.before.get(key) != plan.after[key]]
    sides = (", ".join(f"{key} {side.get(key) or 'unset'}" for key in keys) for side in (plan.before, plan.after))
    old, new = (_scrubbed(job, f"{name}: {text or 'key'}") for text in sides)
    return (old, new) if old != new else (old, f"{new} sent again")


def _scrubbed(job: Job, line: str) -> str:
    """What StackOne stores in clear of an account could hold a key that somebody put there."""
    return str(Scrubber(job.outcome.tenant.secrets).scrub(line)) if job.outcome else line
