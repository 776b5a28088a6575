# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe, plan, apply, confirm: one tenant's way from what is declared to what came of it."""

from __future__ import annotations

from typing import Any, Callable

from ansible_collections.tenantlink.stackone.plugins.module_utils._apply import Outcome, Writer
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import (
    Freshservice,
    KeyCheck,
    KeyStatus,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Clock
from ansible_collections.tenantlink.stackone.plugins.module_utils._hub import (
    AccountView,
    Hub,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import (
    Action,
    Candidate,
    Stored,
    check_pinned,
    compare_stored,
    drift,
    needs_domains,
    not_active,
    plan_absent,
    plan_create,
    plan_present,
    select,
    stored_domain,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import (
    Account,
    StackOne,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import State, Tenant, UpdateCredentials

FIRST_POLL = 0.5
LONGEST_POLL = 2.0
BROKEN = frozenset({"error", "expired"})


class Linker:
    """Takes tenants through the house, one at a time."""

    def __init__(
        self,
        freshservice: Freshservice,
        stackone: StackOne,
        hub: Hub,
        clock: Clock,
        confirm_timeout: float,
        check_mode: bool,
    ) -> None:
        self._freshservice = freshservice
        self._stackone = stackone
        self._hub = hub
        self._writer = Writer(stackone, hub)
        self._clock = clock
        self._confirm_timeout = confirm_timeout
        self._check_mode = check_mode

    def run(self, tenant: Tenant) -> Outcome:
        """Make StackOne match the declaration of one tenant. Failures are part of the outcome."""
        outcome = Outcome(tenant)
        try:
            if tenant.state is State.ABSENT:
                self._unlink(outcome)
            else:
                self._link(outcome)
        except Failed as error:
            outcome.failure = error.located(outcome.phase, tenant.name)
        return outcome

    def _link(self, outcome: Outcome) -> None:
        tenant = outcome.tenant
        if tenant.verify_key:
            self._check_key(outcome)
        outcome.phase = Phase.OBSERVE
        account, others = self._find(tenant)
        if account:
            self._converge(outcome, account)
        else:
            self._create(outcome, others)

    def _check_key(self, outcome: Outcome) -> None:
        tenant = outcome.tenant
        assert tenant.domain and tenant.api_key
        check = self._freshservice.check_key(tenant.domain, tenant.api_key, tenant.admin_api_key, tenant.agent_email)
        outcome.key_check = check
        outcome.warnings += check.warnings
        if check.status is not KeyStatus.VALID:
            raise check.failed()

    def _unlink(self, outcome: Outcome) -> None:
        outcome.phase = Phase.OBSERVE
        tenant = outcome.tenant
        account, others = self._find(tenant)
        if account is None and others:
            outcome.warnings.append(
                f"{tenant.name} has no account, but its owner has others, which were left: {', '.join(sorted(others))}."
            )
        outcome.account = account
        outcome.plan = plan_absent(tenant, account)
        if account is None or self._check_mode:
            outcome.actions = list(outcome.plan.actions)
            return
        outcome.phase = Phase.APPLY
        self._writer.delete(account)
        outcome.actions.append(Action.DELETE)
        outcome.phase = Phase.CONFIRM
        self._await_gone(account)

    def _find(self, tenant: Tenant) -> tuple[Account | None, set[str]]:
        """The tenant's account, and the ids of all accounts of its owner."""
        if tenant.account_id:
            account = self._stackone.account(tenant.account_id)
            if account:
                check_pinned(tenant, account)
            elif tenant.state is State.PRESENT:
                raise _account_not_found(tenant.account_id)
            return account, set()
        accounts = self._stackone.accounts(tenant.provider, tenant.origin_owner_id)
        look = needs_domains(tenant, accounts)
        candidates = [Candidate(account, self._domain_of(tenant, account, look)) for account in accounts]
        return select(tenant, candidates), {account.id for account in accounts}

    def _domain_of(self, tenant: Tenant, account: Account, look: bool) -> str | None:
        """The account's domain from the listing, else, where identity depends on it, from the Hub's edit view."""
        domain = stored_domain(tenant, account.setup_information)
        if domain is None and look:
            session = self._writer.edit_session(account)
            domain = stored_domain(tenant, self._hub.view(session, account.id).setup_information)
        return domain

    def _converge(self, outcome: Outcome, account: Account) -> None:
        tenant = outcome.tenant
        outcome.account = account
        outcome.domain = stored_domain(tenant, account.setup_information)
        stored, session, view = Stored(domain=outcome.domain), None, AccountView()
        if tenant.update_credentials is UpdateCredentials.ON_DRIFT:
            session = self._writer.edit_session(account)
            view = self._hub.view(session, account.id)
            stored = compare_stored(tenant, view)
            outcome.domain = stored.domain or outcome.domain
        outcome.stored_key = stored.key
        plan = outcome.plan = plan_present(tenant, account, stored)
        outcome.warnings += plan.warnings
        if self._check_mode or not plan.actions:
            outcome.actions = list(plan.actions)
            return
        outcome.phase = Phase.APPLY
        if Action.RELINK in plan.actions:
            self._writer.relink(outcome, account, session or self._writer.edit_session(account), view)
        if plan.changes:
            self._writer.change(outcome, account, plan.changes)
        outcome.phase = Phase.CONFIRM
        was_broken = account.status in BROKEN
        confirmed = self._await_active(outcome, lambda: self._stackone.account(account.id), was_broken)
        self._check_kept(outcome, confirmed)

    def _create(self, outcome: Outcome, known: set[str]) -> None:
        tenant = outcome.tenant
        username = tenant.origin_username or _email_of(outcome.key_check)
        plan = plan_create(tenant, username)
        if self._check_mode:
            outcome.plan, outcome.actions = plan, list(plan.actions)
            return
        outcome.phase = Phase.APPLY
        session = self._writer.open_session(tenant, username)
        existing = None if tenant.allow_multiple else self._hub.existing_account_id(session)
        if existing:
            self._adopt(outcome, existing)
            return
        outcome.plan = plan
        account_id = self._writer.create(outcome, session, known, username)
        outcome.phase = Phase.CONFIRM
        account = self._await_active(outcome, lambda: self._listed(outcome, account_id, known), was_broken=False)
        outcome.domain = tenant.domain
        changes = drift(tenant, account)
        if changes:
            # The session carries these already; a StackOne that drops them is told once more.
            self._writer.change(outcome, account, changes)
            self._check_kept(outcome, self._stackone.account(account.id) or account)

    def _adopt(self, outcome: Outcome, account_id: str) -> None:
        """The listing did not show it yet, but the Hub knows an account of this owner (S51)."""
        outcome.phase = Phase.OBSERVE
        account = self._stackone.account(account_id)
        if account is None:
            raise _account_not_found(account_id)
        check_pinned(outcome.tenant, account)
        self._converge(outcome, account)

    def _listed(self, outcome: Outcome, account_id: str, known: set[str]) -> Account | None:
        """The new account from its owner's listing, which shows a twin as well; else by its id."""
        tenant = outcome.tenant
        accounts = self._stackone.accounts(tenant.provider, tenant.origin_owner_id)
        twins = sorted(item.id for item in accounts if item.id not in known | {account_id})
        warning = f"Somebody else linked the same owner at the same time: {', '.join(twins)}. Unlink one of them."
        if twins and warning not in outcome.warnings:
            outcome.warnings.append(warning)
        return next((item for item in accounts if item.id == account_id), None) or self._stackone.account(account_id)

    def _check_kept(self, outcome: Outcome, account: Account) -> None:
        """A success that changed nothing is no change, and for all but the label a failure (S42)."""
        unkept = drift(outcome.tenant, account)
        wanted = set(outcome.plan.changes) if outcome.plan else set()
        if Action.UPDATE in outcome.actions and unkept and set(unkept) >= wanted:
            outcome.actions.remove(Action.UPDATE)
        if set(unkept) - {"label"}:
            raise _change_not_kept(account, sorted(set(unkept) - {"label"}))
        if unkept and not any("label" in warning for warning in outcome.warnings):
            outcome.warnings.append("StackOne took the new label without an error, but did not keep it.")

    def _await_gone(self, account: Account) -> None:
        for _last in self._polls():
            found = self._stackone.account(account.id)
            if found is None or found.status == "archived":
                return
        raise Failed(
            FailureCode.CHANGE_NOT_KEPT,
            f"StackOne took the request to unlink account {account.id}, but still shows it.",
            "Look in StackOne's dashboard, under Accounts; run again later.",
            retriable=True,
            details={"account_id": account.id},
        )

    def _await_active(self, outcome: Outcome, look: Callable[[], Account | None], was_broken: bool) -> Account:
        account = None
        for _last in self._polls():
            account = look()
            if account:
                outcome.account = account
            if account and account.active:
                return account
            if account and account.status in BROKEN and not was_broken:
                break
        if account is None:
            raise _account_not_found(outcome.account.id if outcome.account else "of this link")
        raise not_active(account)

    def _polls(self) -> Any:
        """Yield once, then again until C(confirm_timeout) is over, with growing pauses between."""
        deadline = self._clock.monotonic() + self._confirm_timeout
        pause = FIRST_POLL
        while True:
            yield None
            left = deadline - self._clock.monotonic()
            if left <= 0:
                return
            self._clock.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_POLL)


def _email_of(check: KeyCheck | None) -> str | None:
    return check.agent.email if check and check.agent else None


def _account_not_found(account_id: str) -> Failed:
    return Failed(
        FailureCode.ACCOUNT_NOT_FOUND,
        f"StackOne has no account {account_id}.",
        "Correct account_id, or leave it out to link the tenant anew.",
        details={"account_id": account_id},
    )


def _change_not_kept(account: Account, names: list[str]) -> Failed:
    return Failed(
        FailureCode.CHANGE_NOT_KEPT,
        f"StackOne answered that account {account.id} was changed, but did not keep {', '.join(names)}.",
        "Change it in StackOne's dashboard, or leave the option out.",
        details={"account_id": account.id, "fields": names},
    )
