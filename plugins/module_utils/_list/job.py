# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of a list and its way through a run. Subclasses decide what is done for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._core.failure import Failed, Failure, Phase, interrupted, not_started
from .._core.tenant import Tenant
from .entries import Entry


@dataclass
class Job:
    """One entry, and its result or why it has none. Neither contains secrets: they are scrubbed already."""

    entry: Entry
    result: Any = None
    own_failure: Failure | None = None
    started: bool = False
    ended: bool = False
    """Whether the work on it has ended, successfully or not."""

    @property
    def failure(self) -> Failure | None:
        """Return why the job failed, if it did."""
        return self.entry.failure or self.own_failure

    @property
    def trouble(self) -> Failure | None:
        """Return what went wrong with StackOne although it is not known yet whether the job failed."""
        return None

    @property
    def changed(self) -> bool:
        """Return whether something was changed for it."""
        return bool(getattr(self.result, "changed", False))

    @property
    def tenant(self) -> Tenant | None:
        """Return the declared tenant, if the entry is sound."""
        return self.entry.tenant

    @property
    def name(self) -> str:
        """Return what a message calls the entry."""
        return self.tenant.name if self.tenant else self.entry.name

    def parts(self) -> dict[str, Any]:
        """Return the parts of its row beyond the tenant and the failure."""
        return {}

    def fail(self, error: Failed, phase: Phase) -> None:
        """Set the failure."""
        self.own_failure = error.located(phase, self.name)

    def close(self, stopped: str | None, phase: Phase) -> None:
        """Make sure that the job has a result or a failure; `stopped` says why the run was stopped."""
        if self.result is None and self.failure is None:
            self.fail(interrupted(stopped) if self.started else not_started(stopped), phase)
