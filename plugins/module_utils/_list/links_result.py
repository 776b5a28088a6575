# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a run over a list did, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._core.failure import Failure
from .early_end import Ended
from .link_jobs import LinkJob


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

    @property
    def everything(self) -> list[LinkJob]:
        """Return the jobs of all accounts that the run worked on: the tenants', and those that it unlinked in addition."""
        return [*self.jobs, *self.resolved, *self.purged]
