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
    Observed,
    account_not_found,
    polls,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import KeyCheck, KeyStatus
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._hub import AccountView
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import (
    Action,
    Candidate,
    Stored,
    StoredKey,
    check_pinned,
    compare_stored,
    needs_domains,
    plan_absent,
    plan_create,
    plan_present,
    select,
    stored_domain,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import Account, ConnectSession
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import State, Tenant, UpdateCredentials


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
    listing_is_fresh: bool = False


@dataclass(frozen=True)
class Look:
    """What an account stores, and the session and view through which it was seen, if it was."""

    stored: Stored
    session: ConnectSession | None = None
    view: AccountView | None = None


class Linker:
    """Takes tenants through the house. Failures become part of the outcome; nothing is raised."""

    def __init__(self, clients: Clients, observed: Observed, rules: Rules, memory: Memory | None = None) -> None:
        self._clients = clients
        self._observed = observed
        self._rules = rules
        self._memory = memory or NoMemory()
        self._writer = Writer(clients.stackone, clients.hub)
        self._confirmer = Confirmer(clients)

    def run(self, tenant: Tenant, confirm_timeout: float) -> Outcome:
        """Make StackOne match the declaration of one tenant, and wait until it does."""
        outcome = Outcome(tenant)
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
        outcome.phase = Phase.OBSERVE
        account, others = self._find(tenant)
        outcome.found = True
        if account:
            self._converge(outcome, account)
        else:
            outcome.known = outcome.known | others if others else outcome.known
            self._create(outcome)

    def _check_key(self, outcome: Outcome) -> None:
        tenant = outcome.tenant
        assert tenant.domain and tenant.api_key
        check = self._clients.freshservice.check_key(
            tenant.domain, tenant.api_key, tenant.admin_api_key, tenant.agent_email
        )
        outcome.key_check = check
        outcome.warnings += check.warnings
        if check.status is not KeyStatus.VALID:
            raise check.failed()

    def _unlink(self, outcome: Outcome) -> None:
        outcome.phase = Phase.OBSERVE
        tenant = outcome.tenant
        account, others = self._find(tenant)
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

    def _find(self, tenant: Tenant) -> tuple[Account | None, set[str]]:
        """The tenant's account, and the ids of all accounts of its owner."""
        if tenant.account_id:
            account = self._observed.account(tenant.account_id)
            if account:
                check_pinned(tenant, account)
            elif tenant.state is State.PRESENT:
                raise account_not_found(tenant.account_id)
            return account, set()
        assert tenant.origin_owner_id
        accounts = self._observed.accounts(tenant.provider, tenant.origin_owner_id)
        look = needs_domains(tenant, accounts)
        candidates = [Candidate(account, self._domain_of(tenant, account, look)) for account in accounts]
        return select(tenant, candidates), {account.id for account in accounts}

    def _domain_of(self, tenant: Tenant, account: Account, look: bool) -> str | None:
        """The account's domain from the listing, else, where identity depends on it, from the Hub's edit view."""
        domain = stored_domain(tenant, account.setup_information)
        if domain is None and look:
            session = self._writer.edit_session(account)
            domain = stored_domain(tenant, self._clients.hub.view(session, account.id).setup_information)
        return domain

    def _converge(self, outcome: Outcome, account: Account) -> None:
        outcome.account = account
        look = self._look(outcome.tenant, account)
        outcome.domain = look.stored.domain
        outcome.stored_key = look.stored.key
        plan = outcome.plan = plan_present(outcome.tenant, account, look.stored)
        outcome.warnings += plan.warnings
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
        if tenant.update_credentials is not UpdateCredentials.ON_DRIFT:
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

    def _create(self, outcome: Outcome) -> None:
        tenant = outcome.tenant
        username = tenant.origin_username or _email_of(outcome.key_check)
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
        error = Failed(FailureCode.STOPPED, f"the run was stopped ({stop}) before this tenant was done.", RUN_AGAIN)
        outcome.failure = replace(error.located(outcome.phase, outcome.tenant.name), retriable=True)


RUN_AGAIN = "Run again: what is done already is not done twice."


def _email_of(check: KeyCheck | None) -> str | None:
    return check.agent.email if check and check.agent else None
