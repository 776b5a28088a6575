# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter for the Hub API: connectors, form, create and edit (H1-H20).

The Hub API is not publicly documented. If it changes, only this module has to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Callable, Protocol
from urllib.parse import quote

from .._core.failure import Failed, FailureCode, Phase
from .._core.identity import account_id_of, account_path, is_account_id
from .._core.shared import FailedForAll, Shared, unhurried
from .._http.errors import TransportError, TransportKind
from .._http.messages import Answer
from .hub_form import FormField, parse_fields
from .profiles import Profile, choose, listed_profiles, no_profile
from .provider_errors import ProviderError, provider_error
from .stackone import ConnectSession
from .stackone_base import StackOneApi, error_words, from_elsewhere, is_page, refused, unexpected, unreachable

REDACTED = "__secretvalue:**redacted**"
HUB_VERSION = "1.11.4"
"""The version of the Hub's widget that is sent with every call, as the widget does (H1)."""
TAKING = "accept the credentials"


@dataclass(frozen=True)
class Form:
    """The form of one connector profile."""

    integration_id: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True)
class AccountView:
    """The Hub's edit view of an account (H11). `secrets` contains redacted placeholders, never values."""

    setup_information: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict, repr=False)
    integration_id: str | None = None
    auth_key: str | None = None
    environment: str | None = None


TESTED = frozenset({400, 422})
"""The statuses with which StackOne may report that its own test refused credentials (H17)."""


class Sent(Enum):
    """The outcome of sending credentials."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    SESSION_REFUSED = "session_refused"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Submission:
    """The outcome of one POST or PATCH. `words` are the provider's or StackOne's, `account_id` is from the answer.

    `late` is true if there was no answer in time, so StackOne may still be working on it: it waits for a provider for
    longer than we do (S82). `foreign` is true if the answer is not StackOne's, but a proxy's page or redirect.
    """

    sent: Sent
    account_id: str | None = None
    http_status: int | None = None
    words: str = ""
    error: Failed | None = None
    foreign: bool = False
    late: bool = False

    @property
    def unsent(self) -> bool:
        """Return whether the request was not even sent."""
        return self.sent is Sent.REFUSED and self.http_status is None

    @property
    def refusal(self) -> Failed | None:
        """Return why StackOne refused the credentials with a 401 or 403, which holds if it has not done it nevertheless."""
        return self.error if self.sent is Sent.SESSION_REFUSED else None


class Forms:
    """The forms of a run, each fetched once for all workers."""

    def __init__(self) -> None:
        self._forms = Shared()
        self.missing = False
        """True once this StackOne was found to have no Hub API."""

    def get(
        self,
        provider: str,
        integration_id: str | None,
        fetch: Callable[[], Form],
        check: Callable[[], None] = unhurried,
    ) -> Form:
        """Return the form, which the first caller fetches. `check` raises if the run is stopped. Raise Failed."""
        found: Form = self._forms.get((provider.lower(), integration_id), fetch, check)
        return found


class KnownProfiles(Protocol):
    """A source of connector profiles: the client of the platform API."""

    def profiles(self, provider: str) -> list[Profile]:
        """Return the provider's profiles, or an empty list if the platform does not list them."""


class Hub:
    """The client of the Hub API; every call carries a connect session's token."""

    def __init__(self, api: StackOneApi, platform: KnownProfiles, forms: Forms | None = None) -> None:
        self._api = api
        self._platform = platform
        self._forms = forms or Forms()

    @property
    def missing(self) -> bool:
        """Return whether this StackOne was found to have no Hub API."""
        return self._forms.missing

    def existing_account_id(self, session: ConnectSession) -> str | None:
        """Return the account that this session would edit instead of creating one (H2)."""
        data = self._get(session, "/hub/settings", "read the Hub's settings")
        found = data.get("existing_account_id")
        return account_id_of(found) if is_account_id(found) else None

    def form(self, session: Callable[[], ConnectSession], provider: str, integration_id: str | None) -> Form:
        """Return the form of the given connector profile, else of the one that StackOne would use (H3, H4, S52).

        `session` opens or returns the session to ask with. It is not called if the form is known already.
        """

        def fetch() -> Form:
            current = _opened(session)
            return _for_all(lambda: self._form(current, provider, self._profile(current, provider, integration_id)))

        return self._forms.get(provider, integration_id, fetch, self._api.clock.check)

    def edit_form(
        self,
        opened: Callable[[], tuple[ConnectSession, AccountView]],
        provider: str,
        own: str | None,
        declared: str | None,
    ) -> Form:
        """Return the form of an account's `own` profile, which a session for another profile may not list (H4).

        `opened` opens or returns a session and the account's view. It is not called if the form is known already.
        """
        if own is None:
            return self.form(lambda: opened()[0], provider, declared)

        def fetch() -> Form:
            session, view = opened()
            return _for_all(lambda: self._own_form(session, provider, own, view))

        return self._forms.get(provider, own, fetch, self._api.clock.check)

    def _own_form(self, session: ConnectSession, provider: str, own: str, view: AccountView) -> Form:
        listed = self._listed(session, provider)
        profile = next((item for item in listed if item.id == own), None)
        if profile and profile.active is False:
            raise no_profile(provider, own, listed, of_account=True)
        unlisted = Profile(own, auth_key=view.auth_key, environment=view.environment)
        return self._form(session, provider, profile or unlisted, listed)

    def _form(self, session: ConnectSession, provider: str, profile: Profile, others: Sequence[Profile] = ()) -> Form:
        path = f"/hub/connectors/{quote(profile.id, safe='')}"
        doing = "read the Freshservice form"
        answer = self._answer(session, path)
        if answer.status == 404 and others and profile not in others:
            raise no_profile(provider, profile.id, others, error_words(answer), answer.status, of_account=True)
        data = _object(answer, doing)
        fields = parse_fields(data.get("config"), profile.auth_key, profile.environment)
        return Form(profile.id, tuple(map(self._without_secret, fields)))

    def _without_secret(self, item: FormField) -> FormField:
        """Return a field without a default that contains a secret: it would be sent with the credentials of each tenant."""
        return replace(item, default=None) if self._api.scrubber.gives_away(item.default) else item

    def view(self, session: ConnectSession, account_id: str) -> AccountView:
        """Return what is stored for an account, with secrets redacted (H11)."""
        doing = "show what the account stores"
        answer = self._answer(session, f"/hub{account_path(account_id)}")
        if answer.status == 404:
            # Either the account or the whole Hub is missing. The settings show which.
            self._get(session, "/hub/settings", "read the Hub's settings")
        data = _object(answer, doing)
        if "setupInformation" not in data:
            raise unexpected(answer, doing)
        setup, secrets = data["setupInformation"], data.get("secrets")

        def text(key: str) -> str | None:
            return str(data[key]) if isinstance(data.get(key), (str, int)) and data[key] else None

        return AccountView(
            setup if isinstance(setup, dict) else {},
            secrets if isinstance(secrets, dict) else {},
            text("integrationId"),
            text("authConfigKey"),
            text("environment"),
        )

    def create(self, session: ConnectSession, integration_id: str, credentials: dict[str, str]) -> Submission:
        """Link a new account (H9, H16). The request is never repeated blindly, because that could link a second one."""
        return self._submit("POST", "/hub/accounts", session, integration_id, credentials, repeatable=False)

    def edit(
        self, session: ConnectSession, account_id: str, integration_id: str, credentials: dict[str, str]
    ) -> Submission:
        """Replace an account's credentials (H10); sending the same twice is harmless."""
        path = f"/hub{account_path(account_id)}"
        return self._submit("PATCH", path, session, integration_id, credentials, repeatable=True)

    def _profile(self, session: ConnectSession, provider: str, integration_id: str | None) -> Profile:
        listed = self._listed(session, provider)
        if integration_id:
            found = next((item for item in listed if item.id == integration_id and item.active is not False), None)
        else:
            found = choose(listed, session.integration_id, lambda: self._platform.profiles(provider))
        if found is None:
            raise no_profile(provider, integration_id, listed)
        return found

    def _listed(self, session: ConnectSession, provider: str) -> list[Profile]:
        doing = "list the connector profiles"
        answer = self._answer(session, f"/hub/connectors?provider={quote(provider, safe='')}")
        listed = _object(answer, doing).get("integrations")
        if not isinstance(listed, list):
            raise unexpected(answer, doing)
        return listed_profiles(listed, provider, answer.line)

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
            late = error.kind in (TransportKind.TIMEOUT, TransportKind.STOPPED)
            return Submission(sent, words=str(error), error=unreachable(error), late=late)
        return _submission(answer)

    def _get(self, session: ConnectSession, path: str, doing: str) -> dict[str, Any]:
        return _object(self._answer(session, path), doing)

    def _answer(self, session: ConnectSession, path: str) -> Answer:
        answer = self._api.send_known("GET", path, headers=_headers(session))
        if answer.status in (401, 403) and not is_page(answer):
            raise session_refused(answer.status)
        if answer.status == 404 and path.partition("?")[0] in ("/hub/settings", "/hub/connectors"):
            self._forms.missing = True
            raise hub_unavailable(answer)
        return answer


def _opened(session: Callable[[], ConnectSession]) -> ConnectSession:
    """Open the session with which to fetch a form.

    A failure concerns this tenant only, unless no connector profile can be used, which is the same for all tenants.
    """
    try:
        return session()
    except Failed as error:
        if error.failure.code is FailureCode.CONNECTOR_PROFILE_MISSING:
            raise FailedForAll(error.failure) from None
        raise


def _for_all(fetch: Callable[[], Form]) -> Form:
    """Return what `fetch` returns, with failures for all tenants, except that the Hub refuses this one session."""
    try:
        return fetch()
    except Failed as error:
        if error.failure.code is FailureCode.SESSION_REFUSED:
            raise
        raise FailedForAll(error.failure) from None


def _object(answer: Answer, doing: str) -> dict[str, Any]:
    if not answer.ok:
        raise refused(answer, doing)
    if not isinstance(answer.data, dict):
        raise unexpected(answer, doing)
    return answer.data


def session_refused(http_status: int | None) -> Failed:
    """Return the failure if the Hub refuses a token that StackOne has just issued."""
    return Failed(
        FailureCode.SESSION_REFUSED,
        "StackOne's Hub refused the connect session that StackOne had just opened.",
        "Run again; if this persists, check that stackone_url and the key's region belong together.",
        http_status=http_status,
        retriable=True,
    )


def hub_unavailable(answer: Answer) -> Failed:
    """Return the failure if StackOne has no Hub API at the URL that the widget calls (H27)."""
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
        # The answer to an edit may be empty (H10).
        foreign = bool(answer.text) and not isinstance(answer.data, dict)
        words = f"HTTP {answer.status}: {answer.excerpt or 'no text'}"
        error = unexpected(answer, TAKING)
        return Submission(Sent.ACCEPTED, None, answer.status, words, error, foreign)
    words = error_words(answer)
    unclear = f"HTTP {answer.status}: {words}"
    provider = provider_error(answer.masked, answer.line)
    if provider:
        return Submission(Sent.REFUSED, None, answer.status, words, _provider_failed(answer.status, provider))
    if from_elsewhere(answer):
        # Nor does a 401 or 403 say that the session is refused: the link may have used it up (S56).
        return Submission(Sent.ACCEPTED, None, answer.status, unclear, unexpected(answer, TAKING), foreign=True)
    if answer.status in (401, 403):
        return Submission(Sent.SESSION_REFUSED, None, answer.status, words, credentials_refused(answer.status, words))
    if answer.status == 408 or answer.status >= 500:
        return Submission(Sent.UNCERTAIN, None, answer.status, unclear, refused(answer, TAKING))
    return Submission(Sent.REFUSED, None, answer.status, words, _credentials_error(answer, words))


def _credentials_error(answer: Answer, words: str) -> Failed:
    if answer.status not in TESTED or answer.data.get("errors"):
        # A missing or locked account, a wrong field or too many requests say nothing about the key.
        return refused(answer, TAKING)
    return credentials_refused(answer.status, words)


def _provider_failed(http_status: int, provider: ProviderError) -> Failed:
    """Return the failure for Freshservice's answer to StackOne's test: refused, busy (S82b) or not working."""
    if provider.final:
        return credentials_refused(http_status, provider.words or provider.shown, provider.status)
    details = {"answer": provider.words, "provider_status": provider.status}
    if provider.busy:
        return Failed(
            FailureCode.RATE_LIMITED,
            "StackOne could not test the domain and key: the Freshservice tenant is over its limit of API calls"
            f" ({provider.shown}).",
            "Run again in a minute; other apps of this tenant share the limit.",
            http_status=http_status,
            retriable=True,
            details=details,
        )
    return Failed(
        FailureCode.UNREACHABLE,
        f"StackOne could not test the domain and key: Freshservice answered with an error ({provider.shown}).",
        "Run again later: Freshservice has a problem, or is down for maintenance.",
        http_status=http_status,
        retriable=True,
        details=details,
    )


def credentials_refused(http_status: int | None, words: str, provider_status: int | None = None) -> Failed:
    """Return the failure if StackOne's own test of the credentials failed, although the key check passed (F33)."""
    return Failed(
        FailureCode.CREDENTIALS_REFUSED,
        f"StackOne tested the domain and key and refused them ({words}).",
        "StackOne's test may need more rights than the key check: give the agent a role that can view agents and"
        " tickets, or use another agent's key.",
        http_status=http_status,
        details={"answer": words, **({"provider_status": provider_status} if provider_status else {})},
        phase=Phase.APPLY,
    )


def _headers(session: ConnectSession) -> dict[str, str]:
    return {"x-hub-session-token": session.token, "x-hub-version": HUB_VERSION}
