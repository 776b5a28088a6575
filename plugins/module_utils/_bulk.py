# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many tenants in one run: list once, work through them together, confirm with one more listing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ansible_collections.tenantlink.stackone.plugins.module_utils._apply import Outcome
from ansible_collections.tenantlink.stackone.plugins.module_utils._batch import Tally
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients import Exchange
from ansible_collections.tenantlink.stackone.plugins.module_utils._confirm import polls
from ansible_collections.tenantlink.stackone.plugins.module_utils._crew import Crew, Stop
from ansible_collections.tenantlink.stackone.plugins.module_utils._directory import Directory, owners_by_provider
from ansible_collections.tenantlink.stackone.plugins.module_utils._entries import Entry
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import (
    Failed,
    Failure,
    Phase,
    defect,
    during,
    not_begun,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._fingerprints import Fingerprints
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._link import Linker, Rules
from ansible_collections.tenantlink.stackone.plugins.module_utils._options import BulkOptions
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import Action
from ansible_collections.tenantlink.stackone.plugins.module_utils._progress import ProgressFile
from ansible_collections.tenantlink.stackone.plugins.module_utils._purge import check_limit, unlisted
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._sure import sure
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import State, Tenant
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import Scrubber
from ansible_collections.tenantlink.stackone.plugins.module_utils._unfinished import unfinished

READERS = 8
"""How many pages of a listing are read at a time: each is large, and a few at once are quick enough."""


@dataclass
class Job:
    """One entry on its way through the run. What its outcome says is scrubbed of its secrets already."""

    entry: Entry
    outcome: Outcome | None = None
    failure: Failure | None = None
    noted: bool = False
    """Whether the work on it has ended, well or not."""

    @property
    def failed(self) -> Failure | None:
        """Why this tenant is not as declared."""
        return self.entry.failure or self.failure or (self.outcome.failure if self.outcome else None)


@dataclass
class Report:
    """What came of a run. C(stopped) says why it ended early, C(failure) what went wrong apart from tenants."""

    jobs: list[Job]
    purged: list[Job] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    stopped: str | None = None
    failure: Failure | None = None


class Bulk:
    """Works through a list of tenants."""

    def __init__(
        self,
        exchange: Exchange,
        options: BulkOptions,
        stop: Stop,
        progress: ProgressFile,
        fingerprints: Fingerprints | None = None,
    ) -> None:
        self._exchange = exchange
        self._options = options
        self._stop = stop
        self._progress = progress
        self._tally = Tally(progress, stop, options.stop_after_failures)
        self._fingerprints = fingerprints
        self._crew = Crew(options.concurrency, stop, self._beat)
        self._readers = Crew(min(options.concurrency, READERS), stop, self._beat)
        self._clients = exchange.clients(Scrubber())

    @property
    def requests_sent(self) -> dict[str, int]:
        """Requests so far, by service."""
        return {service.value: count for service, count in self._exchange.http.sent.items()}

    @property
    def quota_seconds(self) -> float:
        """Seconds in which the run waited for StackOne's quota."""
        return self._exchange.api.quota.waited if self._exchange.api.quota else 0.0

    def run(self, jobs: list[Job]) -> Report:
        """Make StackOne match the declarations. Failures are part of the report.

        Raises Failed where the accounts could not even be listed: then nothing was changed.
        """
        report = Report(jobs)
        try:
            with during(Phase.OBSERVE):
                before = self._list([job.entry.tenant for job in jobs if job.entry.tenant])
            try:
                self._work(report, before)
            except Failed as error:
                report.failure = error.located(Phase.CONFIRM, "the run")
        except Stopped:
            pass
        self._progress.write(0.0, last=True)
        report.stopped = self._stop.reason
        if self._fingerprints and self._fingerprints.problem:
            report.warnings.append(self._fingerprints.problem)
        _account_for_the_rest(report)
        return report

    def _work(self, report: Report, before: Directory) -> None:
        self._apply(report.jobs, before)
        self._confirm(report.jobs, before)
        if self._options.purge and not self._stop.reason:
            try:
                self._purge(report, before)
            except Failed as error:
                report.failure = error.located(Phase.APPLY, "purge")
        if self._fingerprints and not self._options.check_mode:
            self._remember(report.jobs, before, self._fingerprints)

    def _beat(self) -> None:
        quota = self._exchange.api.quota
        self._progress.write(quota.wait_left if quota else 0.0)

    def _list(self, tenants: Sequence[Tenant]) -> Directory:
        directory = Directory(self._clients.stackone, self._readers.each)
        for provider, owners in owners_by_provider(tenants).items():
            directory.load(provider, expected=len(tenants))
            directory.look_again(provider, owners)
        return directory

    def _apply(self, jobs: Sequence[Job], before: Directory) -> None:
        for job in jobs:
            if job.entry.failure:
                self._note(job)
        self._crew.each_tenant(lambda group: self._apply_owner(group, before), _by_owner(jobs))

    def _apply_owner(self, group: Sequence[Job], before: Directory) -> None:
        """An owner's tenants one after the other, so that none takes what another made for its own."""
        made: frozenset[str] = frozenset()
        for job in group:
            tenant = job.entry.tenant
            if tenant is None or (job is not group[0] and self._stop.reason):
                continue
            job.outcome = outcome = Outcome(tenant, known=made)
            with self._linker(job, before) as linker:
                linker.apply(outcome)
            if outcome.created_id:
                made |= {outcome.created_id}
            if outcome.account and Action.DELETE in outcome.actions:
                before.forget(outcome.account)
            self._note(job)
        for job in group if len(group) > 1 else ():
            if job.outcome:
                job.outcome.known |= made

    def _note(self, job: Job) -> None:
        job.noted = True
        self._tally.note(bool(job.outcome and job.outcome.changed), job.failed)

    def _confirm(self, jobs: Sequence[Job], before: Directory) -> None:
        """All by the same listing: of everything, or of the owners alone where these are few."""
        waiting = [job for job in jobs if job.outcome and job.outcome.unconfirmed]
        for _poll in polls(self._clients.clock, self._options.confirm_timeout) if waiting else ():
            seen = self._list_again([job.entry.tenant for job in waiting if job.entry.tenant], len(before))
            waiting = self._unsettled(waiting, seen)
            if not waiting:
                return
        for job in waiting:
            with self._linker(job, before) as linker:
                linker.give_up(sure(job.outcome))

    def _unsettled(self, jobs: list[Job], seen: Directory) -> list[Job]:
        settled = self._crew.each(lambda job: self._settle(job, seen), jobs)
        return [job for job, done in zip(jobs, settled) if not done]

    def _settle(self, job: Job, seen: Directory) -> bool:
        with self._linker(job, seen) as linker:
            return linker.settle(sure(job.outcome), seen)
        return True

    @contextmanager
    def _linker(self, job: Job, seen: Directory) -> Iterator[Linker]:
        """Made for one use, and what it leaves is scrubbed and no more than needed: there may be ten thousand."""
        tenant, outcome = sure(job.entry.tenant), sure(job.outcome)
        scrubber = Scrubber(tenant.secrets)
        rules = Rules(self._options.check_mode, self._options.verify_link, listing_is_fresh=True)
        try:
            yield Linker(self._exchange.clients(scrubber), seen, rules, self._fingerprints)
        except Exception as error:
            # A defect that one tenant brings to light must not hide what came of the others.
            job.failure = defect(error).located(outcome.phase, tenant.name)
        finally:
            outcome.condense(scrubber)

    def _list_again(self, tenants: Sequence[Tenant], accounts: int) -> Directory:
        directory = Directory(self._clients.stackone, self._readers.each)
        few = len(tenants) < accounts and all(tenant.origin_owner_id for tenant in tenants)
        for provider, owners in owners_by_provider(tenants).items():
            if few:
                directory.load_owners(provider, owners)
            else:
                directory.load(provider, expected=accounts + len(tenants))
        return directory

    def _purge(self, report: Report, before: Directory) -> None:
        """Unlink what no entry stands for, as if it were declared absent. Raises Failed where that is too much."""
        entries = [job.entry for job in report.jobs]
        accounts = unlisted(before, entries, [job.outcome for job in report.jobs])
        check_limit(accounts, self._options.purge_limit, len(before))
        report.purged = [_purge_job(account) for account in accounts]
        self._progress.progress.total += len(accounts)
        self._apply(report.purged, before)
        with during(Phase.CONFIRM):
            self._confirm(report.purged, before)

    def _remember(self, jobs: Sequence[Job], before: Directory, fingerprints: Fingerprints) -> None:
        present = {account.id for account in before}
        for job in jobs:
            outcome = job.outcome
            if outcome and outcome.account and not outcome.failure and outcome.stores_declared:
                fingerprints.remember(outcome.tenant, outcome.account)
        fingerprints.save(present)


def _by_owner(jobs: Iterable[Job]) -> list[list[Job]]:
    groups: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        tenant = job.entry.tenant
        if tenant:
            owner = tenant.origin_owner_id or f"account {tenant.account_id}"
            groups.setdefault((tenant.provider.lower(), owner), []).append(job)
    return list(groups.values())


def _purge_job(account: Account) -> Job:
    tenant = Tenant(
        account.origin_owner_id, state=State.ABSENT, account_id=account.id, provider=account.provider, verify_key=False
    )
    return Job(Entry(0, tenant, None, None, account.origin_owner_id, account.id))


def _account_for_the_rest(report: Report) -> None:
    """Nothing is lost: who was not begun or not finished says so, and what was not confirmed is told."""
    jobs = report.jobs + report.purged
    for job in jobs:
        if job.outcome and not job.noted:
            job.outcome = unfinished(job.outcome, report.stopped)
        if job.outcome is None and job.failed is None:
            name = job.entry.tenant.name if job.entry.tenant else job.entry.name
            job.failure = not_begun(report.stopped).located(Phase.APPLY, name)
    unconfirmed = sum(bool(job.outcome and job.outcome.unconfirmed) for job in jobs)
    if unconfirmed:
        report.warnings.append(f"{unconfirmed} changes were made, but not confirmed; the next run looks at them.")
