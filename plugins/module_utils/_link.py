# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observe, plan, apply, confirm: one tenant's way from what is declared to what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.tenantlink.stackone.plugins.module_utils._api import refused
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, Failure, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._fields import map_fields
from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import (
    Freshservice,
    KeyCheck,
    KeyStatus,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Clock
from ansible_collections.tenantlink.stackone.plugins.module_utils._hub import (
    AccountView,
    Hub,
    Sent,
    Submission,
    credentials_refused,
    session_refused,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import (
    Action,
    Candidate,
    Plan,
    Stored,
    StoredKey,
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
    ConnectSession,
    SessionRequest,
    StackOne,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import State, Tenant, UpdateCredentials

FIRST_POLL = 0.5
LONGEST_POLL = 2.0
BROKEN = frozenset({"error", "expired"})


@dataclass
class Outcome:
    """What was done for one tenant (in check mode: what would be), or why it failed."""

    tenant: Tenant
    key_check: KeyCheck | None = None
    account: Account | None = None
    domain: str | None = None
    stored_key: StoredKey = StoredKey.UNKNOWN
    plan: Plan | None = None
    actions: list[Action] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failure: Failure | None = None
    phase: Phase = Phase.KEY_CHECK

    @property
    def changed(self) -> bool:
        """Whether StackOne is, or in check mode would be, no longer as it was."""
        return bool(self.actions)


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
        self._delete(account)
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
            session = self._edit_session(account)
            domain = stored_domain(tenant, self._hub.view(session, account.id).setup_information)
        return domain

    def _converge(self, outcome: Outcome, account: Account) -> None:
        tenant = outcome.tenant
        outcome.account = account
        outcome.domain = stored_domain(tenant, account.setup_information)
        stored, session, view = Stored(domain=outcome.domain), None, AccountView()
        if tenant.update_credentials is UpdateCredentials.ON_DRIFT:
            session = self._edit_session(account)
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
            self._relink(outcome, account, session or self._edit_session(account), view)
        if plan.changes:
            self._change(outcome, account, plan.changes)
        outcome.phase = Phase.CONFIRM
        was_broken = account.status in BROKEN
        confirmed = self._await_active(outcome, lambda: self._stackone.account(account.id), was_broken)
        self._check_kept(outcome, confirmed)

    def _relink(self, outcome: Outcome, account: Account, session: ConnectSession, view: AccountView) -> None:
        tenant = outcome.tenant
        profile = view.integration_id or tenant.integration_id
        form = self._hub.form(session, tenant.provider, profile)
        credentials = map_fields(form.fields, tenant.credential_fields).credentials(tenant)

        def edit(current: ConnectSession) -> Submission:
            return self._hub.edit(current, account.id, form.integration_id, credentials)

        submission, session = self._submit(edit, session, lambda: self._edit_session(account))
        if submission.sent is Sent.UNCERTAIN and self._holds_declared(tenant, account, session):
            outcome.warnings.append(f"The answer to the re-link was lost ({submission.words}); the new key is stored.")
        elif submission.sent is not Sent.ACCEPTED:
            raise submission.error or session_refused(submission.http_status)
        outcome.actions.append(Action.RELINK)
        outcome.domain = tenant.domain

    def _holds_declared(self, tenant: Tenant, account: Account, session: ConnectSession) -> bool:
        stored = compare_stored(tenant, self._hub.view(session, account.id))
        assert tenant.domain
        return stored.key is StoredKey.UNCHANGED and stored.domain == tenant.domain and not stored.others

    def _submit(
        self,
        send: Callable[[ConnectSession], Submission],
        session: ConnectSession,
        renew: Callable[[], ConnectSession],
    ) -> tuple[Submission, ConnectSession]:
        """Send credentials; a 401 or 403 means a dead session, which is renewed once, or refused credentials (H17)."""
        submission = send(session)
        if submission.sent is Sent.SESSION_REFUSED and not self._stackone.session_alive(session):
            session = renew()
            submission = send(session)
        if submission.sent is Sent.SESSION_REFUSED:
            error = credentials_refused(submission.http_status, submission.words)
            submission = Submission(Sent.REFUSED, None, submission.http_status, submission.words, error)
        return submission, session

    def _create(self, outcome: Outcome, known: set[str]) -> None:
        tenant = outcome.tenant
        username = tenant.origin_username or _email_of(outcome.key_check)
        plan = plan_create(tenant, username)
        if self._check_mode:
            outcome.plan, outcome.actions = plan, list(plan.actions)
            return
        outcome.phase = Phase.APPLY
        session = self._stackone.open_session(_create_request(tenant, username))
        existing = None if tenant.allow_multiple else self._hub.existing_account_id(session)
        if existing:
            self._adopt(outcome, existing)
            return
        outcome.plan = plan
        account_id = self._post(outcome, session, known, username)
        outcome.phase = Phase.CONFIRM
        account = self._await_active(outcome, lambda: self._listed(outcome, account_id, known), was_broken=False)
        outcome.domain = tenant.domain
        changes = drift(tenant, account)
        if changes:
            # The session carries these already; a StackOne that drops them is told once more.
            self._change(outcome, account, changes)
            self._check_kept(outcome, self._stackone.account(account.id) or account)

    def _adopt(self, outcome: Outcome, account_id: str) -> None:
        """The listing did not show it yet, but the Hub knows an account of this owner (S51)."""
        outcome.phase = Phase.OBSERVE
        account = self._stackone.account(account_id)
        if account is None:
            raise _account_not_found(account_id)
        check_pinned(outcome.tenant, account)
        self._converge(outcome, account)

    def _post(self, outcome: Outcome, session: ConnectSession, known: set[str], username: str | None) -> str:
        """Create the account, at most once; the id of what was created."""
        tenant = outcome.tenant
        form = self._hub.form(session, tenant.provider, tenant.integration_id)
        credentials = map_fields(form.fields, tenant.credential_fields).credentials(tenant)

        def create(current: ConnectSession) -> Submission:
            return self._hub.create(current, form.integration_id, credentials)

        def renew() -> ConnectSession:
            return self._stackone.open_session(_create_request(tenant, username))

        submission, session = self._submit(create, session, renew)
        found = self._made_since(outcome, known, submission)
        if submission.sent is Sent.UNCERTAIN and not found:
            submission, session = self._submit(create, session, renew)
            found = self._made_since(outcome, known, submission)
        if submission.sent is Sent.ACCEPTED and (submission.account_id or found):
            outcome.actions.append(Action.CREATE)
            return submission.account_id or found or ""
        return self._account_despite(outcome, submission, found)

    def _made_since(self, outcome: Outcome, known: set[str], submission: Submission) -> str | None:
        """Where the answer does not tell, look whether the account was made all the same (S84, b12)."""
        if submission.sent is Sent.ACCEPTED and submission.account_id:
            return None
        tenant = outcome.tenant
        fresh = [
            item for item in self._stackone.accounts(tenant.provider, tenant.origin_owner_id) if item.id not in known
        ]
        outcome.account = next(iter(fresh), None)
        return outcome.account.id if outcome.account else None

    def _account_despite(self, outcome: Outcome, submission: Submission, found: str | None) -> str:
        if not found:
            if submission.sent is Sent.UNCERTAIN or not submission.error:
                raise _create_uncertain(submission)
            raise submission.error
        outcome.actions.append(Action.CREATE)
        if submission.sent is Sent.REFUSED and submission.error:
            outcome.warnings.append(
                f"StackOne refused the link but left account {found}; the next run with a good key repairs it."
            )
            raise submission.error
        outcome.warnings.append(
            f"The answer to the link was lost ({submission.words}); account {found} was made and is kept."
        )
        return found

    def _listed(self, outcome: Outcome, account_id: str, known: set[str]) -> Account | None:
        """The new account from its owner's listing, which shows a twin as well; else by its id."""
        tenant = outcome.tenant
        accounts = self._stackone.accounts(tenant.provider, tenant.origin_owner_id)
        twins = sorted(item.id for item in accounts if item.id not in known | {account_id})
        warning = f"Somebody else linked the same owner at the same time: {', '.join(twins)}. Unlink one of them."
        if twins and warning not in outcome.warnings:
            outcome.warnings.append(warning)
        return next((item for item in accounts if item.id == account_id), None) or self._stackone.account(account_id)

    def _change(self, outcome: Outcome, account: Account, changes: dict[str, str]) -> None:
        try:
            changed = self._patch(outcome, account, changes)
        except Failed as error:
            found = self._stackone.account(account.id) if error.failure.retriable else None
            if found is None or drift(outcome.tenant, found):
                raise
            outcome.warnings.append(f"The answer to the change of account {account.id} was lost; it was made.")
            changed = True
        if changed:
            outcome.actions.append(Action.UPDATE)

    def _patch(self, outcome: Outcome, account: Account, changes: dict[str, str]) -> bool:
        """Whether anything was changed. A label that cannot be is no reason to fail (S42, b16)."""
        answer = self._stackone.change(account.id, changes)
        if answer.status in (400, 422) and "label" in changes:
            outcome.warnings.append("StackOne cannot change the label of an existing account in place; it was left.")
            changes = {name: value for name, value in changes.items() if name != "label"}
            if not changes:
                return False
            answer = self._stackone.change(account.id, changes)
        if not answer.ok:
            raise refused(answer, "change the account")
        return True

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

    def _delete(self, account: Account) -> None:
        try:
            self._stackone.delete(account.id)
        except Failed as error:
            if not error.failure.retriable or self._stackone.account(account.id):
                raise

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

    def _edit_session(self, account: Account) -> ConnectSession:
        """A session for this account alone, under its present name: the name is part of StackOne's identity rule."""
        name = account.origin_owner_name or account.origin_owner_id
        return self._stackone.open_session(
            SessionRequest(account.provider, account.origin_owner_id, name, account_id=account.id)
        )


def _create_request(tenant: Tenant, username: str | None) -> SessionRequest:
    assert tenant.origin_owner_id
    return SessionRequest(
        tenant.provider,
        tenant.origin_owner_id,
        tenant.origin_owner_name or tenant.origin_owner_id,
        username,
        multiple=tenant.allow_multiple,
        label=tenant.label,
        type=tenant.account_type,
        integration_id=tenant.integration_id,
    )


def _email_of(check: KeyCheck | None) -> str | None:
    return check.agent.email if check and check.agent else None


def _account_not_found(account_id: str) -> Failed:
    return Failed(
        FailureCode.ACCOUNT_NOT_FOUND,
        f"StackOne has no account {account_id}.",
        "Correct account_id, or leave it out to link the tenant anew.",
        details={"account_id": account_id},
    )


def _create_uncertain(submission: Submission) -> Failed:
    return Failed(
        FailureCode.CREATE_UNCERTAIN,
        f"StackOne twice gave no clear answer to the link, and lists no new account ({submission.words}).",
        "Run again later: an account that appears meanwhile is adopted, not duplicated.",
        http_status=submission.http_status,
        retriable=True,
    )


def _change_not_kept(account: Account, names: list[str]) -> Failed:
    return Failed(
        FailureCode.CHANGE_NOT_KEPT,
        f"StackOne answered that account {account.id} was changed, but did not keep {', '.join(names)}.",
        "Change it in StackOne's dashboard, or leave the option out.",
        details={"account_id": account.id, "fields": names},
    )
