# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module that takes a list of tenants does before and after its work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

from ansible_collections.tenantlink.stackone.plugins.module_utils._arguments import secrets_in
from ansible_collections.tenantlink.stackone.plugins.module_utils._batch import (
    Batch,
    Failures,
    Item,
    Tally,
    tenants_failed,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._crew import Crew
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, Failure, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Service
from ansible_collections.tenantlink.stackone.plugins.module_utils._module import BulkModule
from ansible_collections.tenantlink.stackone.plugins.module_utils._parent_watch import stopped_early
from ansible_collections.tenantlink.stackone.plugins.module_utils._progress import ProgressFile
from ansible_collections.tenantlink.stackone.plugins.module_utils._stoppable import StoppableBench
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import forms_of


class ListBench(StoppableBench):
    """One run over a list: it can be stopped, and tells its progress."""

    module: BulkModule

    def work(self, run: Callable[[ListBench], tuple[dict[str, Any], Failure | None]]) -> None:
        """Run, and leave with the result, red where there is a failure. C(run) raises Failed where nothing was done."""
        self.play(lambda bench: bench._leave_with(run))

    def _leave_with(self, run: Callable[[ListBench], tuple[dict[str, Any], Failure | None]]) -> None:
        try:
            with stopped_early(self.stop, self._parent):
                result, failure = run(self)
        except Failed as error:
            self.refuse(error, "the run")
            return
        if failure:
            self.fail(failure, result)
        self.exit(result)

    def take_tenants(self) -> list[dict[str, Any]]:
        """The tenants' arguments, which nobody else keeps. From now on their secrets are known here."""
        tenants = self.module.take_tenants(forms_of(self.secrets))
        for tenant in tenants:
            self.scrubber.add(*secrets_in(tenant))
        return tenants

    def progress(self, total: int) -> ProgressFile:
        """Where the progress of so many tenants is told."""
        return ProgressFile(self.module.params["progress_path"], total, self._http().clock)

    def crew(self, progress: ProgressFile, most: int | None = None) -> Crew:
        """The workers, at most so many."""
        workers = self.module.params["concurrency"]
        return Crew(min(workers, most or workers), self.stop, lambda: progress.write(self.quota_wait))

    def batch(self, progress: ProgressFile, phase: Phase, **rules: Any) -> Batch:
        """What works through tenants of which each stands for itself."""
        tally = Tally(progress, self.stop, self.module.params["stop_after_failures"])
        return Batch(self.crew(progress), self.stop, tally, phase, **rules)

    def failure_of(self, items: Sequence[Item], failures: Sequence[Failure], phase: Phase) -> Failure | None:
        """Why the run is red, if it is."""
        return tenants_failed(Failures(failures, len(items)), self.stop.reason, phase)

    def requests_sent(self, *services: Service) -> dict[str, int]:
        """Requests so far, by service."""
        return {service.value: self._http().sent[service] for service in services}

    @property
    def quota_wait(self) -> float:
        """Seconds that workers are going to wait for StackOne's quota."""
        return self.quota.wait_left if self.quota else 0.0
