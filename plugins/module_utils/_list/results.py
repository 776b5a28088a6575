# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The row of a job and the summary of a run, whatever was done. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .early_end import Failures
from .job import Job


def job_row(job: Job) -> dict[str, Any]:
    """Return one job's row in a result."""
    entry, failure = job.entry, job.failure
    row = {
        "domain": (entry.tenant.domain if entry.tenant else None) or entry.domain,
        "origin_owner_id": entry.origin_owner_id,
        **job.parts(),
    }
    return {**row, "failure": {**failure.as_dict(), "msg": failure.line}} if failure else row


def run_summary(jobs: Sequence[Job], counts: dict[str, Any], requests: dict[str, int]) -> dict[str, Any]:
    """Return the counts of a run; `counts` are those of what was done."""
    failures = failures_of(jobs)
    return {
        "tenants": len(jobs),
        **counts,
        "failed": len(failures.started),
        "not_started": failures.not_started,
        "requests": requests,
    }


def failures_of(jobs: Sequence[Job]) -> Failures:
    """Return the failures of jobs."""
    return Failures([job.failure for job in jobs if job.failure], len(jobs))
