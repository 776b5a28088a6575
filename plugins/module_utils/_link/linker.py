# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe, plan, apply, confirm: the way of one tenant from its declaration to its outcome."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Callable

from .._clients.account import Account
from .._clients.factory import Clients
from .._clients.freshservice import Agent
from .._clients.hub import Sent
from .._clients.key_status import KeyStatus
from .._clients.profiles import ProfileDrift
from .._clients.stackone import ConnectSession
from .._core.clock import Stopped
from .._core.failure import Failed, Phase, defect, during, interrupted, require
from .._core.options import VerifyLink
from .._core.tenant import State, Tenant, invalid_argument
from .actions import Action, AgentChange
from .approval import ANY_PLAN, Approval
from .confirm import Confirmer, polls
from .duplicates import first_made, made_by
from .find import AccountSource, Finder, Found
from .found_notes import note_found, note_still_linked
from .inspection import CredentialCache, Inspection, Inspector
from .outcome import Creation, Outcome
from .plan import Plan, agent_change, drift, key_missing, plan_absent, plan_create, plan_present, replacing
from .profile_change import ProfileChanger
from .selection import check_pinned
from .status import BROKEN
from .unchanged import account_not_shown
from .unclear import create_uncertain
from .verify import Answerer, mismatch, verify
from .writer import Writer


@dataclass(frozen=True)
class Rules:
    """How tenants are linked.

    If `listing_is_fresh`, the Hub need not be asked for an account that no listing shows.
    """

    check_mode: bool = False
    verify_link: VerifyLink = VerifyLink.STATUS
    listing_is_fresh: bool = False


class Linker:
    """Links and unlinks tenants. Failures become part of the outcome; nothing is raised."""

    def __init__(
        self,
        clients: Clients,
        accounts: AccountSource,
        rules: Rules,
        cache: CredentialCache | None = None,
        approval: Approval = ANY_PLAN,
    ) -> None:
        self._clients = clients
        self._rules = rules
        self._approval = approval
        self._inspector = Inspector(clients, cache)
        self._writer = Writer(clients.stackone, clients.hub)
        self._profile_changer = ProfileChanger(self._writer, self._inspector)
        self._finder = Finder(clients.stackone, clients.hub, accounts)
        self._confirmer = Confirmer(clients, patient=rules.verify_link is not VerifyLink.NONE)

    def run(self, outcome: Outcome, confirm_timeout: float) -> Outcome:
        """Make StackOne match the declaration of the outcome's tenant, and wait until it does."""
        with _located(outcome), during(Phase.OBSERVE):
            self._clients.stackone.confirm_project()
        if outcome.failure:
            return outcome
        self.apply(outcome)
        self._wait(outcome, confirm_timeout)
        if self.try_again(outcome):
            self._wait(outcome, confirm_timeout)
        self.give_up(outcome)
        return outcome

    def find(self, tenant: Tenant, left_out: frozenset[str] = frozenset()) -> Found:
        """Return the tenant's account, if it has one; see `Finder.find`. Raises Failed."""
        return self._finder.find(tenant, left_out)

    def apply(self, outcome: Outcome, find: Callable[[], Found] | None = None) -> None:
        """Do what must be done for one tenant, up to its confirmation.

        `find` returns the tenant's account, or raises Failed, if an earlier step has searched for it already.
        """
        with _located(outcome):
            if outcome.tenant.state is State.ABSENT:
                self._unlink(outcome, find or (lambda: self.find(outcome.tenant)))
            else:
                self._link(outcome, find or (lambda: self.find(outcome.tenant)))

    def settle(self, outcome: Outcome, seen: AccountSource) -> bool:
        """Compare an outcome once with what StackOne shows; return whether there is nothing more to wait for.

        What StackOne did not keep is sent once more, and an account that lost against another run's is unlinked.
        """
        done = True
        with _located(outcome):
            done = not outcome.unconfirmed or (
                self._settle_creation(outcome, seen) and self._confirmer.check(outcome, seen)
            )
            if done and outcome.applied.credentials_sent and self._rules.verify_link is VerifyLink.CALL:
                self._prove_sent(outcome)
            if done and outcome.unconfirmed:
                self._profile_changer.finish(outcome)
        outcome.confirmed = done and outcome.failure is None
        return done

    def try_again(self, outcome: Outcome) -> bool:
        """Repeat a request to link that got no answer, if no account has appeared; return whether it was repeated.

        It is repeated once, and only if that cannot make a second account: never if the owner may have several, and never
        while StackOne may still be working on it.
        """
        lost = outcome.lost
        if not outcome.unconfirmed or not lost or outcome.tenant.allow_multiple:
            return False
        creation = require(outcome.applied.creation)
        if creation.duplicates or creation.attempts > 1 or lost.late or lost.sent is not Sent.UNCERTAIN:
            return False
        with _located(outcome):
            outcome.enter(Phase.APPLY)
            self._create_again(outcome)
            outcome.enter(Phase.CONFIRM)
        return outcome.failure is None

    def give_up(self, outcome: Outcome) -> None:
        """Set why an outcome did not come true in time, if it did not."""
        with _located(outcome):
            failed = self._confirmer.give_up(outcome) if outcome.unconfirmed else None
            if failed:
                raise failed
            if outcome.unconfirmed:
                self._profile_changer.finish(outcome)
            outcome.confirmed = outcome.confirmed or outcome.unconfirmed

    def _wait(self, outcome: Outcome, timeout: float) -> None:
        if not outcome.unconfirmed:
            return
        with _located(outcome):
            for _poll in polls(self._clients.clock, timeout):
                if self.settle(outcome, self._clients.stackone):
                    return

    def _settle_creation(self, outcome: Outcome, seen: AccountSource) -> bool:
        """Settle which account of the link is kept, if others made some at the same time; return whether that is done.

        Of several, the one that was made first is kept. A run unlinks only the account that it made itself, and only if
        that is not the first; then it adopts the first one.
        """
        creation = outcome.applied.creation
        if creation is None:
            return True
        accounts = self._created_and_duplicates(outcome, creation, seen)
        if creation.lost or len(accounts) < 2:
            return not creation.lost
        made = require(outcome.account)
        first = first_made(accounts)
        if first and first.id != made.id and made_by(creation, made):
            self._yield_to(outcome, made, first)
            return not outcome.unconfirmed
        return False

    def _created_and_duplicates(self, outcome: Outcome, creation: Creation, seen: AccountSource) -> list[Account]:
        lost = creation.lost
        try:
            return self._confirmer.record_created(outcome, seen)
        except (Failed, Stopped):
            if lost and creation.lost:
                raise create_uncertain(lost, "and it is not known whether it made an account") from None
            raise

    def _yield_to(self, outcome: Outcome, made: Account, first: Account) -> None:
        outcome.enter(Phase.APPLY)
        self._writer.delete(outcome.tenant, made)
        outcome.applied.undo_creation()
        outcome.warnings.append(
            f"The tenant was linked as account {first.id} as well, by somebody else or by a request that was repeated. That one is"
            f" kept; account {made.id} of this run was unlinked again."
        )
        self._take_over(outcome, first.id)

    def _create_again(self, outcome: Outcome) -> None:
        username = self._username(outcome)
        session = self._writer.open_session(outcome.tenant, username)
        # A listing may lag behind; the Hub's own identity rule does not (S51).
        existing = self._clients.hub.existing_account_id(session)
        if existing:
            account = self._stored_account(outcome.tenant, existing)
            self._confirmer.adopt_lost(outcome, account)
            return
        form, session = self._writer.form_for(outcome.tenant, username, session)
        self._writer.create(outcome, form, session, username)

    def _link(self, outcome: Outcome, find: Callable[[], Found]) -> None:
        tenant = outcome.tenant
        if tenant.verify_key and not tenant.keyless:
            self._check_key(outcome)
        elif self._rules.verify_link is VerifyLink.CALL and not tenant.keyless:
            raise invalid_argument("verify_link: call needs verify_key, to know whose key it is.")
        outcome.enter(Phase.OBSERVE)
        found = find()
        note_found(outcome, found)
        if found.account:
            self._converge(outcome, found.account)
        else:
            outcome.observe(other_ids=outcome.observed.other_ids | found.ids)
            self._create(outcome)

    def _check_key(self, outcome: Outcome) -> None:
        check = self._clients.freshservice.check_tenant(outcome.tenant)
        outcome.observe_check(check)
        if check.status is not KeyStatus.VALID:
            raise check.failed()

    def _unlink(self, outcome: Outcome, find: Callable[[], Found]) -> None:
        outcome.enter(Phase.OBSERVE)
        tenant, applied = outcome.tenant, outcome.applied
        found = find()
        account = outcome.account = found.account
        note_found(outcome, found)
        if account is None and found.candidates:
            note_still_linked(outcome, found)
        applied.plan = plan_absent(tenant, account)
        self._approval.check(account, applied.plan)
        if account is None or self._rules.check_mode:
            applied.note_planned(applied.plan)
            return
        outcome.enter(Phase.APPLY)
        if self._writer.delete(tenant, account, self._approval):
            applied.actions.append(Action.DELETE)
            outcome.enter(Phase.CONFIRM)
        else:
            outcome.account = None

    def _converge(self, outcome: Outcome, account: Account) -> None:
        outcome.account = account
        seen = self._inspector.inspect(outcome.tenant, account)
        moved = outcome.observe_profile(seen.profile)
        if outcome.tenant.integration_id and seen.view and not seen.profile:
            outcome.warnings.append(
                f"StackOne does not show the connector profile of account {account.id}, so it may be another one than declared."
            )
        if self._rules.verify_link is VerifyLink.CALL and outcome.agent:
            seen = self._inspector.prove(outcome.tenant, account, outcome.agent, seen)
            outcome.verified = seen.verified
        outcome.observe(stored=seen.stored, was_broken=account.status in BROKEN)
        plan = plan_present(outcome.tenant, account, seen.stored, moved, self._clients.stackone.scrubber)
        plan = plan.replacing(outcome.observed.replaced)
        self._inspector.check_fields(outcome.tenant, account, seen, moved)
        self._approval.check(account, plan)
        outcome.applied.plan = plan
        outcome.warnings += plan.warnings
        if seen.hub_missing:
            outcome.warnings.append(
                "This StackOne does not offer the Hub API, so it is not known which domain and API key the account stores."
            )
        if Action.RELINK in plan.actions:
            self._note_agent_change(outcome, account, seen.agent)
        self._carry_out(outcome, account, plan, seen, moved)

    def _carry_out(
        self, outcome: Outcome, account: Account, plan: Plan, seen: Inspection, moved: ProfileDrift | None
    ) -> None:
        """Do what a plan says with an account; in check mode, only note it."""
        if self._approval.binding and plan.actions:
            # Somebody may have changed it since the accounts were listed.
            self._approval.confirm(self._stored_account(replace(outcome.tenant, origin_owner_id=None), account.id))
        if Action.CREATE in plan.actions:
            self._replace(outcome, account, plan)
            return
        if self._rules.check_mode or not plan.actions:
            outcome.applied.note_planned(plan)
            return
        outcome.enter(Phase.APPLY)
        changes, session = plan.changes, seen.session
        if "origin_owner_id" in changes:
            account = self._writer.move(outcome, account)
            changes, session = drift(outcome.tenant, account), None
        if Action.RELINK in plan.actions:
            session = session or self._writer.edit_session(outcome.tenant, account)
            view = seen.view or self._clients.hub.view(session, account.id)
            self._writer.relink(outcome, account, session, view, moved)
        if changes:
            self._writer.change(outcome, account, changes)
        outcome.enter(Phase.CONFIRM)

    def _replace(self, outcome: Outcome, account: Account, plan: Plan) -> None:
        """Link the tenant as a new account, under the declared profile. The former one is unlinked once that works."""
        outcome.observe(replaced=(account,), other_ids=outcome.observed.other_ids | {account.id})
        if self._rules.check_mode:
            outcome.applied.note_planned(plan)
            return
        outcome.tenant = replacing(outcome.tenant, account, self._clients.stackone.scrubber)
        outcome.account = None
        outcome.enter(Phase.APPLY)
        self._profile_changer.link_new(outcome, account, self._username(outcome))
        outcome.enter(Phase.CONFIRM)

    def _prove_sent(self, outcome: Outcome) -> None:
        """Call through the account. Raises Failed(link_mismatch) if the key that was sent is not the one that works."""
        account, agent = require(outcome.account), require(outcome.agent)
        result = verify(self._clients.stackone, account, agent)
        outcome.verified = result.answerer is Answerer.SAME
        if not outcome.verified:
            raise mismatch(account, result, agent)

    def _note_agent_change(self, outcome: Outcome, account: Account, before: Agent | None) -> None:
        agent = outcome.agent
        change = agent_change(outcome.tenant, account, agent, before)
        outcome.observe(agent_change=change)
        if change is AgentChange.OTHER and agent:
            former = before.name_or_id if before else account.origin_username
            outcome.warnings.append(
                f"The key belongs to another agent than before: {agent.name_or_id}, formerly {former}."
            )

    def _create(self, outcome: Outcome) -> None:
        tenant = outcome.tenant
        if tenant.keyless:
            raise key_missing("this tenant has no account yet")
        username = self._username(outcome)
        plan = plan_create(tenant, username)
        self._approval.check(None, plan)
        if self._rules.check_mode:
            outcome.applied.note_planned(plan)
            return
        outcome.enter(Phase.APPLY)
        session: ConnectSession | None = None
        if not (tenant.allow_multiple or self._rules.listing_is_fresh):
            session = self._writer.open_session(tenant, username)
            existing = self._clients.hub.existing_account_id(session)
            if existing:
                # The listing did not show it yet, but the Hub knows an account of this owner (S51).
                self._take_over(outcome, existing)
                return
        form, session = self._writer.form_for(tenant, username, session)
        outcome.applied.plan = plan
        self._writer.create(outcome, form, session, username)
        outcome.enter(Phase.CONFIRM)

    def _take_over(self, outcome: Outcome, account_id: str) -> None:
        """Adopt an account that somebody else linked, as if it had been found at the start."""
        outcome.enter(Phase.OBSERVE)
        self._converge(outcome, self._stored_account(outcome.tenant, account_id))

    def _stored_account(self, tenant: Tenant, account_id: str) -> Account:
        """Return an account that StackOne named, seen under its id and known to be this tenant's."""
        account = self._clients.stackone.account(account_id)
        if account is None:
            raise account_not_shown(account_id)
        check_pinned(tenant, account)
        return account

    def _username(self, outcome: Outcome) -> str | None:
        return outcome.tenant.origin_username or (outcome.agent.email if outcome.agent else None)


@contextmanager
def _located(outcome: Outcome) -> Iterator[None]:
    """Turn an exception into the outcome's failure."""
    try:
        yield
    except Failed as error:
        outcome.fail(error)
    except Stopped as stop:
        outcome.fail(interrupted(str(stop), uncertain=outcome.lost is not None))
    except Exception as error:
        outcome.fail(defect(error))
