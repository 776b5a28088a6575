# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many tenants in one run: list once, process them in parallel, confirm with one more listing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Callable

from .._clients.account import Account
from .._clients.directory import READERS, Directory, owners_by_provider
from .._clients.factory import ClientFactory
from .._core.clock import Stopped
from .._core.failure import Failed, Phase, during, require
from .._core.options import LinksOptions
from .._core.stop import StopSignal
from .._core.tenant import Tenant
from .._core.words import counted, was
from .._core.workers import WorkerPool
from .._link.actions import Action
from .._link.confirm import polls
from .._link.duplicates import survivor
from .._link.find import Found
from .._link.linker import Linker, Rules
from .._link.outcome import Observation, Outcome
from .batch import Batch, Tally
from .claims import DomainChanges, Unsettled, concerned
from .early_end import ended_early
from .finding import ListFinder
from .fingerprints import Fingerprints
from .found_jobs import by_owner, refuse_conflicts
from .guards import Guarded, still_duplicate, still_in_scope
from .link_jobs import LinkJob, Repair, repairs_of, unlink_job
from .linked_domains import LinkedDomains, shared_domains_warning
from .links_result import LinksResult
from .planning import UNPLANNED, Unplanned
from .progress import ProgressFile, waiting
from .purge import DUPLICATES, check_limit, unlisted


class Links:
    """Processes a list of tenants."""

    def __init__(
        self,
        factory: ClientFactory,
        options: LinksOptions,
        stop: StopSignal,
        progress: ProgressFile,
        fingerprints: Fingerprints | None = None,
        planning: Unplanned = UNPLANNED,
    ) -> None:
        self._factory = factory
        self._options = options
        self._stop = stop
        self._progress = progress
        self._fingerprints = fingerprints
        self._planning = planning
        self._pool = WorkerPool(options.concurrency, stop, self._on_tick)
        tally = Tally(progress, stop, options.stop_after_failures)
        self._batch = Batch(self._pool, stop, tally, Phase.APPLY)
        self._readers = WorkerPool(min(options.concurrency, READERS), stop, self._on_tick)
        self._clients = factory.clients()
        self._unsettled_jobs = Unsettled(())
        self._domains: LinkedDomains | None = None

    @property
    def requests_sent(self) -> dict[str, int]:
        """Return the requests so far, by service."""
        return {service.value: count for service, count in self._factory.http.requests_sent.items()}

    @property
    def quota_seconds(self) -> float:
        """Return the seconds for which the run waited for StackOne's quota."""
        return self._factory.api.quota.waited if self._factory.api.quota else 0.0

    def run(self, jobs: list[LinkJob], others: Sequence[LinkJob] = ()) -> LinksResult:
        """Make StackOne match the declarations. Failures are part of the report.

        `others` are declared as well, but not part of this run: what is theirs is left to them. Raises Failed if the accounts
        could not even be listed: then nothing was changed.
        """
        report = LinksResult(jobs)
        self._planning.admit(jobs)
        try:
            with during(Phase.OBSERVE):
                self._clients.stackone.confirm_project()
                known = [*jobs, *concerned(jobs, others)]
                before = self._list([job.tenant for job in known if job.tenant])
                finder = ListFinder(self._factory.readers, self._pool.map, before)
                finder.find(known)
            refuse_conflicts(jobs, others)
            self._domains = LinkedDomains(jobs, before, others)
            self._domains.refuse(jobs)
            report.shared_domains = self._domains.shared(jobs)
            self._unsettled_jobs = Unsettled((*jobs, *others), finder.find_other)
            try:
                self._work(report, before)
            except Failed as error:
                report.failure = error.located(Phase.CONFIRM, "the run")
        except Stopped:
            pass
        self._progress.write(last=True)
        if self._fingerprints and self._fingerprints.problem:
            report.warnings.append(self._fingerprints.problem)
        self._batch.close(report.everything)
        report.warnings += [*_warnings(report), *shared_domains_warning(report.shared_domains, report.unlinked_ids)]
        report.failure = report.failure or self._planning.failure()
        failures = [job.failure for job in report.everything if job.failure]
        report.ended = ended_early(self._stop, failures, report.purge_skipped)
        return report

    def _work(self, report: LinksResult, before: Directory) -> None:
        if self._options.resolve_duplicates:
            self._resolve_duplicates(report, before)
        self._note_siblings(report.jobs, before)
        for jobs in _in_turn(report.jobs):
            self._apply(jobs, before)
            self._confirm(jobs, before)
        report.purge_skipped = self._options.purge and self._stop.reason is not None
        if self._options.purge and not report.purge_skipped:
            try:
                self._purge(report, before)
            except Failed as error:
                report.failure = error.located(Phase.APPLY, "purge")
        if self._fingerprints and not self._options.check_mode:
            self._remember(report.jobs, before, self._fingerprints)

    def _on_tick(self) -> None:
        self._progress.write(waiting(self._factory.http, self._factory.api.quota))

    def _list(self, tenants: Sequence[Tenant]) -> Directory:
        directory = Directory(self._clients.stackone, self._readers.map, self._pool.map)
        directory.load_for(tenants, all_needed=self._options.purge)
        return directory

    def _resolve_duplicates(self, report: LinksResult, before: Directory) -> None:
        """Unlink all but one account of each link that has several. Nothing is unlinked if that would be too many."""
        found = self._readers.map(self._under_profile, repairs_of(report.jobs))
        repairs = self._planning.repairs([repair for repair in found if repair])
        try:
            self._check_duplicates(repairs, before)
        except Failed as error:
            report.failure = error.located(Phase.APPLY, "duplicates")
            return
        for repair in repairs:
            repair.job.found = repair.kept
        report.resolved = [
            self._duplicate_job(account, require(repair.kept.account))
            for repair in repairs
            for account in repair.unlinked
        ]
        self._unlink(report.resolved, before)

    def _under_profile(self, repair: Repair) -> Repair | None:
        """Keep an account under the declared connector profile, if there is one: the others would not match the declaration.

        Return `None` if that one does not work and another one does: then a person has to choose.
        """
        declared = require(repair.job.tenant).integration_id
        if not declared:
            return repair
        accounts = [require(repair.kept.account), *repair.unlinked]
        kept = survivor([account for account in accounts if self._profile_of(account) == declared])
        if kept is None:
            return repair
        if not kept.active and any(account.active for account in accounts):
            return None
        others = [account for account in accounts if account.id != kept.id]
        return replace(repair, kept=replace(repair.kept, account=kept), unlinked=others)

    def _check_duplicates(self, repairs: Sequence[Repair], before: Directory) -> None:
        if not self._planning.binding:
            accounts = [account for repair in repairs for account in repair.unlinked]
            check_limit(accounts, self._options.resolve_duplicates_limit, len(before), DUPLICATES)

    def _unlink(self, jobs: Sequence[LinkJob], before: Directory) -> None:
        self._progress.progress.total += len(jobs)
        self._apply(jobs, before)
        with during(Phase.CONFIRM):
            self._confirm(jobs, before)

    def _note_siblings(self, jobs: Sequence[LinkJob], before: Directory) -> None:
        for group in by_owner(jobs, before):
            for job in group if len(group) > 1 else ():
                job.siblings = group

    def _apply(self, jobs: Sequence[LinkJob], before: Directory) -> None:
        # Linked tenants come first: a StackOne that refuses new links must not stop them.
        groups = sorted(by_owner(jobs, before), key=lambda group: any(job.is_new for job in group))
        self._batch.run(jobs, lambda job: self._apply_one(job, before), groups)
        for job in jobs:
            if job.outcome and job.siblings:
                job.outcome.observe(other_ids=job.outcome.observed.other_ids | job.made_by_siblings)

    def _apply_one(self, job: LinkJob, before: Directory) -> None:
        """Apply one tenant. Accounts that were made for other tenants of its owner are not treated as its own."""
        job.result = outcome = Outcome(require(job.tenant), Observation(other_ids=job.made_by_siblings))
        with self._linker(job, before) as linker:
            linker.apply(outcome, lambda: self._found(job))
        if outcome.failure and not outcome.account:
            # It failed before its account was checked, which is as it was.
            outcome.account = job.account
        # There may be ten thousand of them, so they are not kept any longer.
        job.found = job.found if isinstance(job.found, Failed) else None
        if outcome.account and Action.DELETE in outcome.applied.actions:
            before.forget(outcome.account)

    def _found(self, job: LinkJob) -> Found:
        """Return the tenant's account. Raises Failed if it is not known, or if linking the tenant would overwrite another's."""
        found = job.take_found()
        for claim in job.claims:
            if self._options.check_mode:
                settled = claim.job.would_take(claim.account.id)
            else:
                shown = self._look(claim.account.id)
                settled = shown is None or shown.origin_owner_id != claim.account.origin_owner_id
            if not settled:
                raise claim.failure()
        return found

    def _confirm(self, jobs: Sequence[LinkJob], before: Directory) -> None:
        """Wait until what was applied shows; at the end, repeat once each request that got no answer and made no account."""
        pending = self._wait([job for job in jobs if job.outcome and job.outcome.unconfirmed], len(before))
        repeated = self._step(pending, before, lambda linker, outcome: linker.try_again(outcome))
        self._wait([job for job, again in zip(pending, repeated) if again], len(before))
        self._step(pending, before, lambda linker, outcome: linker.give_up(outcome))

    def _wait(self, pending: list[LinkJob], accounts: int) -> list[LinkJob]:
        """Check all jobs by the same listing, until none is left to wait for or time is up; return those that are left."""
        if not pending:
            return []
        for _poll in polls(self._clients.clock, self._options.confirm_timeout):
            seen = self._list_again(pending, accounts)
            pending = self._unsettled(pending, seen)
            if not pending:
                break
        return pending

    def _unsettled(self, jobs: list[LinkJob], seen: Directory) -> list[LinkJob]:
        settled = self._step(jobs, seen, lambda linker, outcome: linker.settle(outcome, seen))
        # A job that met a defect is settled as well.
        return [job for job, done in zip(jobs, settled) if done is False]

    def _step(
        self, jobs: Sequence[LinkJob], seen: Directory, do: Callable[[Linker, Outcome], bool | None]
    ) -> list[Any]:
        """Return what a step returns for each job. Raises Stopped."""

        def work(job: LinkJob) -> bool | None:
            with self._linker(job, seen) as linker:
                return do(linker, require(job.outcome))

        return self._batch.step(jobs, work)

    @contextmanager
    def _linker(self, job: LinkJob, seen: Directory) -> Iterator[Linker]:
        """Make a linker for one use, and keep no more than needed afterwards: there may be ten thousand outcomes."""
        rules = Rules(self._options.check_mode, self._options.verify_link, listing_is_fresh=True)
        try:
            approval = DomainChanges(job.approval, lambda account, stored: self._kept_domain(job, account, stored))
            yield Linker(self._factory.clients(), seen, rules, self._fingerprints, approval)
        finally:
            require(job.outcome).drop_details()

    def _kept_domain(self, job: LinkJob, account: Account, stored: str | None) -> Failed | None:
        """Return why an account that stores a domain must not get the one that a tenant declares."""
        claim = self._unsettled_jobs.claim(account, stored)
        if claim:
            return claim.failure()
        return self._domains.conflict(job) if stored and self._domains else None

    def _list_again(self, pending: Sequence[LinkJob], accounts: int) -> Directory:
        directory = Directory(self._clients.stackone, self._readers.map)
        tenants = [require(job.tenant) for job in pending]
        few = len(tenants) < accounts and all(tenant.origin_owner_id for tenant in tenants)
        for provider, owners in owners_by_provider(tenants).items():
            if few:
                directory.load_owners(provider, owners)
            else:
                directory.load(provider, accounts + len(tenants))
                directory.load_owners(provider, _disturbed(pending, directory))
        return directory

    def _purge(self, report: LinksResult, before: Directory) -> None:
        """Unlink the accounts that no entry stands for, as if declared absent. Raises Failed if they are too many."""
        undeclared = unlisted(before, report.jobs, gone=report.resolved)
        accounts = self._in_scope(undeclared)
        if self._planning.binding:
            self._purge_accounts(report, self._planning.purges(accounts, before), before)
            return
        outside = {account.id for account in undeclared} - {account.id for account in accounts}
        scope = self._options.purge_scope
        counted_in = [
            each for each in before if each.id not in outside and scope.matches(each.label, each.origin_owner_id)
        ]
        check_limit(accounts, self._options.purge_limit, len(counted_in))
        self._purge_accounts(report, accounts, before)

    def _purge_accounts(self, report: LinksResult, accounts: Sequence[Account], before: Directory) -> None:
        report.purged = [self._purge_job(account) for account in accounts]
        self._unlink(report.purged, before)

    def _purge_job(self, account: Account) -> LinkJob:
        approval = self._planning.approval(account)
        if not self._options.check_mode and not approval.binding:
            approval = Guarded(approval, still_in_scope(self._options.purge_scope))
        return unlink_job(account, approval)

    def _duplicate_job(self, account: Account, kept: Account) -> LinkJob:
        approval = self._planning.approval(account)
        if not self._options.check_mode:
            approval = Guarded(approval, still_duplicate(self._look, kept, account))
        return unlink_job(account, approval, duplicate_of=kept.id)

    def _look(self, account_id: str) -> Account | None:
        stackone, _hub = self._factory.readers()
        return stackone.account(account_id)

    def _in_scope(self, accounts: Sequence[Account]) -> list[Account]:
        """Return the accounts inside the scope of the purge. One whose connector profile is not shown is outside."""
        scope = self._options.purge_scope
        inside = [account for account in accounts if scope.matches(account.label, account.origin_owner_id)]
        if scope.profiles is None:
            return inside
        profiles = self._readers.map(self._profile_of, inside)
        return [account for account, profile in zip(inside, profiles) if profile in scope.profiles]

    def _profile_of(self, account: Account) -> str | None:
        stackone, hub = self._factory.readers()
        return hub.view(stackone.edit_session(account, None), account.id).integration_id

    def _remember(self, jobs: Sequence[LinkJob], before: Directory, fingerprints: Fingerprints) -> None:
        # An empty list of tenants lists nothing, which says nothing about the accounts of others.
        present = {account.id for account in before} if before.complete and len(before) else None
        for job in jobs:
            outcome = job.outcome
            if outcome and outcome.account and not outcome.failure and outcome.stores_declared:
                fingerprints.remember(outcome.tenant, outcome.account, outcome.observed.profile)
        fingerprints.save(present)


def _in_turn(jobs: Sequence[LinkJob]) -> list[list[LinkJob]]:
    """Return the jobs, and apart from them those that wait until other entries have taken accounts away."""
    waiting = [job for job in jobs if job.claims]
    return [[job for job in jobs if not job.claims], *([waiting] if waiting else [])]


def _disturbed(pending: Iterable[LinkJob], seen: Directory) -> list[str]:
    """Return the owners of new accounts that must be listed by themselves, if the listing shows concurrent changes.

    Deletions by others move its pages while these are read, and an account that moves can be missed.
    """
    new = [job for job in pending if job.outcome and job.outcome.applied.creation]
    owners = {require(job.tenant).origin_owner_id or "": require(job.tenant).provider for job in new}
    shown = [len(seen.accounts(provider, owner)) for owner, provider in owners.items()]
    return list(owners) if any(count != 1 for count in shown) else []


def _warnings(report: LinksResult) -> Iterator[str]:
    """Yield everything that a person should know although it is not a failure."""
    still_linked = [job.name for job in report.jobs if job.outcome and job.outcome.observed.still_linked]
    if still_linked:
        listed = ", ".join(still_linked[:5]) + (", ..." if len(still_linked) > 5 else "")
        have = "has" if len(still_linked) == 1 else "have"
        yield (
            f"{counted(len(still_linked), 'tenant')} declared absent {have} no such account, but still {have} others: {listed}."
            " The results name them."
        )
    unconfirmed = sum(bool(job.outcome and job.outcome.unconfirmed and not job.failure) for job in report.everything)
    if unconfirmed:
        yield f"{counted(unconfirmed, 'change')} {was(unconfirmed)} made, but not confirmed; the next run checks again."
