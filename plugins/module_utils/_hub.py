# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Hub API behind one adapter: connectors, form, create, edit (H1-H20).

It is not publicly documented; whatever changes in it, changes here.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Callable
from urllib.parse import quote

from ansible_collections.tenantlink.stackone.plugins.module_utils._account import (
    account_id_of,
    account_path,
    is_account_id,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._api import (
    StackOneApi,
    error_words,
    provider_words,
    refused,
    unexpected,
    unreachable,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, FailureCode
from ansible_collections.tenantlink.stackone.plugins.module_utils._fields import FormField, parse_fields
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Answer, TransportError, TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import ConnectSession
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import Scrubber

REDACTED = "__secretvalue:**redacted**"


@dataclass(frozen=True)
class Form:
    """What one connector profile asks for."""

    integration_id: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True)
class AccountView:
    """The Hub's edit view of an account (H11). C(secrets) holds redacted placeholders, never values."""

    setup_information: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict, repr=False)
    integration_id: str | None = None


class Sent(Enum):
    """What became of the credentials that were sent."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    SESSION_REFUSED = "session_refused"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Submission:
    """The fate of one POST or PATCH. C(words) are the provider's or StackOne's, C(account_id) the answer's.

    C(late): no answer came in time, and StackOne may be at it still (it waits for a provider longer than we do, S82).
    C(foreign): the status says success, but the words are not StackOne's, as when a proxy's page answers in its place.
    """

    sent: Sent
    account_id: str | None = None
    http_status: int | None = None
    words: str = ""
    error: Failed | None = None
    foreign: bool = False
    late: bool = False

    def scrubbed(self, scrubber: Scrubber) -> Submission:
        """Return the same without secrets in its words, and without the error that holds them."""
        return replace(self, words=scrubber.scrub(self.words), error=None)


class Forms:
    """The forms of a run, each asked for once, however many workers want it.

    A failure that no repetition mends is remembered as well, or every tenant would ask for it again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str | None], Form | Failed] = {}
        self.missing = False
        """Whether this StackOne was seen to have no Hub API."""

    def get(self, provider: str, integration_id: str | None, fetch: Callable[[], Form]) -> Form:
        """The form, fetched by the first who asks. Raises Failed."""
        key = (provider.lower(), integration_id)
        with self._lock:
            if key not in self._known:
                try:
                    self._known[key] = fetch()
                except Failed as error:
                    if error.failure.retriable:
                        raise
                    self._known[key] = error
            found = self._known[key]
        if isinstance(found, Failed):
            raise found.with_traceback(None)
        return found


class Hub:
    """The client of the Hub API; every call carries a connect session's token."""

    def __init__(self, api: StackOneApi, forms: Forms | None = None) -> None:
        self._api = api
        self._forms = forms or Forms()

    @property
    def missing(self) -> bool:
        """Return whether this StackOne was seen to have no Hub API."""
        return self._forms.missing

    def existing_account_id(self, session: ConnectSession) -> str | None:
        """The account that this session would edit instead of creating one (H2)."""
        data = self._get(session, "/hub/settings", "read the Hub's settings")
        found = data.get("existing_account_id")
        return account_id_of(found) if is_account_id(found) else None

    def form(self, session: Callable[[], ConnectSession], provider: str, integration_id: str | None) -> Form:
        """The form of the given connector profile, else of the provider's only active one (H3, H4).

        `session` opens or returns the session to ask with; it is not called where the form is known already.
        """
        return self._forms.get(
            provider, integration_id, lambda: self._form_for_all(session(), provider, integration_id)
        )

    def _form_for_all(self, session: ConnectSession, provider: str, integration_id: str | None) -> Form:
        """What other tenants get as well, who do not know the token of this session as a secret."""
        try:
            return self._form(session, provider, integration_id)
        except Failed as error:
            error.failure = error.failure.scrubbed(Scrubber((session.token,)))
            raise

    def _form(self, session: ConnectSession, provider: str, integration_id: str | None) -> Form:
        profile = self._profile(session, provider, integration_id)
        path = f"/hub/connectors/{quote(profile['integration_id'], safe='')}"
        data = self._get(session, path, "read the Freshservice form")
        fields = parse_fields(data.get("config"), profile.get("authentication_config_key"), profile.get("environment"))
        return Form(profile["integration_id"], fields)

    def view(self, session: ConnectSession, account_id: str) -> AccountView:
        """What is stored for an account, secrets redacted (H11)."""
        try:
            data = self._get(session, f"/hub{account_path(account_id)}", "show what the account stores")
        except Failed as error:
            if error.failure.http_status == 404:
                # The account may be missing there, or the whole Hub: its settings tell.
                self._get(session, "/hub/settings", "read the Hub's settings")
            raise
        setup, secrets, integration = (data.get(key) for key in ("setupInformation", "secrets", "integrationId"))
        return AccountView(
            setup if isinstance(setup, dict) else {},
            secrets if isinstance(secrets, dict) else {},
            str(integration) if integration else None,
        )

    def create(self, session: ConnectSession, integration_id: str, credentials: dict[str, str]) -> Submission:
        """Link a new account (H9, H16). Never repeated blindly: it would link a second one."""
        return self._submit("POST", "/hub/accounts", session, integration_id, credentials, repeatable=False)

    def edit(
        self, session: ConnectSession, account_id: str, integration_id: str, credentials: dict[str, str]
    ) -> Submission:
        """Replace an account's credentials (H10); sending the same twice is harmless."""
        path = f"/hub{account_path(account_id)}"
        return self._submit("PATCH", path, session, integration_id, credentials, repeatable=True)

    def _profile(self, session: ConnectSession, provider: str, integration_id: str | None) -> dict[str, Any]:
        data = self._get(session, f"/hub/connectors?provider={quote(provider, safe='')}", "list the connector profiles")
        listed = data.get("integrations")
        profiles = [
            item
            for item in (listed if isinstance(listed, list) else [])
            if isinstance(item, dict)
            and isinstance(item.get("integration_id"), str)
            and str(item.get("provider", "")).lower() == provider.lower()
        ]
        if integration_id:
            profiles = [item for item in profiles if item["integration_id"] == integration_id]
        elif len(profiles) > 1:
            profiles = [item for item in profiles if item.get("active")]
        if len(profiles) == 1 and profiles[0].get("active") is not False:
            return profiles[0]
        raise _no_profile(provider, integration_id, [item["integration_id"] for item in profiles])

    def _submit(
        self,
        method: str,
        path: str,
        session: ConnectSession,
        integration_id: str,
        credentials: dict[str, str],
        repeatable: bool,
    ) -> Submission:
        filled = {key: value for key, value in credentials.items() if value}
        body = {"integration_id": integration_id, "credentials": filled}
        try:
            answer = self._api.send(method, path, headers=_headers(session), body=body, repeatable=repeatable)
        except TransportError as error:
            sent = Sent.UNCERTAIN if error.sent else Sent.REFUSED
            late = error.kind is TransportKind.TIMEOUT
            return Submission(sent, words=str(error), error=unreachable(error), late=late)
        return _submission(answer)

    def _get(self, session: ConnectSession, path: str, doing: str) -> dict[str, Any]:
        answer = self._api.send_known("GET", path, headers=_headers(session))
        if answer.status in (401, 403):
            raise session_refused(answer.status)
        if answer.status == 404 and path.partition("?")[0] in ("/hub/settings", "/hub/connectors"):
            self._forms.missing = True
            raise hub_unavailable(answer)
        if not answer.ok:
            raise refused(answer, doing)
        if not isinstance(answer.data, dict):
            raise unexpected(answer, doing)
        return answer.data


def session_refused(http_status: int | None) -> Failed:
    """A token that StackOne gave a moment ago is not taken by its Hub."""
    return Failed(
        FailureCode.SESSION_REFUSED,
        "StackOne's Hub refused the connect session that StackOne had just opened.",
        "Run again; if it stays, check that stackone_url and the key's region belong together.",
        http_status=http_status,
        retriable=True,
    )


def hub_unavailable(answer: Answer) -> Failed:
    """This StackOne has no Hub API where the widget calls it (H27)."""
    return Failed(
        FailureCode.HUB_UNAVAILABLE,
        "this StackOne does not offer the Hub API that links an account.",
        "Check stackone_url; otherwise link this tenant in StackOne's dashboard (Accounts > Link Account):"
        " the next run adopts the account.",
        http_status=answer.status,
    )


def _submission(answer: Answer) -> Submission:
    if answer.ok:
        found = answer.data.get("id") if isinstance(answer.data, dict) else None
        if is_account_id(found):
            return Submission(Sent.ACCEPTED, account_id_of(found), answer.status)
        # An edit may be answered without any words (H10).
        foreign = bool(answer.text) and not isinstance(answer.data, dict)
        words = f"HTTP {answer.status}: {answer.excerpt or 'no text'}"
        error = unexpected(answer, "take the credentials")
        return Submission(Sent.ACCEPTED, None, answer.status, words, error, foreign)
    words = error_words(answer)
    if answer.status in (401, 403):
        return Submission(Sent.SESSION_REFUSED, None, answer.status, words)
    if answer.status == 408 or (answer.status >= 500 and not provider_words(answer)):
        return Submission(Sent.UNCERTAIN, None, answer.status, words, refused(answer, "take the credentials"))
    error = _credentials_error(answer, words)
    return Submission(Sent.REFUSED, None, answer.status, words, error)


def _credentials_error(answer: Answer, words: str) -> Failed:
    if answer.status == 429:
        return refused(answer, "take the credentials")
    if 300 <= answer.status < 400:
        return unexpected(answer, "take the credentials")
    return credentials_refused(answer.status, words)


def credentials_refused(http_status: int | None, words: str) -> Failed:
    """StackOne's own test of the credentials failed, although the key check passed (F33)."""
    return Failed(
        FailureCode.CREDENTIALS_REFUSED,
        f"StackOne tested the domain and key and refused them ({words}).",
        "StackOne's test may need more rights than the key check: give the agent a role that may view agents and"
        " tickets, or take another agent's key.",
        http_status=http_status,
        details={"answer": words},
    )


def _no_profile(provider: str, integration_id: str | None, active: list[str]) -> Failed:
    if len(active) > 1:
        message = f"StackOne has several active connector profiles for {provider}: {', '.join(active)}."
        remediation = "Name one in integration_id."
    else:
        message = f"StackOne has no active connector profile{f' {integration_id!r}' if integration_id else ''} for {provider}."
        remediation = "Enable it once in StackOne's dashboard, under Connector Profiles, then run again."
    return Failed(
        FailureCode.CONNECTOR_PROFILE_MISSING, message, remediation, details={"connector_profile_ids": active}
    )


def _headers(session: ConnectSession) -> dict[str, str]:
    return {"x-hub-session-token": session.token}
