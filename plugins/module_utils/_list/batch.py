# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of every run over a list: processes jobs in parallel, counts them, and leaves none without a result."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, Callable

from .._core.clock import Stopped
from .._core.failure import Failed, Failure, FailureCode, Phase, defect
from .._core.stop import StopSignal
from .._core.words import counted
from .._core.workers import WorkerPool
from .job import Job
from .progress import ProgressFile

FOR_ALL = frozenset(
    {
        *(FailureCode.STACKONE_KEY_REFUSED, FailureCode.STACKONE_FORBIDDEN, FailureCode.HUB_UNAVAILABLE),
        *(FailureCode.STACKONE_RATE_LIMITED, FailureCode.PROJECT_MISMATCH),
    }
)
"""Failures that one tenant shares with every other; the quota was waited for already."""

OUTAGE = frozenset({FailureCode.STACKONE_UNREACHABLE, FailureCode.STACKONE_UNAVAILABLE, FailureCode.UNEXPECTED_ANSWER})
"""Failures that may affect one tenant only; if many in a row meet one, StackOne does not work for the others either."""

IN_A_ROW = 20
"""How many tenants, one after the other, must meet an outage before the run ends for it."""

HUNG_IN_A_ROW = 3
"""The same for requests that StackOne did not answer in time: each further tenant costs a whole time-out."""


STOPPED = object()
"""The result of work that was stopped in the middle."""


class Tally:
    """Counts finished tenants, and ends the run when too many have failed or all would."""

    def __init__(self, progress: ProgressFile, stop: StopSignal, stop_after_failures: int | None = None) -> None:
        self._progress = progress
        self._stop = stop
        self._limit = stop_after_failures
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._hung_in_a_row = 0

    def note(self, changed: bool, failure: Failure | None, trouble: Failure | None = None) -> None:
        """Count one more finished tenant. `trouble` is what it met although it has not failed yet."""
        failures = self._progress.count(changed, failure is not None)
        met = failure or trouble
        outage = self._outage(met)
        if failure and failure.code in FOR_ALL:
            self._stop.drain(f"because {failure.message.rstrip('.')}", failure)
        elif met and outage:
            self._stop.drain(f"because StackOne failed for {outage} tenants in a row: {met.message.rstrip('.')}", met)
        elif self._limit and failures >= self._limit:
            self._stop.drain(f"after {counted(failures, 'failed tenant')} (stop_after_failures)")

    def _outage(self, failure: Failure | None) -> int:
        """Return how many tenants in a row have met an outage, if these are enough to call it one."""
        met = failure is not None and failure.code in OUTAGE
        hung = failure is not None and met and failure.hung
        with self._lock:
            self._in_a_row = self._in_a_row + 1 if met else 0
            self._hung_in_a_row = self._hung_in_a_row + 1 if hung else 0
            if self._hung_in_a_row >= HUNG_IN_A_ROW:
                return self._hung_in_a_row
            return self._in_a_row if self._in_a_row >= IN_A_ROW else 0


class Batch:
    """Processes jobs, many at a time. A failure in the work on a job, even a defect, affects that job only."""

    def __init__(self, pool: WorkerPool, stop: StopSignal, tally: Tally, phase: Phase) -> None:
        self._pool = pool
        self._stop = stop
        self._tally = tally
        self._phase = phase

    def run(
        self, jobs: Sequence[Any], work: Callable[[Any], None], groups: Iterable[Sequence[Any]] | None = None
    ) -> None:
        """Do the work for each sound job; the jobs of one of the `groups` are done one after the other."""
        for job in jobs:
            if job.entry.failure:
                self._end(job)
        sound = [[job] for job in jobs if not job.entry.failure] if groups is None else list(groups)
        self._pool.map_unless_stopped(lambda group: self._run_group(group, work), sound)

    def step(self, jobs: Sequence[Any], work: Callable[[Any], Any]) -> list[Any]:
        """Do one more step for jobs that were run; return its results, `None` for a job whose step failed.

        Raises Stopped.
        """
        return self._pool.map(lambda job: self._attempt(job, work), jobs)

    def close(self, jobs: Iterable[Any]) -> None:
        """Close every job: it reports its result, or why it was not started or not finished."""
        for job in jobs:
            job.close(self._stop.reason, self._phase)

    def _run_group(self, group: Sequence[Any], work: Callable[[Any], None]) -> None:
        for job in group:
            if job is group[0] or not self._stop.reason:
                job.started = True
                if self._attempt(job, work) is not STOPPED:
                    self._end(job)

    def _attempt(self, job: Job, work: Callable[[Any], Any]) -> Any:
        try:
            return work(job)
        except Stopped:
            return STOPPED
        except Failed as error:
            job.fail(error, self._phase)
        except Exception as error:
            # A defect that one tenant triggers must not hide the results of the others.
            job.fail(defect(error), self._phase)
        return None

    def _end(self, job: Job) -> None:
        job.ended = True
        self._tally.note(job.changed, job.failure, job.trouble)
