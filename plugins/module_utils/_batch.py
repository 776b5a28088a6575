# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of tenants of which each is worked on by itself: what fails for one does not stop the others."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.tenantlink.stackone.plugins.module_utils._crew import Crew, Stop
from ansible_collections.tenantlink.stackone.plugins.module_utils._entries import Entry
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import (
    Failed,
    Failure,
    FailureCode,
    Phase,
    defect,
    interrupted,
    not_started,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._progress import ProgressFile
from ansible_collections.tenantlink.stackone.plugins.module_utils._sure import sure
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import Tenant
from ansible_collections.tenantlink.stackone.plugins.module_utils._words import counted, was

FOR_ALL = frozenset(
    {
        *(FailureCode.STACKONE_KEY_REFUSED, FailureCode.STACKONE_FORBIDDEN, FailureCode.HUB_UNAVAILABLE),
        FailureCode.STACKONE_RATE_LIMITED,
    }
)
"""What goes wrong for one tenant with these goes wrong for every other as well; the quota was waited for already."""

OUTAGE = frozenset({FailureCode.STACKONE_UNREACHABLE, FailureCode.STACKONE_UNAVAILABLE, FailureCode.UNEXPECTED_ANSWER})
"""What may be one tenant's bad luck; where many in a row meet it, StackOne does not work for the others either."""

IN_A_ROW = 20
"""How many tenants, one after the other, must meet an outage before the run ends for it."""

HUNG_IN_A_ROW = 3
"""The same where StackOne gave them no answer in time: each tenant more costs a whole time-out."""

NAMED_FAILURES = 5
"""How many failed tenants the one line names; the results hold all."""


class Tally:
    """Counts tenants that are done, and ends the run when too many have failed or all would."""

    def __init__(self, progress: ProgressFile, stop: Stop, stop_after_failures: int | None = None) -> None:
        self._progress = progress
        self._stop = stop
        self._limit = stop_after_failures
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._hung_in_a_row = 0

    def note(self, changed: bool, failure: Failure | None) -> None:
        """One tenant more is done."""
        failures = self._progress.count(changed, failure is not None)
        outage = self._outage(failure)
        if failure and failure.code in FOR_ALL:
            self._stop.gently(f"because {failure.message.rstrip('.')}", failure)
        elif failure and outage:
            self._stop.gently(f"because {outage} tenants in a row failed: {failure.message.rstrip('.')}", failure)
        elif self._limit and failures >= self._limit:
            self._stop.gently(f"after {counted(failures, 'failed tenant')} (stop_after_failures)")

    def _outage(self, failure: Failure | None) -> int:
        """Return how many tenants in a row have met an outage by now, where these are enough to tell that it is one."""
        met = failure is not None and failure.code in OUTAGE
        hung = failure is not None and met and failure.hung
        with self._lock:
            self._in_a_row = self._in_a_row + 1 if met else 0
            self._hung_in_a_row = self._hung_in_a_row + 1 if hung else 0
            if self._hung_in_a_row >= HUNG_IN_A_ROW:
                return self._hung_in_a_row
            return self._in_a_row if self._in_a_row >= IN_A_ROW else 0


@dataclass
class Item:
    """One entry of the list, and what came of it: a result, or a failure."""

    entry: Entry
    result: Any = None
    own_failure: Failure | None = None
    begun: bool = False

    @property
    def failure(self) -> Failure | None:
        """Why there is no result."""
        return self.entry.failure or self.own_failure


class Batch:
    """Works through items, many at a time. C(failure_of) says whether an item counts as failed."""

    def __init__(
        self,
        crew: Crew,
        stop: Stop,
        tally: Tally,
        phase: Phase,
        failure_of: Callable[[Item], Failure | None] = lambda item: item.failure,
    ) -> None:
        self._crew = crew
        self._stop = stop
        self._tally = tally
        self._phase = phase
        self._failure_of = failure_of

    def run(self, items: Sequence[Item], work: Callable[[Tenant], Any]) -> None:
        """Give each item its result or failure; what was not started or not finished when the run was stopped says so."""
        for item in items:
            if item.failure:
                self._tally.note(False, item.failure)
        self._crew.each_tenant(lambda item: self._do(item, work), [item for item in items if not item.failure])
        for item in items:
            if item.result is None and not item.failure:
                left = interrupted(self._stop.reason) if item.begun else not_started(self._stop.reason)
                item.own_failure = left.located(self._phase, item.entry.name)

    def _do(self, item: Item, work: Callable[[Tenant], Any]) -> None:
        tenant = sure(item.entry.tenant)
        item.begun = True
        try:
            item.result = work(tenant)
        except Stopped:
            return
        except Failed as error:
            item.own_failure = error.located(self._phase, tenant.name)
        except Exception as error:
            # A defect that one tenant brings to light must not hide what came of the others.
            item.own_failure = defect(error).located(self._phase, tenant.name)
        self._tally.note(bool(getattr(item.result, "changed", False)), self._failure_of(item))


@dataclass(frozen=True)
class Ended:
    """Why a run ended early. C(cause) is the failure that every other tenant would have met, if that is why."""

    reason: str
    cause: Failure | None = None


@dataclass(frozen=True)
class Failures:
    """What failed among C(total) of a kind."""

    found: Sequence[Failure]
    total: int

    @property
    def started(self) -> list[Failure]:
        """Return those whose turn came."""
        return [failure for failure in self.found if failure.started]

    @property
    def not_started(self) -> int:
        """Count those whose turn never came."""
        return len(self.found) - len(self.started)

    def sentence(self, failed: str, not_started: str) -> str:
        """Count what failed and name the first; the phrases take the count, and of how many it is."""
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


def ended_early(stop: Stop, failures: Iterable[Failure], skipped: bool = False) -> Ended | None:
    """Return why a run ended early; None where it did not, or was at its end already.

    `skipped` is whether anything apart from tenants was left undone for it.
    """
    undone = skipped or any(failure.code is FailureCode.STOPPED for failure in failures)
    return Ended(stop.reason, stop.cause) if stop.reason and (undone or stop.cause or stop.now) else None


def tenants_failed(
    tenants: Failures, ended: Ended | None, phase: Phase = Phase.APPLY, others: Failures = NOTHING
) -> Failure | None:
    """Say in one line why a run is red; return None where it is green.

    `others` are accounts that are unlinked although no tenant of the list stands for them. The code is that of what
    ended the run, if all would have met it. C(details.reason) of the failure is what went wrong apart from the
    tenants, if anything did.
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
    return Failure(
        cause.code if cause else FailureCode.STOPPED if ended else FailureCode.TENANTS_FAILED,
        " ".join(filter(None, sentences)),
        http_status=cause.http_status if cause else None,
        retriable=bool(ended) or any(failure.retriable for failure in (*tenants.found, *others.found)),
        details={"reason": reason} if reason else {},
        phase=phase,
    )
