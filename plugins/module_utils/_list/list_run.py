# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part that all modules for a list of tenants share, before and after their work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

from .._core.failure import Failed, Failure, Phase
from .._core.open_files import allow_open_files
from .._core.text import forms_of, strip_control_chars
from .._core.workers import WorkerPool
from .._http.messages import Service
from .._module.module import ListModule
from .._module.parent_watch import stopped_early
from .._module.stoppable import StoppableRun
from .batch import Batch, Tally
from .early_end import Failures, ended_early, tenants_failed
from .entries import secrets_of
from .job import Job
from .progress import ProgressFile, waiting


class ListRun(StoppableRun):
    """One run over a list: it can be stopped, and reports its progress."""

    module: ListModule

    def work(self, do: Callable[[ListRun], tuple[dict[str, Any], Failure | None]]) -> None:
        """Run, and end the module with the result or the failure. `do` raises Failed if nothing was done."""
        allow_open_files(self.module.params["concurrency"])
        with self.reporting_defects():
            try:
                with stopped_early(self.stop, self._parent):
                    result, failure = do(self)
            except Failed as error:
                self.refuse(error, "the run")
            if failure:
                self.fail(failure, result)
            self.exit(result)

    def take_tenants(self) -> list[Any]:
        """Return the tenants as they were written, and keep their secrets out of all results from now on."""
        tenants = self.module.take_tenants(forms_of(self.secrets))
        for tenant in [*tenants, *self.module.other_keys]:
            self.scrubber.add(*secrets_of(tenant))
        return tenants

    def take_other_tenants(self) -> list[Any]:
        """Return the tenants that are declared as well, but not part of this run."""
        others = self.module.take_other_tenants()
        for tenant in others:
            self.scrubber.add(*secrets_of(tenant))
        return others

    def progress(self, total: int) -> ProgressFile:
        """Return the file to which the progress of this many tenants is written."""
        progress = ProgressFile(self.module.params["progress_path"], total, self.connect().clock)
        if progress.problem:
            self.module.warn(strip_control_chars(progress.problem))
        return progress

    def pool(self, progress: ProgressFile, most: int | None = None) -> WorkerPool:
        """Return the workers, at most `most` of them."""
        workers = self.module.params["concurrency"]
        return WorkerPool(min(workers, most or workers), self.stop, self._on_tick(progress))

    def work_through(
        self, jobs: Sequence[Job], progress: ProgressFile, phase: Phase, work: Callable[[Any], None]
    ) -> None:
        """Do the work for jobs that do not depend on each other."""
        tally = Tally(progress, self.stop, self.module.params["stop_after_failures"])
        batch = Batch(self.pool(progress), self.stop, tally, phase)
        batch.run(jobs, work)
        batch.close(jobs)
        progress.write(last=True)

    def failure(self, failures: Failures, phase: Phase) -> Failure | None:
        """Return why the run failed, if it did."""
        return tenants_failed(failures, ended_early(self.stop, failures.found), phase)

    def requests_sent(self, *services: Service) -> dict[str, int]:
        """Return the requests so far, by service."""
        return {service.value: self.connect().requests_sent[service] for service in services}

    def _on_tick(self, progress: ProgressFile) -> Callable[[], None]:
        return lambda: progress.write(waiting(self.connect(), self.quota))
