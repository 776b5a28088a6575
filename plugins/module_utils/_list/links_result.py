# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a run over a list did, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._core.failure import Failure
from .._link.actions import Action
from .early_end import Ended
from .link_jobs import LinkJob
from .linked_domains import SharedDomain


@dataclass
class LinksResult:
    """The result of a run. `ended` says why it ended early, `failure` what went wrong apart from tenants."""

    jobs: list[LinkJob]
    purged: list[LinkJob] = field(default_factory=list)
    resolved: list[LinkJob] = field(default_factory=list)
    """The duplicates of tenants' accounts that were unlinked."""
    warnings: list[str] = field(default_factory=list)
    ended: Ended | None = None
    failure: Failure | None = None
    purge_skipped: bool = False
    shared_domains: list[SharedDomain] = field(default_factory=list)
    """The domains that were linked for several owners when the run began."""

    @property
    def everything(self) -> list[LinkJob]:
        """Return the jobs of all accounts that the run worked on: the tenants', and those that it unlinked in addition."""
        return [*self.jobs, *self.resolved, *self.purged]

    @property
    def unlinked_ids(self) -> set[str | None]:
        """Return the ids of the accounts that the run has unlinked, or would unlink in check mode."""
        outcomes = [job.outcome for job in self.everything if job.outcome and not job.failure]
        return {outcome.account_id for outcome in outcomes if Action.DELETE in outcome.applied.actions}
