# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe, plan, apply, confirm: one tenant's way from what is declared to what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from ansible_collections.tenantlink.stackone.plugins.module_utils._apply import Outcome, Writer
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients import Clients
from ansible_collections.tenantlink.stackone.plugins.module_utils._confirm import (
    BROKEN,
    Confirmer,
    polls,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import RUN_AGAIN, Failed, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._find import Finder, Observed, account_not_found
from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import Agent, KeyStatus
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._hub import AccountView
from ansible_collections.tenantlink.stackone.plugins.module_utils._options import VerifyLink
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import (
    Action,
    AgentChange,
    Stored,
    StoredKey,
    agent_change,
    check_pinned,
    compare_stored,
    plan_absent,
    plan_create,
    plan_present,
    stored_domain,
    stored_drift,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import Account, ConnectSession
from ansible_collections.tenantlink.stackone.plugins.module_utils._sure import sure
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import (
    State,
    Tenant,
    UpdateCredentials,
    invalid_argument,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._verify import Proof, mismatch, verify


class Memory(Protocol):
    """What an earlier run knew of the key that an account stores."""

    def recall(self, tenant: Tenant, account: Account) -> StoredKey:
        """Whether the account still stores what is declared; C(unknown) where nothing is remembered."""


class NoMemory:
    """For runs that keep none."""

    def recall(self, tenant: Tenant, account: Account) -> StoredKey:
        """Nothing is known."""
        return StoredKey.UNKNOWN


@dataclass(frozen=True)
class Rules:
    """How tenants are linked. C(listing_is_fresh): the Hub need not be asked for an account that no listing shows."""

    check_mode: bool = False
    verify_link: VerifyLink = VerifyLink.STATUS
    listing_is_fresh: bool = False


@dataclass(frozen=True)
class Look:
    """What an account stores, and how it was seen, if it was: through a session and its view, by an agent's answer."""

    stored: Stored
    session: ConnectSession | None = None
    view: AccountView | None = None
    agent: Agent | None = None


class Linker:
    """Takes tenants through the house. Failures become part of the outcome; nothing is raised."""

    def __init__(self, clients: Clients, observed: Observed, rules: Rules, memory: Memory | None = None) -> None:
        self._clients = clients
        self._rules = rules
        self._memory = memory or NoMemory()
        self._writer = Writer(clients.stackone, clients.hub)
        self._finder = Finder(clients.stackone, clients.hub, observed)
        self._confirmer = Confirmer(clients, patient=rules.verify_link is not VerifyLink.NONE)

    def run(self, outcome: Outcome, confirm_timeout: float) -> Outcome:
        """Make StackOne match the declaration of the outcome's tenant, and wait until it does."""
        self.apply(outcome)
        with _located(outcome):
            for _poll in polls(self._clients.clock, confirm_timeout) if outcome.unconfirmed else ():
                if self.settle(outcome, self._clients.stackone):
                    break
            else:
                self.give_up(outcome)
        return outcome

    def apply(self, outcome: Outcome) -> None:
        """Do what must be done for one tenant, up to its confirmation."""
        with _located(outcome):
            if outcome.tenant.state is State.ABSENT:
                self._unlink(outcome)
            else:
                self._link(outcome)

    def settle(self, outcome: Outcome, seen: Observed) -> bool:
        """Look once whether an outcome has come true, or never will; whether there is nothing to wait for."""
        done = True
        with _located(outcome):
            done = not outcome.unconfirmed or self._confirmer.settled(outcome, seen)
            if done and outcome.sent and self._rules.verify_link is VerifyLink.CALL:
                self._prove_sent(outcome)
        outcome.confirmed = done and outcome.failure is None
        return done

    def give_up(self, outcome: Outcome) -> None:
        """It did not come true in time."""
        if outcome.unconfirmed:
            outcome.failure = self._confirmer.give_up(outcome).located(outcome.phase, outcome.tenant.name)

    def _link(self, outcome: Outcome) -> None:
        tenant = outcome.tenant
        if tenant.verify_key:
            self._check_key(outcome)
        elif self._rules.verify_link is VerifyLink.CALL:
            raise invalid_argument("verify_link: call needs verify_key, to know whose key it is.")
        outcome.phase = Phase.OBSERVE
        account, others = self._finder.find(tenant)
        outcome.found = True
        if account:
            self._converge(outcome, account)
        else:
            outcome.known = outcome.known | others if others else outcome.known
            self._create(outcome)

    def _check_key(self, outcome: Outcome) -> None:
        check = self._clients.freshservice.check_tenant(outcome.tenant)
        outcome.note_check(check)
        if check.status is not KeyStatus.VALID:
            raise check.failed()

    def _unlink(self, outcome: Outcome) -> None:
        outcome.phase = Phase.OBSERVE
        tenant = outcome.tenant
        account, others = self._finder.find(tenant)
        outcome.found = True
        if account is None and others:
            outcome.warnings.append(
                f"{tenant.name} has no account, but its owner has others, which were left: {', '.join(sorted(others))}."
            )
        outcome.account = account
        outcome.plan = plan_absent(tenant, account)
        if account is None or self._rules.check_mode:
            outcome.actions = list(outcome.plan.actions)
            return
        outcome.phase = Phase.APPLY
        self._writer.delete(account)
        outcome.actions.append(Action.DELETE)
        outcome.phase = Phase.CONFIRM

    def _converge(self, outcome: Outcome, account: Account) -> None:
        outcome.account = account
        look = self._look(outcome.tenant, account)
        if self._rules.verify_link is VerifyLink.CALL:
            look = self._proven(outcome, account, look)
        outcome.domain = look.stored.domain
        outcome.stored_key = look.stored.key
        plan = outcome.plan = plan_present(outcome.tenant, account, look.stored)
        outcome.warnings += plan.warnings
        if Action.RELINK in plan.actions:
            self._note_agent_change(outcome, account, look.agent)
        if self._rules.check_mode or not plan.actions:
            outcome.actions = list(plan.actions)
            return
        outcome.phase = Phase.APPLY
        outcome.was_broken = account.status in BROKEN
        if Action.RELINK in plan.actions:
            session = look.session or self._writer.edit_session(account)
            view = look.view or self._clients.hub.view(session, account.id)
            self._writer.relink(outcome, account, session, view)
        if plan.changes:
            self._writer.change(outcome, account, plan.changes)
        outcome.phase = Phase.CONFIRM

    def _look(self, tenant: Tenant, account: Account) -> Look:
        """What the account stores: as remembered, else as the Hub's edit view shows it."""
        listed = stored_domain(tenant, account.setup_information)
        if tenant.update_credentials not in (UpdateCredentials.ON_DRIFT, UpdateCredentials.ON_DOUBT):
            return Look(Stored(listed))
        remembered = self._memory.recall(tenant, account)
        if remembered is StoredKey.UNCHANGED:
            return Look(Stored(listed or tenant.domain, remembered))
        session = self._writer.edit_session(account)
        view = self._clients.hub.view(session, account.id)
        stored = compare_stored(tenant, view)
        if remembered is StoredKey.CHANGED and stored.key is not StoredKey.CHANGED and not stored.others:
            # Nothing visible differs, yet what was sent when the account last changed was something else.
            stored = replace(stored, key=StoredKey.CHANGED)
        return Look(replace(stored, domain=stored.domain or listed), session, view)

    def _proven(self, outcome: Outcome, account: Account, look: Look) -> Look:
        """What a call through the account proves of the stored key, where it is not known to be sent again anyway."""
        tenant, agent = outcome.tenant, sure(outcome.agent)
        resent = tenant.update_credentials is UpdateCredentials.ALWAYS or stored_drift(tenant, look.stored)
        if resent or not account.active:
            return look
        answering = verify(self._clients.stackone, account, agent)
        outcome.verified = answering.proof is Proof.SAME
        key = StoredKey.UNCHANGED if outcome.verified else StoredKey.CHANGED
        return replace(look, stored=replace(look.stored, key=key), agent=answering.agent)

    def _prove_sent(self, outcome: Outcome) -> None:
        """The key that was just sent is the one that works."""
        account, agent = sure(outcome.account), sure(outcome.agent)
        answering = verify(self._clients.stackone, account, agent)
        outcome.verified = answering.proof is Proof.SAME
        if not outcome.verified:
            raise mismatch(account, answering, agent)

    def _note_agent_change(self, outcome: Outcome, account: Account, before: Agent | None) -> None:
        agent = outcome.agent
        outcome.agent_change = agent_change(outcome.tenant, account, agent, before)
        if outcome.agent_change is AgentChange.OTHER and agent:
            former = before.name_or_id if before else account.origin_username
            outcome.warnings.append(f"The key is another agent's: {agent.name_or_id}; before it was {former}.")

    def _create(self, outcome: Outcome) -> None:
        tenant = outcome.tenant
        username = tenant.origin_username or (outcome.agent.email if outcome.agent else None)
        plan = plan_create(tenant, username)
        if self._rules.check_mode:
            outcome.plan, outcome.actions = plan, list(plan.actions)
            return
        outcome.phase = Phase.APPLY
        session = self._writer.open_session(tenant, username)
        ask = not (tenant.allow_multiple or self._rules.listing_is_fresh)
        existing = self._clients.hub.existing_account_id(session) if ask else None
        if existing:
            self._adopt(outcome, existing)
            return
        outcome.plan = plan
        outcome.created_id = self._writer.create(outcome, session, username)
        outcome.domain = tenant.domain
        outcome.phase = Phase.CONFIRM

    def _adopt(self, outcome: Outcome, account_id: str) -> None:
        """The listing did not show it yet, but the Hub knows an account of this owner (S51)."""
        outcome.phase = Phase.OBSERVE
        account = self._clients.stackone.account(account_id)
        if account is None:
            raise account_not_found(account_id)
        check_pinned(outcome.tenant, account)
        self._converge(outcome, account)


@contextmanager
def _located(outcome: Outcome) -> Iterator[None]:
    """Turn what is raised into the outcome's failure."""
    try:
        yield
    except Failed as error:
        outcome.failure = error.located(outcome.phase, outcome.tenant.name)
    except Stopped as stop:
        early = Failed(FailureCode.STOPPED, f"the run was stopped ({stop}) before this tenant was done.", RUN_AGAIN)
        outcome.failure = replace(early.located(outcome.phase, outcome.tenant.name), retriable=True)
