# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a run that links a list of tenants: counts, failure and diff. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .._core.failure import Failure, require
from .._core.text import Scrubber
from .._link.actions import Action
from .early_end import tenants_failed
from .link_jobs import LinkJob
from .link_rows import NONE, action_of, moved_from
from .links_result import LinksResult
from .results import failures_of

DIFF_LINES = 100
"""The number of tenants that a diff shows for each kind of change."""

LINE_LIMIT = 2000


def count_actions(report: LinksResult) -> dict[str, Any]:
    """Return the counts of what was done to accounts."""
    everything = report.everything
    failures = Counter(job.failure.code.value for job in everything if job.failure)
    actions = Counter(action_of(job.outcome) for job in everything)
    # An account that belongs to no tenant of the list and was not unlinked does not match a declaration.
    actions[NONE] = sum(action_of(job.outcome) == NONE for job in report.jobs)
    return {
        "changed": _changed(everything),
        "actions": {name: actions.get(name, 0) for name in [*(action.value for action in Action), NONE]},
        "moved": sum(bool(job.outcome and moved_from(job.outcome)) for job in everything),
        "failures": dict(failures.most_common()),
        "purged": _changed(report.purged),
        "duplicates_resolved": _changed(report.resolved),
        "still_linked": sum(bool(job.outcome and job.outcome.observed.still_linked) for job in report.jobs),
    }


def run_failure(report: LinksResult) -> Failure | None:
    """Return why the run failed, in one line; None if it did not."""
    others = failures_of([*report.resolved, *report.purged])
    failed = tenants_failed(failures_of(report.jobs), report.ended, others=others)
    if report.failure is None:
        return failed
    own = replace(report.failure, remediation="").line
    words, reasons = [failed.message] if failed else [], [failed.details.get("reason")] if failed else []
    return replace(
        report.failure,
        message=" ".join([*words, own]),
        tenant=None,
        retriable=report.failure.retriable or bool(failed and failed.retriable),
        details={**report.failure.details, "reason": " ".join(filter(None, [*reasons, own]))},
    )


def diff_of(jobs: Iterable[LinkJob], scrubber: Scrubber) -> dict[str, str] | None:
    """Return one line for each changed tenant, the most important kinds first, so that even 5,000 new links stay readable."""
    by_action: dict[str, list[LinkJob]] = {
        action.value: [] for action in (Action.DELETE, Action.RELINK, Action.UPDATE, Action.CREATE)
    }
    for job in jobs:
        if job.outcome and job.outcome.done:
            by_action[action_of(job.outcome)].append(job)
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


def _changed(jobs: Sequence[LinkJob]) -> int:
    return sum(job.changed for job in jobs)


def _sides(job: LinkJob, scrubber: Scrubber) -> tuple[str, str]:
    outcome = require(job.outcome)
    plan, name = require(outcome.done), outcome.tenant.name
    if not plan.before:
        return "", f"{name}: linked"
    if not plan.after:
        domain = f" with domain {plan.before['domain']}" if "domain" in plan.before else ""
        stays = f", a duplicate of {job.duplicate_of}, which is kept" if job.duplicate_of else ""
        return f"{name}: linked as account {outcome.account_id}{domain}{stays}", ""
    changes = plan.differences
    sides = (
        ", ".join(f"{key} {sides[side] or 'unset'}" for key, sides in changes.items()) for side in ("before", "after")
    )
    # One line for each tenant, even if somebody else wrote a label of several lines.
    old, new = (scrubber.line(f"{name}: {text or 'key'}", LINE_LIMIT) for text in sides)
    return (old, new) if old != new else (old, f"{new} sent again")
