# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run over a list may do: whatever the declarations ask for, nothing but drafting a plan, or exactly a plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .._clients.account import Account
from .._core.failure import Failure, Phase, require
from .._core.options import LinksOptions
from .._core.tenant import invalid_argument
from .._core.text import Scrubber
from .._core.times import iso_time
from .._core.words import counted, was
from .._link.actions import Action
from .._link.approval import ANY_PLAN, AnyPlan, Approval
from .._link.plan import Plan
from .._module.connection_params import stackone_url_from
from .entries import Entry
from .link_jobs import LinkJob, Repair
from .links_result import LinksResult
from .list_run import ListRun
from .saved_plan import OBSERVED, PlanFile, SavedPlan, Step, observed, planned, stale, step_in

NAMED = 5

DONE = {
    Action.CREATE.value: "linked",
    Action.RELINK.value: "re-linked",
    Action.UPDATE.value: "updated",
    Action.DELETE.value: "unlinked",
}


class Unplanned:
    """A run without a plan: its declarations and limits decide."""

    binding = False
    """Whether the plan alone decides which accounts are unlinked."""

    def options(self, options: LinksOptions) -> LinksOptions:
        """Return the options of the run."""
        return options

    def admit(self, jobs: Sequence[LinkJob]) -> None:
        """Give each job its approval."""

    def approval(self, account: Account) -> Approval:
        """Return the approval for unlinking an account that no tenant stands for, or that is a duplicate."""
        return ANY_PLAN

    def repairs(self, repairs: Sequence[Repair]) -> list[Repair]:
        """Return the repairs that may be made."""
        return list(repairs)

    def purges(self, undeclared: Sequence[Account], existing: Iterable[Account]) -> list[Account]:
        """Return the accounts that may be purged."""
        return list(undeclared)

    def failure(self) -> Failure | None:
        """Return what the plan holds that the list does not."""
        return None


UNPLANNED = Unplanned()


class Drafting(Unplanned):
    """A run that changes nothing, and notes what it would do."""

    def __init__(self, file: PlanFile, draft: SavedPlan, scrubber: Scrubber) -> None:
        self._file = file
        self._draft = draft
        self._scrubber = scrubber
        self._declared: dict[int, str] = {}

    def options(self, options: LinksOptions) -> LinksOptions:
        """Return the options of a run that changes nothing."""
        return replace(options, check_mode=True)

    def admit(self, jobs: Sequence[LinkJob]) -> None:
        """Let each job note its plan."""
        for job in jobs:
            job.approval = _Noted()
            if job.tenant:
                self._declared[id(job)] = self._file.fingerprint(self._draft.salt, job.tenant)

    def approval(self, account: Account) -> Approval:
        """Return an approval that notes the plan."""
        return _Noted()

    def saved(self, result: LinksResult) -> bool:
        """Write what was noted for the jobs of a run, without secrets. Return whether that was possible. Raises Failed.

        A run that ended early does not know about every tenant.
        """
        if result.ended:
            result.warnings.append("No plan was written, because the run ended early.")
            return False
        tenants, duplicates, purged = map(self._steps, (result.jobs, result.resolved, result.purged))
        self._file.write(replace(self._draft, tenants=tenants, duplicates=duplicates, purged=purged))
        return True

    def _steps(self, jobs: Iterable[LinkJob]) -> list[Step]:
        return [_scrubbed(self._step(job), self._scrubber) for job in jobs]

    def _step(self, job: LinkJob) -> Step:
        noted = job.approval.made if isinstance(job.approval, _Noted) else {}
        failure = job.failure
        step = Step(
            job.tenant.domain if job.tenant else job.entry.domain,
            job.entry.origin_owner_id,
            job.entry.account_id,
            declared=self._declared.get(id(job)),
            duplicate_of=job.duplicate_of,
            failure=_shown(failure) if failure else None,
        )
        step = step if failure or not noted else replace(step, **noted)
        return replace(step, reasons=(job.reason,)) if job.reason and step.actions else step


class Planned(Unplanned):
    """A run that carries out a plan, and nothing else."""

    binding = True

    def __init__(
        self,
        file: PlanFile,
        plan: SavedPlan,
        scrubber: Scrubber,
        purge_allowed: bool = True,
        resolve_allowed: bool = True,
    ) -> None:
        self._file = file
        self._plan = plan
        self._purge_allowed = purge_allowed
        self._resolve_allowed = resolve_allowed
        self._whole_list = False
        self._scrubber = scrubber
        self._missing: list[Step] = []
        self._spared: list[Account] = []
        self._unlinks = {step.account_id: step for step in (*plan.duplicates, *plan.purged) if step.actions}

    def options(self, options: LinksOptions) -> LinksOptions:
        """Return the options of a run that unlinks what the plan says, besides its tenants."""
        resolve = bool(self._plan.duplicates) and self._resolve_allowed
        return replace(options, purge=bool(self._plan.purged), resolve_duplicates=resolve)

    def admit(self, jobs: Sequence[LinkJob]) -> None:
        """Bind each job to its step. A job without one fails, and is not worked on."""
        steps = {step.declared: step for step in self._plan.tenants if step.declared}
        unknown = []
        for job in jobs:
            step = steps.pop(self._file.fingerprint(self._plan.salt, job.tenant), None) if job.tenant else None
            if step:
                job.approval = _Bound(step, self._scrubber)
            elif job.tenant:
                unknown.append(job)
        customers = {_customer(step) for step in self._plan.tenants}
        for job in unknown:
            _refuse(job, known=_customer(job.entry) in customers)
        refused = {_customer(job.entry) for job in unknown}
        self._missing = [step for step in steps.values() if step.actions and _customer(step) not in refused]
        unsound = sum(job.tenant is None for job in jobs) - len(unknown)
        same = not unknown and not steps and unsound == sum(step.declared is None for step in self._plan.tenants)
        self._whole_list = same and self._purge_allowed

    def approval(self, account: Account) -> Approval:
        """Bind the unlinking of an account to its step."""
        return _Bound(self._unlinks[account.id], self._scrubber)

    def repairs(self, repairs: Sequence[Repair]) -> list[Repair]:
        """Return the repairs that are planned. A tenant with other duplicates than planned fails."""
        approved = []
        for repair in repairs:
            kept = require(repair.kept.account).id
            steps = {step.account_id for step in self._plan.duplicates if step.duplicate_of == kept}
            if steps == {account.id for account in repair.unlinked}:
                approved.append(repair)
            elif steps:
                repair.job.found = stale("its duplicates are no longer those of the plan.", phase=Phase.OBSERVE)
        return approved

    def purges(self, undeclared: Sequence[Account], existing: Iterable[Account]) -> list[Account]:
        """Return the accounts that are planned to be purged, still exist, and may still be purged: those in `undeclared`.

        Which accounts belong to none depends on the whole list, so there are none if it is another one than planned.
        """
        steps = {step.account_id for step in self._plan.purged if step.actions}
        approved = {account.id for account in undeclared} if self._whole_list else set()
        found = [account for account in existing if account.id in steps]
        self._spared = [account for account in found if account.id not in approved]
        return [account for account in found if account.id in approved]

    def failure(self) -> Failure | None:
        """Return which tenants of the plan are missing from the list, and which of its accounts belong to the list."""
        problems = []
        if self._missing:
            missing = counted(len(self._missing), "tenant")
            names = _listed([step.name for step in self._missing])
            left = f"{was(len(self._missing))} left alone"
            problems.append(f"{missing} of the plan {_is(self._missing)} not in the list, and {left}: {names}.")
        if self._spared:
            spared = counted(len(self._spared), "account")
            names = _listed([f"{account.id} (owner {account.origin_owner_id})" for account in self._spared])
            why = (
                "the list may mean them, or they are outside purge_scope"
                if self._whole_list
                else "the list is not, or not all of, the list of the plan"
            )
            if not self._purge_allowed:
                why = "purge is false, or this run is only over a part of the list"
            problems.append(f"{spared} to purge {_is(self._spared)} not purged, because {why}: {names}.")
        return stale(" ".join(problems)).located(Phase.ARGUMENTS, "plan") if problems else None


def planning_of(run: ListRun) -> Unplanned:
    """Return how a run relates to a plan, by its parameters. Raises Failed (invalid_argument, plan_stale)."""
    params = run.module.params
    carried_out, drafted = params["plan"], params["save_plan"]
    if not carried_out and not drafted:
        return UNPLANNED
    if carried_out and drafted:
        raise invalid_argument("plan and save_plan exclude each other: a run carries out a plan, or makes one.")
    file = PlanFile(carried_out or drafted, params["stackone_api_key"].strip(), stackone_url_from(params))
    if carried_out:
        allowed = {name: params[name] is not False for name in ("purge", "resolve_duplicates")}
        return Planned(file, file.read(), run.scrubber, allowed["purge"], allowed["resolve_duplicates"])
    file.clear()
    return Drafting(file, file.new(iso_time(run.connect().clock.now())), run.scrubber)


class _Noted(AnyPlan):
    """Accepts a plan and keeps what it decides."""

    __slots__ = ("made",)

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}

    def check(self, account: Account | None, plan: Plan) -> None:
        self.made = planned(account, plan)


class _Bound:
    """Accepts only the plan of a step. What needs nothing any more is accepted as well."""

    __slots__ = ("_scrubber", "_step")
    binding = True

    def __init__(self, step: Step, scrubber: Scrubber) -> None:
        self._step = step
        self._scrubber = scrubber

    def check(self, account: Account | None, plan: Plan) -> None:
        if not plan.actions:
            return
        now = _scrubbed(replace(Step(None, None), **planned(account, plan)), self._scrubber)
        why = _difference(self._step, now)
        if why:
            raise stale(f"{why}, so nothing was done.", phase=Phase.OBSERVE)

    def confirm(self, account: Account) -> None:
        now = _scrubbed(Step(None, None, account.id, account=observed(account)), self._scrubber)
        why = _changed(self._step, now)
        if why:
            raise stale(f"{why}, so nothing was done.", phase=Phase.OBSERVE)


def _is(items: Sequence[Any]) -> str:
    return "is" if len(items) == 1 else "are"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")


def _shown(failure: Failure) -> dict[str, Any]:
    return {"code": failure.code.value, "message": failure.message, "remediation": failure.remediation}


def _difference(step: Step, now: Step) -> str | None:
    """Return how the current plan differs from the saved step, in words; `None` if it does not."""
    if not step.actions:
        before = f"could not be planned ({step.failure['code']})" if step.failure else "needed no change"
        return f"it {before} when the plan was made, and would be {DONE[now.actions[0]]} now"
    if step.account_id != now.account_id:
        was_account, is_account = (f"account {each.account_id}" if each.account_id else "none" for each in (step, now))
        return f"its account was {was_account} when the plan was made, and is {is_account} now"
    changed = _changed(step, now)
    if changed:
        return changed
    if (step.actions, step.changes, step.new_account) != (now.actions, now.changes, now.new_account):
        return f"it would be {DONE[now.actions[0]]} now with other values than planned ({_names(step, now)})"
    return None


def _changed(step: Step, now: Step) -> str | None:
    """Say how the observed account has changed; `None` if it has not."""
    for name in OBSERVED:
        former, current = ((each.account or {}).get(name) for each in (step, now))
        if current != former:
            sides = f"{name} was {former or 'unset'}, and is {current or 'unset'}"
            return f"account {step.account_id} has changed since the plan was made ({sides})"
    return None


def _names(step: Step, now: Step) -> str:
    sides = [({**each.changes, **(each.new_account or {})}) for each in (step, now)]
    names = sorted(name for name in {*sides[0], *sides[1]} if sides[0].get(name) != sides[1].get(name))
    return ", ".join(names) or ", ".join(now.actions)


def _scrubbed(step: Step, scrubber: Scrubber) -> Step:
    return replace(step_in(scrubber.scrub({**step.as_dict(), "declared": None})), declared=step.declared)


def _customer(declared: Step | Entry) -> str:
    """Return what is the same for two declarations of one customer, even if they differ in everything else."""
    return f"owner {declared.origin_owner_id}" if declared.origin_owner_id else f"account {declared.account_id}"


def _refuse(job: LinkJob, known: bool) -> None:
    """Let a job fail whose declaration is not one of the plan's. `known` says whether the customer is in the plan."""
    why = "its declaration or key has changed since the plan was made" if known else "it is not in the plan"
    failure = stale(f"{why}, so nothing was done.").located(Phase.ARGUMENTS, job.name)
    job.entry = replace(job.entry, tenant=None, failure=failure)
