# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a run over a list failed or ended early, in one line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._core.failure import Failure, FailureCode, Phase
from .._core.stop import StopSignal
from .._core.words import was

NAMED_FAILURES = 5
"""The number of failed tenants that the one line names; the results hold all."""


@dataclass(frozen=True)
class Ended:
    """Why a run ended early. `cause` is the failure that every other tenant would have met, if that is why."""

    reason: str
    cause: Failure | None = None


@dataclass(frozen=True)
class Failures:
    """The failures among `total` items of a kind."""

    found: Sequence[Failure]
    total: int

    @property
    def started(self) -> list[Failure]:
        """Return the failures of items whose turn came."""
        return [failure for failure in self.found if failure.started]

    @property
    def not_started(self) -> int:
        """Count the items whose turn never came."""
        return len(self.found) - len(self.started)

    def sentence(self, failed: str, not_started: str) -> str:
        """Count the failures and name the first ones; the phrases have placeholders for the count and the total."""
        started, waiting = self.started, self.not_started
        if not self.found:
            return ""
        if not started:
            return f"{not_started.format(waiting, self.total)}."
        others = f", {waiting} {was(waiting)} not started" if waiting else ""
        first = " | ".join(failure.line for failure in started[:NAMED_FAILURES])
        more = f" | and {len(started) - NAMED_FAILURES} more, see results." if len(started) > NAMED_FAILURES else ""
        return f"{failed.format(len(started), self.total)}{others}: {first}{more}"


NOTHING = Failures((), 0)


def ended_early(stop: StopSignal, failures: Sequence[Failure], skipped: bool = False) -> Ended | None:
    """Return why a run ended early; `None` if it did not, or had reached its end already.

    `skipped` says whether anything apart from tenants was left undone because of it. An outage that left nothing undone
    and failed no tenant is not a failure.
    """
    codes = {failure.code for failure in failures}
    undone = skipped or FailureCode.STOPPED in codes
    failed_for_it = stop.cause is not None and stop.cause.code in codes
    return Ended(stop.reason, stop.cause) if stop.reason and (undone or failed_for_it or stop.now) else None


def tenants_failed(
    tenants: Failures, ended: Ended | None, phase: Phase = Phase.APPLY, others: Failures = NOTHING
) -> Failure | None:
    """Say in one line why a run failed; return `None` if it succeeded.

    `others` are accounts that are unlinked although no tenant of the list stands for them. The code is that of what
    ended the run, if it affects all tenants. `details.reason` of the failure is what went wrong apart from the tenants, if
    anything did.
    """
    if not tenants.found and not others.found and not ended:
        return None
    reason = f"The run ended {ended.reason}." if ended else ""
    sentences = (
        reason,
        tenants.sentence("{} of {} tenants failed", "{} of {} tenants were not started"),
        others.sentence(
            "Unlinking {} of {} other accounts failed", "Unlinking {} of {} other accounts was not started"
        ),
    )
    cause = ended.cause if ended else None
    found = (*tenants.found, *others.found)
    return Failure(
        cause.code if cause else FailureCode.STOPPED if ended else FailureCode.TENANTS_FAILED,
        " ".join(filter(None, sentences)),
        http_status=cause.http_status if cause else None,
        retriable=cause.retriable if cause else bool(ended) or any(failure.retriable for failure in found),
        details={"reason": reason} if reason else {},
        phase=phase,
    )
