# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of a list of keys that are checked, and their count. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from .._clients.freshservice import KeyCheck
from .._clients.key_status import KeyStatus
from .._core.failure import Failure, Phase
from .._core.tenant import NOT_DECLARED
from .job import Job


class KeyCheckJob(Job):
    """A tenant whose key is checked, if it has one. Its result is a `KeyCheck`; any verdict but valid is a failure."""

    result: KeyCheck | None

    @property
    def failure(self) -> Failure | None:
        """Return why the key is not valid, or could not be checked."""
        if self.unanswered or self.result is None or self.result.status is KeyStatus.VALID:
            return self.unanswered
        return self.result.failed().located(Phase.KEY_CHECK, self.name)

    @property
    def keyless(self) -> bool:
        """Return whether the tenant declares no key, so that there is nothing to check."""
        return self.tenant is not None and self.tenant.keyless

    @property
    def unanswered(self) -> Failure | None:
        """Return why there is no verdict, if there is none."""
        return self.entry.failure or self.own_failure

    def close(self, stopped: str | None, phase: Phase) -> None:
        """Make sure that the job has a result or a failure, unless there is nothing to check."""
        if not self.keyless:
            super().close(stopped, phase)

    def parts(self) -> dict[str, Any]:
        """Return the verdict, the agent and the warnings, as far as there are any."""
        if self.result is None:
            return {"key": NOT_DECLARED} if self.keyless else {}
        known = {
            "verdict": self.result.status.value,
            "agent": self.result.agent.name_or_id if self.result.agent else None,
            "warnings": list(self.result.warnings),
        }
        return {name: value for name, value in known.items() if value}


def count_verdicts(jobs: Iterable[KeyCheckJob]) -> dict[str, Any]:
    """Return the number of tenants with each verdict."""
    verdicts = Counter(job.result.status.value for job in jobs if job.result)
    return {"verdicts": dict(verdicts.most_common())}
