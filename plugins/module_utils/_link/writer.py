# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the changes to StackOne for one tenant: create at most once, re-link, change, delete; and records the result."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Callable

from .._clients.account import Account
from .._clients.hub import AccountView, Form, Hub, Sent, Submission, session_refused
from .._clients.hub_form import map_fields
from .._clients.profiles import ProfileDrift
from .._clients.stackone import ConnectSession, SessionRequest, StackOne
from .._clients.stackone_base import refused, unexpected
from .._core.clock import Stopped
from .._core.failure import Failed, FailureCode, require
from .._core.tenant import Tenant
from .actions import Action, StoredKey
from .approval import ANY_PLAN, Approval
from .duplicates import same_link
from .find import Finder
from .outcome import Creation, Outcome
from .plan import Stored, compare_stored, drift
from .selection import check_pinned, check_unmoved
from .unchanged import account_not_shown, not_moved, owner_not_kept, profile_refused
from .unclear import sent_again, uncertain, unless_shown, unless_under_way

LABEL_LEFT = "StackOne cannot change the label of an existing account in place; it was left."


class Writer:
    """Sends what changes StackOne. Each method records in the outcome what was done, and raises Failed.

    Nothing is sent to an account that was not seen right before, under its own id, with the tenant's provider and owner: a
    listing may be old or wrong, and of a long list it is minutes old.
    """

    def __init__(self, stackone: StackOne, hub: Hub) -> None:
        self._stackone = stackone
        self._hub = hub
        self._finder = Finder(stackone, hub, stackone)

    def open_session(self, tenant: Tenant, username: str | None) -> ConnectSession:
        """Open a session that links a new account."""
        return self._stackone.open_session(create_request(tenant, username))

    def edit_session(self, tenant: Tenant, account: Account) -> ConnectSession:
        """Open a session for this account alone."""
        return self._stackone.edit_session(account, tenant.integration_id)

    def relink(
        self,
        outcome: Outcome,
        account: Account,
        session: ConnectSession,
        view: AccountView,
        moved: ProfileDrift | None = None,
    ) -> None:
        """Send domain and key of an existing account again, under the declared connector profile if it has `moved`."""
        tenant = outcome.tenant
        if moved:
            form = self._hub.form(lambda: session, tenant.provider, moved.declared)
        else:
            own, opened = view.integration_id, (session, view)
            form = self._hub.edit_form(lambda: opened, tenant.provider, own, tenant.integration_id)
        credentials = map_fields(form.fields, tenant.credential_fields).credentials(tenant)

        def edit(current: ConnectSession) -> Submission:
            return self._hub.edit(current, account.id, form.integration_id, credentials)

        self._check(tenant, account)
        submission, session = self._edited(edit, session, lambda: self.edit_session(tenant, account))
        before = compare_stored(tenant, view)
        if not self._taken(tenant, account, session, submission, before):
            if submission.sent is Sent.REFUSED and not submission.unsent:
                self._note_stored(outcome, account, session, submission, before)
            error = require(submission.error)
            error = profile_refused(error, account, moved) if moved else error
            raise uncertain(error, "the key is stored") if submission.late else error
        if submission.sent is not Sent.ACCEPTED or submission.foreign:
            outcome.warnings.append(f"The answer to the re-link was lost ({submission.words}); the new key is stored.")
        outcome.applied.actions.append(Action.RELINK)
        outcome.applied.credentials_sent = True

    def form_for(
        self, tenant: Tenant, username: str | None, session: ConnectSession | None = None
    ) -> tuple[Form, ConnectSession]:
        """Return the form of a new link, and the session to link with: the given one, else a new one.

        All tenants share the form. The first that needs it opens a session for it, so that with a StackOne that has no Hub
        or no profile a run spends one session instead of one for each tenant.
        """
        opened = [session] if session else []

        def current() -> ConnectSession:
            if not opened:
                opened.append(self.open_session(tenant, username))
            return opened[0]

        form = self._hub.form(current, tenant.provider, tenant.integration_id)
        return form, current()

    def create(self, outcome: Outcome, form: Form, session: ConnectSession, username: str | None) -> None:
        """Send the request that links a new account, once.

        An answer that does not say whether an account was made is kept in the outcome, until an account shows or does not.
        """
        tenant = outcome.tenant
        credentials = map_fields(form.fields, tenant.credential_fields).credentials(tenant)
        if outcome.lost:
            outcome.warnings.append(sent_again(outcome.lost))
        if self._stackone.is_old(session):
            session = self.open_session(tenant, username)
        sent_at = self._stackone.time_of(session)
        submission = self._hub.create(session, form.integration_id, credentials)
        applied = outcome.applied
        attempts = applied.creation.attempts + 1 if applied.creation else 1
        creation = applied.creation = Creation(sent_at, attempts=attempts)
        if submission.sent is Sent.SESSION_REFUSED:
            submission = self._maybe_done(submission, session)
        if submission.sent is Sent.REFUSED and submission.error:
            if not submission.unsent:
                with unless_shown(submission.error, "an account was made nevertheless"):
                    self._note_left_behind(outcome)
            raise submission.error
        applied.credentials_sent = True
        if submission.account_id:
            creation.account_id, creation.answered = submission.account_id, True
            applied.actions.append(Action.CREATE)
        else:
            creation.lost = submission

    def change(self, outcome: Outcome, account: Account, changes: dict[str, Any]) -> None:
        """Change fields of an account; without an answer that says so, look whether the change was made."""
        self._check(outcome.tenant, account)
        try:
            changed = self._patch(outcome, account, changes)
        except Failed as error:
            with unless_shown(error, "the change was made"):
                found = self._stackone.account(account.id)
            left = set(drift(outcome.tenant, found)) & set(changes) if found else set()
            if found is None or any(getattr(found, name) != getattr(account, name) for name in left):
                # Somebody else has changed or unlinked it since, perhaps after this change was made.
                raise uncertain(error, "the change was made") from None
            if left:
                raise unless_under_way(error, "the change was made") from None
            seen = f"Account {account.id} was changed, although StackOne's answer did not say so."
            outcome.warnings += [seen] * (seen not in outcome.warnings)
            changed = True
        if changed:
            left = {"label"} if outcome.applied.label_left else set()
            outcome.applied.updated += tuple(changes.keys() - left)
        if changed and Action.UPDATE not in outcome.applied.actions:
            outcome.applied.actions.append(Action.UPDATE)

    def move(self, outcome: Outcome, account: Account) -> Account:
        """Give an account of the former owner to the tenant's owner, and return it as StackOne shows it then.

        If StackOne does not do so, nothing else of the account was changed.
        """
        owner = require(outcome.tenant.origin_owner_id)
        try:
            self.change(outcome, account, {"origin_owner_id": owner})
        except Failed as error:
            raise not_moved(error, account, owner) from None
        found = self._seen(outcome.tenant, account.id, owner)
        if found is None:
            raise account_not_shown(account.id)
        if found.origin_owner_id != owner:
            outcome.applied.actions.remove(Action.UPDATE)
            outcome.applied.updated = ()
            raise owner_not_kept(account, found.origin_owner_id, owner)
        outcome.account = found
        return found

    def delete(self, tenant: Tenant, account: Account, approval: Approval = ANY_PLAN) -> bool:
        """Unlink an account, if it is approved as it is now.

        Without an answer that says so, look whether the account is gone. Return False if somebody else had unlinked it
        already.
        """
        current = self._stackone.account(account.id)
        if current is None:
            return False
        _check_tenants(tenant, account, current)
        approval.confirm(current)
        try:
            self._stackone.delete(account.id)
        except Failed as error:
            with unless_shown(error, "the account was unlinked"):
                found = self._stackone.account(account.id)
            if found:
                raise unless_under_way(error, "the account was unlinked") from None
        return True

    def _check(self, tenant: Tenant, account: Account) -> None:
        """Raise Failed if an account is gone, or is not the tenant's now."""
        current = self._seen(tenant, account.id, account.origin_owner_id)
        if current is None:
            raise account_not_shown(account.id)
        _check_tenants(tenant, account, current)

    def _seen(self, tenant: Tenant, account_id: str, owner: str) -> Account | None:
        """Return an account as it is now, as its owner's listing shows it if it cannot be seen under its id yet."""
        shown = self._stackone.account(account_id)
        if shown:
            return shown
        return next((each for each in self._stackone.accounts(tenant.provider, owner) if each.id == account_id), None)

    def _taken(
        self, tenant: Tenant, account: Account, session: ConnectSession, submission: Submission, before: Stored
    ) -> bool:
        """Return whether an account stores what was sent; if the answer does not say so, check StackOne.

        The few characters that the edit view shows prove something only if they were others before. Raises Failed.
        """
        if submission.sent is Sent.REFUSED:
            return False
        if submission.account_id == account.id:
            return True
        silent = submission.sent is Sent.ACCEPTED and not submission.foreign and not submission.account_id
        error = submission.error or _answered_for_another(account, submission)
        error = _not_kept_credentials(account) if silent else error
        with unless_shown(error, "the key is stored"):
            stored = compare_stored(tenant, self._hub.view(session, account.id))
            proven = silent or (
                stored.key is not StoredKey.UNKNOWN and (_differs(before, stored) or self._touched(account))
            )
        as_declared = _as_declared(tenant, stored)
        if as_declared and proven:
            return True
        if as_declared or silent or submission.account_id:
            raise uncertain(error, "the key is stored")
        return False

    def _note_stored(
        self, outcome: Outcome, account: Account, session: ConnectSession, submission: Submission, before: Stored
    ) -> None:
        """Note credentials that an account stores although StackOne refused them; the refusal is the failure.

        Raise Failed if that cannot be seen, or if the account was changed and what it shows does not tell.
        """
        error = require(submission.error)
        with unless_shown(error, "the key is stored"):
            stored = compare_stored(outcome.tenant, self._hub.view(session, account.id))
            as_declared = _as_declared(outcome.tenant, stored)
            seen = as_declared and _differs(before, stored)
            touched = as_declared and not seen and self._touched(account)
        if touched:
            raise uncertain(error, "the key is stored")
        if seen:
            outcome.applied.actions.append(Action.RELINK)
            outcome.applied.credentials_sent = True
            outcome.warnings.append(
                f"StackOne refused the domain and key, but account {account.id} stores them now; the next run checks whether it"
                " works."
            )

    def _touched(self, account: Account) -> bool:
        """Return whether StackOne has changed an account since it was seen."""
        current = self._stackone.account(account.id)
        return bool(current and current.updated_at and current.updated_at != account.updated_at)

    def _edited(
        self, send: Callable[[ConnectSession], Submission], session: ConnectSession, renew: Callable[[], ConnectSession]
    ) -> tuple[Submission, ConnectSession]:
        """Send credentials of an account; a 401 or 403 means a dead session, which is renewed once, or refused credentials (H17)."""
        submission = send(session)
        if self._refuses_session(submission, session):
            session = renew()
            submission = send(session)
            if self._refuses_session(submission, session):
                submission = replace(submission, error=session_refused(submission.http_status))
        return submission, session

    def _refuses_session(self, submission: Submission, session: ConnectSession) -> bool:
        """Return whether a refusal concerns the session and not the credentials. Raise Failed."""
        return submission.sent is Sent.SESSION_REFUSED and not self._stackone.session_alive(session)

    def _maybe_done(self, submission: Submission, session: ConnectSession) -> Submission:
        """Return a 401 or 403 to the request for a new link, as an answer that does not say what was done.

        If no account appears, the credentials were refused (H17), unless the session is dead now: the account may have used
        it up (S56), so the request is never sent again.
        """
        submission = replace(submission, words=f"HTTP {submission.http_status}: {submission.words}")
        with suppress(Failed, Stopped):
            if self._stackone.session_alive(session):
                return submission
        return replace(submission, sent=Sent.ACCEPTED)

    def _note_left_behind(self, outcome: Outcome) -> None:
        """Note an account that a refused request made nevertheless (H16, b12); the refusal is the failure. Raise Failed."""
        tenant = outcome.tenant
        listed = self._stackone.accounts(tenant.provider, require(tenant.origin_owner_id))
        made = new_accounts(outcome, self._finder, listed)
        if len(made) != 1:
            return
        outcome.account = made[0]
        outcome.applied.actions.append(Action.CREATE)
        outcome.warnings.append(
            f"StackOne refused the link, but account {made[0].id} was made, by this run or by somebody else at the same time; the"
            " next run adopts it."
            if made[0].active
            else f"StackOne refused the link but left account {made[0].id}; the next run with a valid key repairs it."
        )

    def _patch(self, outcome: Outcome, account: Account, changes: dict[str, Any]) -> bool:
        """Return whether anything was changed. A label that cannot be changed is not a reason to fail (S42, b16)."""
        answer = self._stackone.change(account.id, changes)
        if answer.status in (400, 422) and "label" in changes:
            others = {name: value for name, value in changes.items() if name != "label"}
            answer = self._stackone.change(account.id, others) if others else answer
            # If the others are refused as well, nobody knows about the label.
            if answer.ok or not others:
                outcome.applied.label_left = True
                outcome.warnings.append(LABEL_LEFT)
            if not others:
                return False
        if not answer.ok:
            raise refused(answer, "change the account")
        if not isinstance(answer.data, dict) or str(answer.data.get("id")) != account.id:
            raise unexpected(answer, "change the account")
        return True


def _check_tenants(tenant: Tenant, listed: Account, current: Account) -> None:
    """Raise Failed(account_mismatch) if an account is another owner's by now, or of another provider."""
    check_unmoved(listed, current)
    check_pinned(tenant, current)


def new_accounts(outcome: Outcome, finder: Finder, listed: Iterable[Account]) -> list[Account]:
    """Return the owner's accounts that were not there before and store the tenant's domain.

    That is the new link, if it was made: another link of the same owner stores another domain.
    """
    tenant = outcome.tenant
    unknown = [account for account in listed if account.id not in outcome.observed.other_ids]
    return same_link(tenant, finder.candidates(tenant, unknown, look=True))


def create_request(tenant: Tenant, username: str | None) -> SessionRequest:
    """Return the request for a session that links a tenant for the first time."""
    owner = require(tenant.origin_owner_id)
    return SessionRequest(
        tenant.provider,
        owner,
        tenant.origin_owner_name or owner,
        username,
        multiple=tenant.allow_multiple,
        label=tenant.label,
        type=tenant.account_type,
        shared=tenant.shared,
        integration_id=tenant.integration_id,
    )


def _answered_for_another(account: Account, submission: Submission) -> Failed:
    return Failed(
        FailureCode.ACCOUNT_MISMATCH,
        f"StackOne answered the request to re-link account {account.id} for another account, {submission.account_id}.",
        "Check both in StackOne's dashboard, under Accounts; check that no proxy or cache answers in place of StackOne.",
        http_status=submission.http_status,
        details={"account_id": account.id},
    )


def _as_declared(tenant: Tenant, stored: Stored) -> bool:
    """Return whether an account stores what the tenant declares, as far as the Hub shows it."""
    return stored.key is not StoredKey.CHANGED and stored.domain == tenant.domain and not stored.others


def _differs(before: Stored, after: Stored) -> bool:
    """Return whether what an account stores is seen to differ from before."""
    key = before.key is StoredKey.CHANGED and after.key is StoredKey.UNCHANGED
    return key or before.domain != after.domain or before.others != after.others


def _not_kept_credentials(account: Account) -> Failed:
    return Failed(
        FailureCode.CHANGE_NOT_KEPT,
        f"StackOne accepted the domain and key of account {account.id} without an error, but shows others.",
        "Run again. If this happens again, enter them in StackOne's dashboard.",
        details={"account_id": account.id},
    )
