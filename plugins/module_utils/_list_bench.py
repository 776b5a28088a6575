# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module that takes a list of tenants does before and after its work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

from ansible_collections.tenantlink.stackone.plugins.module_utils._batch import Batch, Tally
from ansible_collections.tenantlink.stackone.plugins.module_utils._crew import Crew
from ansible_collections.tenantlink.stackone.plugins.module_utils._early_end import (
    Failures,
    ended_early,
    tenants_failed,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._entries import secrets_of
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, Failure, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Service
from ansible_collections.tenantlink.stackone.plugins.module_utils._job import Job
from ansible_collections.tenantlink.stackone.plugins.module_utils._module import BulkModule
from ansible_collections.tenantlink.stackone.plugins.module_utils._parent_watch import stopped_early
from ansible_collections.tenantlink.stackone.plugins.module_utils._progress import ProgressFile, waiting
from ansible_collections.tenantlink.stackone.plugins.module_utils._stoppable import StoppableBench
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import forms_of, harmless


class ListBench(StoppableBench):
    """One run over a list: it can be stopped, and tells its progress."""

    module: BulkModule

    def work(self, run: Callable[[ListBench], tuple[dict[str, Any], Failure | None]]) -> None:
        """Run, and leave with the result, red where there is a failure. C(run) raises Failed where nothing was done."""
        with self.telling_defects():
            try:
                with stopped_early(self.stop, self._parent):
                    result, failure = run(self)
            except Failed as error:
                self.refuse(error, "the run")
                return
            if failure:
                self.fail(failure, result)
            self.exit(result)

    def take_tenants(self) -> list[Any]:
        """The tenants as they were written, which nobody else keeps. From now on their secrets are known here."""
        tenants = self.module.take_tenants(forms_of(self.secrets))
        for tenant in tenants:
            self.scrubber.add(*secrets_of(tenant))
        return tenants

    def progress(self, total: int) -> ProgressFile:
        """Where the progress of so many tenants is told."""
        progress = ProgressFile(self.module.params["progress_path"], total, self.connect().clock)
        if progress.problem:
            self.module.warn(harmless(progress.problem))
        return progress

    def crew(self, progress: ProgressFile, most: int | None = None) -> Crew:
        """The workers, at most so many."""
        workers = self.module.params["concurrency"]
        return Crew(min(workers, most or workers), self.stop, self._beat(progress))

    def work_through(
        self, jobs: Sequence[Job], progress: ProgressFile, phase: Phase, work: Callable[[Any], None]
    ) -> None:
        """Do the work for jobs that do not depend on each other."""
        tally = Tally(progress, self.stop, self.module.params["stop_after_failures"])
        batch = Batch(self.crew(progress), self.stop, tally, phase)
        batch.run(jobs, work)
        batch.close(jobs)
        progress.write(last=True)

    def failure(self, failures: Failures, phase: Phase) -> Failure | None:
        """Return why the run failed, if it did."""
        return tenants_failed(failures, ended_early(self.stop, failures.found), phase)

    def requests_sent(self, *services: Service) -> dict[str, int]:
        """Requests so far, by service."""
        return {service.value: self.connect().sent[service] for service in services}

    def _beat(self, progress: ProgressFile) -> Callable[[], None]:
        return lambda: progress.write(waiting(self.connect(), self.quota))
