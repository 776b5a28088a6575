# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's platform API: linked accounts and connect sessions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from .._core.failure import Failed, FailureCode
from .._core.identity import account_path, same_provider
from .._core.times import iso_time, parse_date
from .._http.session import Answer
from .account import (
    Account,
    account_in,
    accounts_in,
    checked,
    says_missing,
)
from .paging import (
    MOST_PAGES,
    PAGE_SIZE,
    Paging,
    most_pages,
)
from .profiles import (
    Profile,
    listed_profiles,
    names_the_profile,
    no_profile,
)
from .sessions import (
    link_in,
    secrets_of_link,
    suspects,
    token_in,
)
from .stackone_base import (
    OPENING,
    PROXY_PATH,
    StackOneApi,
    unexpected,
    words_for,
)

SESSION_SECONDS = 600

EXCERPT = 4000
"""Characters of an error in which its words are looked for."""
_PROFILE_STATUSES = frozenset({400, 404, 409, 412, 422})
"""What a session may be answered for a provider or profile that is not enabled (S57)."""


@dataclass(frozen=True)
class ConnectSession:
    """The short-lived token with which the Hub links or edits one account.

    `created_at` is StackOne's time, in epoch seconds, if StackOne says it.
    """

    token: str = field(repr=False)
    created_at: float | None = None
    opened: float = 0.0
    """When the answer came, by this machine's monotonic clock."""
    integration_id: str | None = None
    """The connector profile that StackOne says the session is for (S53)."""


@dataclass(frozen=True)
class AuthLink:
    """A connect session for a person: the URL holds its token. C(expires_at) is an ISO time in UTC."""

    url: str = field(repr=False)
    expires_at: str


@dataclass(frozen=True)
class SessionRequest:
    """What a connect session is asked for (S50). With C(account_id) it edits that account and no other."""

    provider: str
    origin_owner_id: str
    origin_owner_name: str
    origin_username: str | None = None
    account_id: str | None = None
    multiple: bool = False
    label: str | None = None
    type: str | None = None
    integration_id: str | None = None
    expires_in: int = SESSION_SECONDS

    def body(self, profile_property: str) -> dict[str, Any]:
        """The JSON body; what is unset is left out."""
        values: dict[str, Any] = {
            "provider": self.provider,
            "origin_owner_id": self.origin_owner_id,
            "origin_owner_name": self.origin_owner_name,
            "origin_username": self.origin_username,
            "account_id": self.account_id,
            "multiple": self.multiple or None,
            "label": self.label,
            "type": self.type,
            "expires_in": self.expires_in,
            profile_property: self.integration_id,
        }
        return {key: value for key, value in values.items() if value is not None}


def edit_request(account: Account, profile: str | None, expires_in: int = SESSION_SECONDS) -> SessionRequest:
    """A session for this account alone, under its present name: the name is part of StackOne's identity rule (S51).

    It names the declared C(profile), without which a project with no default profile opens none (S52).
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
    """The client of the platform API. All methods raise Failed."""

    def __init__(self, api: StackOneApi, api_key: str) -> None:
        self._api = api
        self._profile_properties = api.profile_properties
        self._auth = (api_key, "")
        self.filters_ignored = False
        """Whether a listing held accounts of owners that were not asked for."""

    def accounts(
        self,
        provider: str,
        *owners: str,
        each: Callable[..., Iterable[Any]] = map,
        expected: int = 0,
        declared: int = 0,
        thorough: bool = False,
    ) -> list[Account]:
        """Return the accounts of a provider, of the given owners or of all. Raises Failed.

        `each` applies a function to several pages at a time, as `map` does; `expected` is how many accounts there may
        be. Where tenants are `declared`, their number bounds how many pages are read. A `thorough` listing is read page
        by page until one is empty, because a server may give fewer accounts at a time than it is asked for. Filters are
        repeated here, because misspelt ones may be ignored (S25).
        """
        declared = declared or len(owners)
        paging = Paging(expected, most_pages(declared) if declared else MOST_PAGES, thorough)
        found = self._read({"provider": provider, **_owner_filter(owners)}, paging, each)
        return self._of(provider, owners, found)

    def look_again(self, provider: str, *owners: str) -> list[Account]:
        """Return the accounts of owners whom a listing did not show. Raises Failed.

        Asks in another way than `accounts` does, for any provider and page by page until one is empty: what a listing
        leaves out would be linked a second time. An account whose provider StackOne does not say is returned too.
        """
        found = self._read(_owner_filter(owners), Paging(most=most_pages(len(owners)), thorough=True), map)
        return self._of(provider, owners, found)

    def account(self, account_id: str) -> Account | None:
        """Return one account, None where StackOne says that there is none. Raises Failed.

        Raises Failed(account_mismatch) where StackOne answers with another account: nothing may be done to that one.
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

    def change(self, account_id: str, changes: dict[str, str]) -> Answer:
        """PATCH an account (S41); the answer, of whatever status. Sending the same twice is harmless."""
        return self._send("PATCH", account_path(account_id), body=changes)

    def delete(self, account_id: str) -> None:
        """Unlink an account; an account that is gone already is not an error (S44). Raises Failed."""
        doing = "unlink the account"
        answer = self._send("DELETE", account_path(account_id))
        if says_missing(answer) and self.account(account_id) is None:
            return
        data = checked(answer, doing, shape=object)
        if answer.text and not (isinstance(data, dict) and str(data.get("id")) == account_id):
            raise unexpected(answer, doing)

    def _read(self, params: dict[str, Any], paging: Paging, each: Callable[..., Iterable[Any]]) -> list[Account]:
        found: list[Account] = []
        params = {**params, "page_size": PAGE_SIZE}
        while not paging.done:
            pages = paging.next_pages()
            for page, listed in zip(pages, each(lambda page: self._page(params, page), pages)):
                found += paging.take(page, listed)
        self._api.answered = True
        return found

    def _of(self, provider: str, owners: Sequence[str], found: Iterable[Account]) -> list[Account]:
        mine = [account for account in found if not account.provider or same_provider(account.provider, provider)]
        of_owners = [account for account in mine if not owners or account.origin_owner_id in owners]
        self.filters_ignored = self.filters_ignored or len(of_owners) < len(mine)
        return of_owners

    def _make_sure_of_stackone(self) -> None:
        """Raise Failed where it is not StackOne that says an account is missing: a proxy may answer 404 as well."""
        if not self._api.answered:
            accounts_in(self._send("GET", "/accounts", params={"page_size": 1}))
            self._api.answered = True

    def open_session(self, request: SessionRequest) -> ConnectSession:
        """Open a connect session for our own use."""
        answer = self._open(request)
        told = (answer.data.get(name) for name in ("connector_profile_id", "integration_id"))
        profile = next((value for value in told if isinstance(value, str) and value), None)
        token = token_in(answer.data)
        if token is None:
            raise unexpected(answer, OPENING)
        self._api.scrubber.add(token, link_in(answer.data))
        return ConnectSession(
            token,
            parse_date(str(answer.data.get("created_at"))),
            self._api.clock.monotonic(),
            profile,
        )

    def time_of(self, session: ConnectSession) -> float | None:
        """Return StackOne's present time at the least, in epoch seconds: the session's, and what has passed since."""
        if session.created_at is None:
            return None
        return session.created_at + self._api.clock.monotonic() - session.opened

    def edit_session(self, account: Account, profile: str | None) -> ConnectSession:
        """Open a session for this account alone.

        Where no profile is declared and StackOne has no default one, any of them opens the session: the account's own
        profile is edited all the same (H4).
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
        """Return the provider's connector profiles (S60); none where StackOne does not tell."""
        return self._api.profiles.get(provider, lambda: self._profiles(provider), self._api.clock.check)

    def _profiles(self, provider: str) -> list[Profile]:
        try:
            answer = self._send("GET", "/auth_configs", params={"connector_key": provider, "page_size": PAGE_SIZE})
        except Failed:
            return []
        data = answer.data.get("data") if isinstance(answer.data, dict) else answer.data
        return listed_profiles(data if answer.ok else None, provider, answer.line)

    def auth_link(self, request: SessionRequest, now: float) -> AuthLink:
        """Open a connect session for a person (S53, S55). C(now) in epoch seconds, where StackOne does not say."""
        answer = self._open(request)
        link, token, scrubber = link_in(answer.data), token_in(answer.data), self._api.scrubber
        if link is None or scrubber.holds(link):
            # A link that holds a key, or was given out to somebody else, is not shown.
            raise unexpected(answer, OPENING)
        scrubber.give_out(link)
        scrubber.add(token, *secrets_of_link(link, token, _sent(request)))
        created = parse_date(str(answer.data.get("created_at")))
        return AuthLink(link, iso_time((now if created is None else created) + request.expires_in))

    def _open(self, request: SessionRequest) -> Answer:
        """Open a connect session, under whichever name StackOne takes the connector profile (b5)."""
        names = self._profile_properties
        for name in list(names) if request.integration_id else names[:1]:
            answer = self._send("POST", "/connect_sessions", body=request.body(name))
            if not answer.ok:
                # Words of it are shown.
                self._api.scrubber.add(*suspects(answer.data, _sent(request)))
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

    def _check_session(self, request: SessionRequest, answer: Answer) -> None:
        """Raise Failed(account_mismatch) where StackOne says that a session is for another owner or account (S53)."""
        asked = {"origin_owner_id": request.origin_owner_id, "account_id": request.account_id}
        for name, wanted in asked.items():
            told = answer.data.get(name)
            if wanted and isinstance(told, str) and told and told != wanted:
                raise Failed(
                    FailureCode.ACCOUNT_MISMATCH,
                    f"StackOne opened a connect session for another {name} than it was asked for.",
                    "Nothing was sent in it. Check stackone_url, and that no proxy or cache answers in place of StackOne.",
                )

    def session_alive(self, session: ConnectSession) -> bool:
        """Whether a token is still good (S54): tells refused credentials from an expired session (H17)."""
        return self._send("POST", "/connect_sessions/authenticate", body={"token": session.token}).ok

    def call(self, account: Account) -> Iterator[tuple[str, Answer]]:
        """Ask Freshservice C(agents/me) through StackOne's proxy, as the account (S70): each path, with its answer.

        Paths come in the order in which they are worth trying; whoever finds one right says so with C(prefer_path).
        """
        headers = {"x-account-id": account.id}
        if account.shared is False and account.origin_username:
            headers["x-end-user-id"] = account.origin_username
        for path in list(self._api.proxy_paths):
            body = {"method": "get", "path": path}
            yield path, self._send("POST", PROXY_PATH, headers=headers, body=body)

    def prefer_path(self, path: str) -> None:
        """Try this path first from now on."""
        self._api.proxy_paths.sort(key=path.__ne__)

    def _page(self, params: dict[str, Any], page: int) -> list[Account]:
        return accounts_in(self._send("GET", "/accounts", params={**params, "page": page} if page else params))

    def _send(self, method: str, path: str, **request: Any) -> Answer:
        return self._api.send_known(method, path, auth=self._auth, **request)


def _sent(request: SessionRequest) -> set[str]:
    """Return the texts of a request: where an answer repeats them, they are not secrets of its session."""
    return {value for value in request.body("integration_id").values() if isinstance(value, str)}


def _owner_filter(owners: Sequence[str]) -> dict[str, list[str]]:
    """Return the filter by owner under the name that takes as many (S20)."""
    if not owners:
        return {}
    return {"origin_owner_id" if len(owners) == 1 else "origin_owner_ids": list(owners)}


def _another_account(asked: str, answered: str) -> Failed:
    return Failed(
        FailureCode.ACCOUNT_MISMATCH,
        f"StackOne answered the request for account {asked} with another account, {answered}.",
        "Nothing was done to either. Check stackone_url, and that no proxy or cache answers in place of StackOne.",
        details={"account_id": asked},
    )
