# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to StackOne for one tenant: create at most once, re-link, change, delete; and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Callable

from ansible_collections.tenantlink.stackone.plugins.module_utils._api import refused, unexpected
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, Failure, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._fields import map_fields
from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import Agent, KeyCheck, KeyStatus
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Stopped
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
    AgentChange,
    Plan,
    StoredKey,
    compare_stored,
    drift,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import (
    Account,
    ConnectSession,
    SessionRequest,
    StackOne,
    edit_request,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._sure import sure
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import Tenant
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import Scrubber

LINKED = Plan((Action.CREATE,), {}, {})
"""The plan of a new link, without what it says of the tenant."""


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
    known: frozenset[str] = frozenset()
    """The ids of the owner's accounts that are not this tenant's new one."""
    created_id: str | None = None
    was_broken: bool = False
    found: bool = False
    """Whether it is known which account, if any, is this tenant's."""
    confirmed: bool = False
    verdict: KeyStatus | None = None
    agent: Agent | None = None
    """The agent of the declared key, where the key is good."""
    agent_change: AgentChange | None = None
    """Whose key was replaced, for a re-link."""
    verified: bool | None = None
    """Whether a call through the account was answered by the declared key's agent; C(None) where none was made."""

    @property
    def changed(self) -> bool:
        """Whether StackOne is, or in check mode would be, no longer as it was."""
        return bool(self.actions)

    @property
    def unconfirmed(self) -> bool:
        """Whether something was applied of which it is not known whether it has come true."""
        return self.phase is Phase.CONFIRM and self.failure is None and not self.confirmed

    def condense(self, scrubber: Scrubber) -> None:
        """Scrub what it says, and forget what only one tenant's own result would show."""
        self.key_check = None
        self.warnings = scrubber.scrub(self.warnings) if self.warnings else self.warnings
        if self.failure:
            self.failure = self.failure.scrubbed(scrubber)
        if not self.actions:
            self.plan = None
        elif self.plan and not self.plan.before:
            self.plan = LINKED

    def note_check(self, check: KeyCheck) -> None:
        """Keep the verdict on the declared key."""
        self.key_check, self.verdict = check, check.status
        self.agent = check.agent
        self.warnings += check.warnings

    @property
    def sent(self) -> bool:
        """Whether domain and key were sent to StackOne."""
        return bool({Action.CREATE, Action.RELINK} & set(self.actions))

    @property
    def stores_declared(self) -> bool:
        """Whether the account is known to store the declared domain and key."""
        return self.sent or self.stored_key is StoredKey.UNCHANGED

    @property
    def account_id(self) -> str | None:
        """The id of the tenant's account, where it has one."""
        return self.account.id if self.account else self.created_id


class Writer:
    """Sends what changes StackOne. Each method notes in the outcome what was done, and raises Failed."""

    def __init__(self, stackone: StackOne, hub: Hub) -> None:
        self._stackone = stackone
        self._hub = hub

    def open_session(self, tenant: Tenant, username: str | None) -> ConnectSession:
        """A session that links a new account."""
        return self._stackone.open_session(create_request(tenant, username))

    def edit_session(self, account: Account) -> ConnectSession:
        """A session for this account alone."""
        return self._stackone.open_session(edit_request(account))

    def relink(self, outcome: Outcome, account: Account, session: ConnectSession, view: AccountView) -> None:
        """Send domain and key of an existing account again."""
        tenant = outcome.tenant
        profile = view.integration_id or tenant.integration_id
        form = self._hub.form(session, tenant.provider, profile)
        credentials = map_fields(form.fields, tenant.credential_fields).credentials(tenant)

        def edit(current: ConnectSession) -> Submission:
            return self._hub.edit(current, account.id, form.integration_id, credentials)

        submission, session = self._submit(edit, session, lambda: self.edit_session(account))
        if not self._taken(tenant, account, session, submission):
            raise submission.error or session_refused(submission.http_status)
        if submission.sent is Sent.UNCERTAIN or submission.foreign:
            outcome.warnings.append(f"The answer to the re-link was lost ({submission.words}); the new key is stored.")
        outcome.actions.append(Action.RELINK)
        outcome.domain = tenant.domain

    def create(self, outcome: Outcome, session: ConnectSession, username: str | None) -> str:
        """Create the account, at most once; the id of what was created."""
        tenant = outcome.tenant
        form = self._hub.form(session, tenant.provider, tenant.integration_id)
        credentials = map_fields(form.fields, tenant.credential_fields).credentials(tenant)

        def create(current: ConnectSession) -> Submission:
            return self._hub.create(current, form.integration_id, credentials)

        def renew() -> ConnectSession:
            return self.open_session(tenant, username)

        submission, session = self._submit(create, session, renew)
        found = self._made_since(outcome, session, submission)
        if submission.sent is Sent.UNCERTAIN and not found and not submission.late:
            submission, session = self._submit(create, session, renew)
            found = self._made_since(outcome, session, submission)
        if submission.sent is Sent.ACCEPTED and (submission.account_id or found):
            outcome.actions.append(Action.CREATE)
            return submission.account_id or found or ""
        return self._account_despite(outcome, submission, found)

    def change(self, outcome: Outcome, account: Account, changes: dict[str, str]) -> None:
        """Change fields of an account; where the answer is lost, look whether it was made."""
        try:
            changed = self._patch(outcome, account, changes)
        except Failed as error:
            found = None
            if _may_be_done(error):
                with _unless_shown(error, "the change was made"):
                    found = self._stackone.account(account.id)
            if found is None or drift(outcome.tenant, found):
                raise
            outcome.warnings.append(f"The answer to the change of account {account.id} was lost; it was made.")
            changed = True
        if changed:
            outcome.actions.append(Action.UPDATE)

    def delete(self, account: Account) -> None:
        """Unlink an account; where the answer is lost, look whether it is gone."""
        try:
            self._stackone.delete(account.id)
        except Failed as error:
            if not _may_be_done(error):
                raise
            with _unless_shown(error, "the account was unlinked"):
                found = self._stackone.account(account.id)
            if found:
                raise

    def _taken(self, tenant: Tenant, account: Account, session: ConnectSession, submission: Submission) -> bool:
        """Whether an account stores what was sent; where the answer does not say so, the Hub's edit view does."""
        if submission.sent not in (Sent.ACCEPTED, Sent.UNCERTAIN):
            return False
        if submission.account_id:
            return True
        error = sure(submission.error)
        with _unless_shown(error, "the key is stored"):
            stored = compare_stored(tenant, self._hub.view(session, account.id))
        if stored.key is StoredKey.CHANGED or stored.domain != tenant.domain or stored.others:
            return False
        silent = submission.sent is Sent.ACCEPTED and not submission.foreign
        if stored.key is StoredKey.UNKNOWN and not silent:
            raise _unknown(error, "the key is stored")
        return True

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

    def _made_since(self, outcome: Outcome, session: ConnectSession, submission: Submission) -> str | None:
        """Where the answer does not tell, look whether the account was made all the same (S84, b12)."""
        if submission.sent is Sent.ACCEPTED and submission.account_id:
            return None
        try:
            return self._look_for_made(outcome, session, submission)
        except (Failed, Stopped):
            if submission.sent is Sent.REFUSED and submission.error:
                raise submission.error from None
            raise _create_uncertain(submission, "and it is not known whether it made an account") from None

    def _look_for_made(self, outcome: Outcome, session: ConnectSession, submission: Submission) -> str | None:
        tenant = outcome.tenant
        listed = self._stackone.accounts(tenant.provider, sure(tenant.origin_owner_id))
        found = next((account for account in listed if account.id not in outcome.known), None)
        if found is None and submission.sent is Sent.UNCERTAIN and not tenant.allow_multiple:
            # A listing may lag behind; the Hub's own identity rule does not (S51).
            existing = self._hub.existing_account_id(session)
            found = self._stackone.account(existing) if existing else None
        outcome.account = found
        return found.id if found else None

    def _account_despite(self, outcome: Outcome, submission: Submission, found: str | None) -> str:
        if not found:
            if submission.sent is not Sent.REFUSED or not submission.error:
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
        if not isinstance(answer.data, dict) or str(answer.data.get("id")) != account.id:
            raise unexpected(answer, "change the account")
        return True


def create_request(tenant: Tenant, username: str | None) -> SessionRequest:
    """What a session is asked for that links a tenant anew."""
    owner = sure(tenant.origin_owner_id)
    return SessionRequest(
        tenant.provider,
        owner,
        tenant.origin_owner_name or owner,
        username,
        multiple=tenant.allow_multiple,
        label=tenant.label,
        type=tenant.account_type,
        integration_id=tenant.integration_id,
    )


def _may_be_done(error: Failed) -> bool:
    """Whether a request may have been carried out although it was not answered as it should be."""
    return error.failure.retriable or error.failure.code is FailureCode.UNEXPECTED_ANSWER


@contextmanager
def _unless_shown(error: Failed, what: str) -> Iterator[None]:
    """Look what became of a request whose answer was lost. Where that cannot be seen either, the failure says so."""
    try:
        yield
    except (Failed, Stopped):
        raise _unknown(error, what) from None


def _unknown(error: Failed, what: str) -> Failed:
    failure = error.failure
    message = f"{failure.message} It is not known whether {what}."
    error.failure = replace(failure, message=message, details={**failure.details, "uncertain": True}, retriable=True)
    return error


def _create_uncertain(submission: Submission, seen: str = "and shows no new account") -> Failed:
    return Failed(
        FailureCode.CREATE_UNCERTAIN,
        f"StackOne gave no clear answer to the link, {seen} ({submission.words}).",
        "Run again later: an account that appears meanwhile is adopted, not duplicated.",
        http_status=submission.http_status,
        retriable=True,
    )
