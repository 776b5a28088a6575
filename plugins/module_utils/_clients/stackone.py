# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of StackOne's platform API: linked accounts and connect sessions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from .._core.failure import Failed, FailureCode
from .._core.identity import account_id_of, account_path, same_provider
from .._core.text import Scrubber
from .._core.times import iso_time, parse_date
from .._http.messages import Answer
from .account import Account
from .account_answers import EXCERPT, account_in, accounts_in, checked, has_more, says_missing
from .calls import PROXIED, Route, Routes, Scope, action_keys, action_of_caller
from .paging import MOST_PAGES, PAGE_SIZE, Paging, most_pages
from .profiles import Profile, listed_profiles, names_the_profile, no_profile
from .sessions import link_in, secrets_of_link, suspects, token_in
from .stackone_base import OPENING, StackOneApi, unexpected, words_for

SESSION_SECONDS = 600
_MOST_ACTION_PAGES = 20
_PROFILE_STATUSES = frozenset({400, 404, 409, 412, 422})
"""The statuses that a request for a session may get if the provider or profile is not enabled (S57)."""


PROBE = {"origin_owner_id": "project-check", "origin_owner_name": "project-check", "expires_in": 60}
"""The body of a request for a session that is only opened to see the project of the key."""


@dataclass(frozen=True)
class ConnectSession:
    """The short-lived token with which the Hub links or edits one account.

    `created_at` is by StackOne's clock, in epoch seconds, or None if StackOne does not say.
    """

    token: str = field(repr=False)
    created_at: float | None = None
    opened: float = 0.0
    """When the answer arrived, by this machine's monotonic clock."""
    integration_id: str | None = None
    """The connector profile that StackOne says the session is for (S53)."""


@dataclass(frozen=True)
class AuthLink:
    """A connect session for a person, whose token is in the URL. `expires_at` is an ISO time in UTC."""

    url: str = field(repr=False)
    expires_at: str


@dataclass(frozen=True)
class SessionRequest:
    """A request for a connect session (S50). With `account_id`, the session can edit that account only."""

    provider: str
    origin_owner_id: str
    origin_owner_name: str
    origin_username: str | None = None
    account_id: str | None = None
    multiple: bool = False
    label: str | None = None
    type: str | None = None
    shared: bool | None = None
    integration_id: str | None = None
    expires_in: int = SESSION_SECONDS

    def body(self, profile_property: str) -> dict[str, Any]:
        """Return the JSON body, without values that are not set."""
        values: dict[str, Any] = {
            "provider": self.provider,
            "origin_owner_id": self.origin_owner_id,
            "origin_owner_name": self.origin_owner_name,
            "origin_username": self.origin_username,
            "account_id": self.account_id,
            "multiple": self.multiple or None,
            "label": self.label,
            "type": self.type,
            "shared": self.shared,
            "expires_in": self.expires_in,
            profile_property: self.integration_id,
        }
        return {key: value for key, value in values.items() if value is not None}


def edit_request(account: Account, profile: str | None, expires_in: int = SESSION_SECONDS) -> SessionRequest:
    """Return the request for a session that edits this account only.

    It has the account's current name, which StackOne uses to identify the account (S51), and the declared `profile`,
    without which a project that has no default profile does not open a session (S52).
    """
    name = account.origin_owner_name or account.origin_owner_id
    return SessionRequest(
        account.provider,
        account.origin_owner_id,
        name,
        account_id=account.id,
        integration_id=profile,
        expires_in=expires_in,
    )


class StackOne:
    """The client of the platform API. All methods that send requests raise Failed."""

    def __init__(self, api: StackOneApi, api_key: str) -> None:
        self._api = api
        self._profile_properties = api.profile_properties
        self._auth = (api_key, "")
        self.filters_ignored = False
        """True once a listing contained accounts of owners that were not asked for."""

    @property
    def scrubber(self) -> Scrubber:
        """Return the scrubber, which knows the secrets of the run."""
        return self._api.scrubber

    def accounts(
        self,
        provider: str,
        *owners: str,
        each: Callable[..., Iterable[Any]] = map,
        expected: int = 0,
        declared: int = 0,
        thorough: bool = False,
    ) -> list[Account]:
        """Return the accounts of a provider, of the given owners or of all. Raise Failed.

        `each` is `map`, or a version of it that fetches pages in parallel. `expected` is the probable number of
        accounts. If tenants are `declared`, their number limits the pages that are read. A `thorough` listing is read
        page by page until one is empty, because a server may return fewer accounts per page than requested. The results
        are filtered here again, because StackOne may ignore unknown filters (S25).
        """
        declared = declared or len(owners)
        paging = Paging(expected, most_pages(declared) if declared else MOST_PAGES, thorough)
        found = self._read({"provider": provider, **_owner_filter(owners)}, paging, each)
        return self._of(provider, owners, found)

    def look_again(self, provider: str, *owners: str) -> list[Account]:
        """Return the accounts of owners that were missing from a listing. Raise Failed.

        Unlike `accounts`, ask for any provider, and page by page until one is empty, because an account that is missed
        would be linked a second time. Include accounts for which StackOne does not say the provider.
        """
        found = self._read(_owner_filter(owners), Paging(most=most_pages(len(owners)), thorough=True), map)
        return self._of(provider, owners, found)

    def account(self, account_id: str) -> Account | None:
        """Return one account, or None if StackOne says that it does not exist. Raise Failed.

        Raise Failed(account_mismatch) if StackOne answers with another account, which must not be changed.
        """
        answer = self._send("GET", account_path(account_id))
        if says_missing(answer):
            self._make_sure_of_stackone()
            return None
        found = account_in(checked(answer, "show the account"), answer)
        if found.id != account_id:
            raise _another_account(account_id, answer.line(found.id))
        self._api.answered = True
        return found

    def change(self, account_id: str, changes: dict[str, Any]) -> Answer:
        """Change an account (S41), and return the answer, whatever its status. Sending it twice is harmless."""
        return self._send("PATCH", account_path(account_id), body=changes)

    def delete(self, account_id: str) -> None:
        """Unlink an account. Raise Failed, also if it does not exist any more (S44)."""
        doing = "unlink the account"
        answer = self._send("DELETE", account_path(account_id))
        data = checked(answer, doing, shape=object)
        if answer.text and not (isinstance(data, dict) and str(data.get("id")) == account_id):
            raise unexpected(answer, doing)

    def _read(self, params: dict[str, Any], paging: Paging, each: Callable[..., Iterable[Any]]) -> list[Account]:
        found: list[Account] = []
        params = {**params, "page_size": PAGE_SIZE}
        while not paging.done:
            pages = paging.next_pages()
            for page, (listed, more) in zip(pages, each(lambda page: self._page(params, page), pages)):
                found += paging.take(page, listed, more)
        self._api.answered = True
        return found

    def _of(self, provider: str, owners: Sequence[str], found: Iterable[Account]) -> list[Account]:
        mine = [account for account in found if not account.provider or same_provider(account.provider, provider)]
        of_owners = [account for account in mine if not owners or account.origin_owner_id in owners]
        self.filters_ignored = self.filters_ignored or len(of_owners) < len(mine)
        return of_owners

    def _make_sure_of_stackone(self) -> None:
        """Raise Failed if StackOne does not answer a listing: the 404 for an account may be a proxy's."""
        if not self._api.answered:
            accounts_in(self._send("GET", "/accounts", params={"page_size": 1}))
            self._api.answered = True

    def confirm_project(self) -> None:
        """Raise Failed(project_mismatch) unless the key belongs to the declared project, if one is declared.

        Only a connect session tells the project (S53), so open one that nobody uses.
        """
        if self._api.project_id is None:
            return
        answer = self._post_session(PROBE)
        checked(answer, OPENING)
        self._check_project(answer)

    def open_session(self, request: SessionRequest) -> ConnectSession:
        """Open a connect session for our own requests."""
        answer = self._open(request)
        told = (answer.data.get(name) for name in ("connector_profile_id", "integration_id"))
        profile = next((value for value in told if isinstance(value, str) and value), None)
        token = token_in(answer.data)
        if token is None:
            raise unexpected(answer, OPENING)
        self._api.scrubber.add(token, link_in(answer.data))
        return ConnectSession(
            token, parse_date(str(answer.data.get("created_at"))), self._api.clock.monotonic(), profile
        )

    def time_of(self, session: ConnectSession) -> float | None:
        """Return StackOne's current time or slightly earlier, in epoch seconds: the session's time plus its age."""
        if session.created_at is None:
            return None
        return session.created_at + self._api.clock.monotonic() - session.opened

    def is_old(self, session: ConnectSession) -> bool:
        """Return whether a session has passed half of its lifetime, so that it may end before StackOne uses it."""
        return self._api.clock.monotonic() - session.opened > SESSION_SECONDS / 2

    def edit_session(self, account: Account, profile: str | None) -> ConnectSession:
        """Open a session that edits this account only.

        If no profile is declared and StackOne has no default one, open the session with any profile: the account keeps
        its own profile nevertheless (H4).
        """
        request = edit_request(account, profile)
        try:
            return self.open_session(request)
        except Failed as error:
            found = [item for item in self.profiles(account.provider) if item.active is not False]
            if profile or not found or error.failure.code is not FailureCode.CONNECTOR_PROFILE_MISSING:
                raise
            return self.open_session(replace(request, integration_id=found[0].id))

    def profiles(self, provider: str) -> list[Profile]:
        """Return the provider's connector profiles (S60), or an empty list if StackOne does not list them."""
        return self._api.profiles.get(provider, lambda: self._profiles(provider), self._api.clock.check)

    def _profiles(self, provider: str) -> list[Profile]:
        try:
            answer = self._send("GET", "/auth_configs", params={"connector_key": provider, "page_size": PAGE_SIZE})
        except Failed:
            return []
        data = answer.data.get("data") if isinstance(answer.data, dict) else answer.data
        return listed_profiles(data if answer.ok else None, provider, answer.line)

    def auth_link(self, request: SessionRequest, now: float) -> AuthLink:
        """Open a connect session for a person (S53, S55). `now` is used, in epoch seconds, if StackOne gives no time."""
        answer = self._open(request)
        link, token, scrubber = link_in(answer.data), token_in(answer.data), self._api.scrubber
        if link is None or scrubber.holds(link):
            # A link that contains a key, or that was given out for another tenant, must not be shown.
            raise unexpected(answer, OPENING)
        scrubber.give_out(link)
        scrubber.add(token, *secrets_of_link(link, token, _sent(request)))
        created = parse_date(str(answer.data.get("created_at")))
        return AuthLink(link, iso_time((now if created is None else created) + request.expires_in))

    def _open(self, request: SessionRequest) -> Answer:
        """Open a connect session, with whichever property name StackOne accepts for the connector profile (b5)."""
        names = self._profile_properties
        for name in list(names) if request.integration_id else names[:1]:
            answer = self._post_session(request.body(name))
            if answer.status != 400 or name not in answer.text:
                break
            names.sort(key=name.__eq__)
        if answer.status in _PROFILE_STATUSES and names_the_profile(answer.text[:EXCERPT]):
            known = self.profiles(request.provider)
            words = words_for(answer, OPENING).rstrip(".")
            raise no_profile(request.provider, request.integration_id, known, words, answer.status)
        checked(answer, OPENING)
        self._check_session(request, answer)
        return answer

    def _post_session(self, body: dict[str, Any]) -> Answer:
        answer = self._send("POST", "/connect_sessions", body=body)
        if not answer.ok:
            # The message shows words of this answer.
            self._api.scrubber.add(*suspects(answer.data, _texts(body)))
        return answer

    def _check_project(self, answer: Answer) -> None:
        """Raise Failed(project_mismatch) if a session is not of the declared project, or does not tell its project."""
        declared, told = self._api.project_id, account_id_of(answer.data.get("project_id"))
        if declared and told != declared:
            self._api.scrubber.add(token_in(answer.data), link_in(answer.data))
            raise _another_project(declared, told and answer.line(told))

    def _check_session(self, request: SessionRequest, answer: Answer) -> None:
        """Raise Failed (account_mismatch, project_mismatch) if a session is for something else than asked for (S53)."""
        self._check_project(answer)
        asked = {"origin_owner_id": request.origin_owner_id, "account_id": request.account_id}
        for name, wanted in asked.items():
            told = account_id_of(answer.data.get(name))
            if wanted and told and told != wanted:
                raise Failed(
                    FailureCode.ACCOUNT_MISMATCH,
                    f"StackOne opened a connect session for another {name} than requested.",
                    "Nothing was sent over it. Check stackone_url, and that no proxy or cache answers in place of StackOne.",
                )

    def session_alive(self, session: ConnectSession) -> bool:
        """Return whether a token is still valid (S54), which distinguishes refused credentials from an expired session (H17)."""
        return self._send("POST", "/connect_sessions/authenticate", body={"token": session.token}).ok

    def routes(self, provider: str) -> Routes:
        """Return the ways to ask Freshservice which agent calls through an account, the one that worked before first."""
        known: Routes = self._api.routes.get(provider.lower(), lambda: self._routes(provider), self._api.clock.check)
        return replace(known, ways=tuple(sorted(known.ways, key=lambda route: route != self._api.preferred_route)))

    def prefer(self, route: Route) -> None:
        """Try this way first from now on."""
        self._api.preferred_route = route

    def call(self, account: Account, route: Route) -> Answer:
        """Ask Freshservice as the account which agent calls (S70, S72), and return the answer, whatever its status."""
        headers = {"x-account-id": account.id}
        if account.shared is False and account.origin_username:
            headers["x-end-user-id"] = account.origin_username
        return self._send("POST", route.path, headers=headers, body=route.body)

    def _routes(self, provider: str) -> Routes:
        """Search StackOne's actions for the connector's own (S63); without one, the proxy remains."""
        keys: list[str] = []
        params: dict[str, Any] = {"filter[connectors]": provider, "page_size": PAGE_SIZE}
        try:
            for _page in range(_MOST_ACTION_PAGES):
                answer = self._send("GET", "/actions", params=params)
                if answer.status == 403:
                    return Routes(PROXIED, frozenset({Scope.ACTIONS}))
                keys += action_keys(answer.data) if answer.ok else ()
                cursor = answer.data.get("next") if answer.ok and isinstance(answer.data, dict) else None
                if not isinstance(cursor, str) or not cursor or cursor == params.get("next"):
                    break
                params = {**params, "next": cursor}
        except Failed:
            pass
        action = action_of_caller(keys, provider)
        return Routes((*([Route(Scope.ACTIONS, action)] if action else []), *PROXIED))

    def _page(self, params: dict[str, Any], page: int) -> tuple[list[Account], bool]:
        answer = self._send("GET", "/accounts", params={**params, "page": page} if page else params)
        return accounts_in(answer), has_more(answer)

    def _send(self, method: str, path: str, **request: Any) -> Answer:
        return self._api.send_known(method, path, auth=self._auth, **request)


def _sent(request: SessionRequest) -> set[str]:
    """Return the texts of a request, which are not secrets of the session if the answer repeats them."""
    return _texts(request.body("integration_id"))


def _texts(body: dict[str, Any]) -> set[str]:
    return {value for value in body.values() if isinstance(value, str)}


def _owner_filter(owners: Sequence[str]) -> dict[str, list[str]]:
    """Return the filter by owner, whose name is different for one and for several (S20)."""
    if not owners:
        return {}
    return {"origin_owner_id" if len(owners) == 1 else "origin_owner_ids": list(owners)}


def _another_project(declared: str, told: str | None) -> Failed:
    what = f"belongs to the project {told}" if told else "belongs to a project that StackOne does not name"
    return Failed(
        FailureCode.PROJECT_MISMATCH,
        f"the StackOne API key {what}, not to {declared}, which stackone_project_id declares.",
        "Use a key of the declared project, from StackOne's dashboard, under API Keys; or correct stackone_project_id.",
        details={"declared": declared, "project_id": told},
    )


def _another_account(asked: str, answered: str) -> Failed:
    return Failed(
        FailureCode.ACCOUNT_MISMATCH,
        f"StackOne answered the request for account {asked} with another account, {answered}.",
        "Nothing was done to either. Check stackone_url, and that no proxy or cache answers in place of StackOne.",
        details={"account_id": asked},
    )
