# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's platform API: linked accounts and connect sessions."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Callable
from urllib.parse import quote

from ansible_collections.tenantlink.stackone.plugins.module_utils._api import (
    StackOneApi,
    error_words,
    refused,
    unexpected,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, FailureCode
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Answer
from ansible_collections.tenantlink.stackone.plugins.module_utils._profiles import (
    Profile,
    listed_profiles,
    names_the_profile,
    no_profile,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import Scrubber, one_line
from ansible_collections.tenantlink.stackone.plugins.module_utils._times import iso_time, parse_date

PAGE_SIZE = 100
SMALLEST_PAGE = 25
"""An answer with fewer accounts than the documented default page is the last one (S20)."""
MOST_PAGES = 10_000
PAGES_FOR_ONE_AHEAD = 32
SESSION_SECONDS = 600

ACTIVE = "active"
OPENING = "open a connect session"
EXCERPT = 4000
"""Characters of an error in which its words are looked for."""
_PROFILE_STATUSES = frozenset({400, 404, 409, 412, 422})
"""What a session may be answered for a provider or profile that is not enabled (S57)."""


@dataclass(frozen=True)
class Account:
    """StackOne's record of a link (S30). C(status) and C(type) in lower case: their case varies."""

    id: str
    provider: str
    status: str
    origin_owner_id: str
    origin_owner_name: str | None = None
    origin_username: str | None = None
    label: str | None = None
    type: str | None = None
    status_reasons: tuple[str, ...] = ()
    setup_information: dict[str, Any] = field(default_factory=dict)
    created_at: str | None = None
    updated_at: str | None = None
    shared: bool | None = None

    @property
    def active(self) -> bool:
        """Whether StackOne says that the link works; an unknown status does not (S31)."""
        return self.status == ACTIVE

    def as_dict(self, domain: str | None) -> dict[str, Any]:
        """The C(account) of a module's result: nothing that could be secret."""
        return {
            "id": self.id,
            "provider": self.provider,
            "status": self.status,
            "status_reasons": list(self.status_reasons),
            "origin_owner_id": self.origin_owner_id,
            "origin_owner_name": self.origin_owner_name,
            "origin_username": self.origin_username,
            "label": self.label,
            "type": self.type,
            "domain": domain,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


@dataclass(frozen=True)
class ConnectSession:
    """The short-lived token with which the Hub links or edits one account."""

    token: str = field(repr=False)
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


class Paging:
    """Which pages to ask for next, and when all are seen: survives either page base and any cap (S23).

    Page 0 means the request without a page number.
    """

    def __init__(self, expected: int = 0) -> None:
        self.done = False
        self._expected = expected
        self._seen: set[str] = set()
        self._next = 0
        self._probable_end = 0

    def next_pages(self) -> list[int]:
        """As many as there probably are, then the more at a time the more there were: few go past the end."""
        if self._next >= MOST_PAGES:
            raise Failed(
                FailureCode.UNEXPECTED_ANSWER,
                f"the listing of StackOne's accounts did not end in {MOST_PAGES} pages.",
                "Check stackone_url, and that no proxy answers in its place.",
            )
        count = max(1 + self._next // PAGES_FOR_ONE_AHEAD, self._probable_end - self._next + 1)
        self._next += count
        return list(range(self._next - count, self._next))

    def take(self, page: int, listed: list[Account]) -> list[Account]:
        """The accounts of a page that no page before it had."""
        fresh = [account for account in listed if account.id not in self._seen]
        self._seen.update(account.id for account in fresh)
        if (page == 0 and len(listed) < SMALLEST_PAGE) or (page >= 2 and not fresh):
            self.done = True
        elif page == 0:
            # Counted from 1, the page after the last is needed as well, to see that it is empty.
            self._probable_end = min(math.ceil(self._expected / len(listed)) + 1, MOST_PAGES) if self._expected else 0
        return fresh


class StackOne:
    """The client of the platform API. All methods raise Failed."""

    def __init__(self, api: StackOneApi, api_key: str, scrubber: Scrubber) -> None:
        self._api = api
        self._profile_properties = api.profile_properties
        self._auth = (api_key, "")
        self._scrubber = scrubber
        self.filters_ignored = False
        """Whether a listing held accounts of owners that were not asked for."""

    def accounts(
        self, provider: str, *owners: str, each: Callable[..., Iterable[Any]] = map, expected: int = 0
    ) -> list[Account]:
        """The accounts of a provider, of the given owners or of all.

        Filters are repeated here, because misspelt ones may be ignored (S25). C(each) applies a function to
        several pages at a time, as C(map) does; C(expected) is how many accounts there may be.
        """
        params: dict[str, Any] = {"provider": provider, "page_size": PAGE_SIZE}
        if owners:
            params["origin_owner_id" if len(owners) == 1 else "origin_owner_ids"] = list(owners)
        paging, wanted, found = Paging(expected), set(owners), []
        while not paging.done:
            pages = paging.next_pages()
            for page, listed in zip(pages, each(lambda page: self._page(params, page), pages)):
                found += paging.take(page, listed)
        mine = [account for account in found if account.provider.lower() == provider.lower()]
        of_owners = [account for account in mine if not owners or account.origin_owner_id in wanted]
        self.filters_ignored = self.filters_ignored or len(of_owners) < len(mine)
        return of_owners

    def account(self, account_id: str) -> Account | None:
        """One account, C(None) where there is none."""
        answer = self._send("GET", f"/accounts/{quote(account_id, safe='')}")
        if _is_missing(answer):
            return None
        return _account(_checked(answer, "show the account"), answer)

    def change(self, account_id: str, changes: dict[str, str]) -> Answer:
        """PATCH an account (S41); the answer, of whatever status. Sending the same twice is harmless."""
        return self._send("PATCH", f"/accounts/{quote(account_id, safe='')}", body=changes)

    def delete(self, account_id: str) -> None:
        """Unlink an account; one that is gone already is no error (S44)."""
        answer = self._send("DELETE", f"/accounts/{quote(account_id, safe='')}")
        if _is_missing(answer):
            return
        data = _checked(answer, "unlink the account", shape=object)
        if answer.text and not (isinstance(data, dict) and data.get("id")):
            raise unexpected(answer, "unlink the account")

    def open_session(self, request: SessionRequest) -> ConnectSession:
        """Open a connect session for our own use."""
        answer = self._open(request)
        told = (answer.data.get(name) for name in ("connector_profile_id", "integration_id"))
        profile = next((value for value in told if isinstance(value, str) and value), None)
        return ConnectSession(self._token(answer), profile)

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
        return self._api.profiles.get(provider, lambda: self._profiles(provider))

    def _profiles(self, provider: str) -> list[Profile] | None:
        try:
            answer = self._send("GET", "/auth_configs", params={"connector_key": provider, "page_size": PAGE_SIZE})
        except Failed:
            return None
        if answer.status >= 500 or answer.status in (408, 429):
            return None
        data = answer.data.get("data") if isinstance(answer.data, dict) else answer.data
        return listed_profiles(data if answer.ok else None, provider)

    def auth_link(self, request: SessionRequest, now: float) -> AuthLink:
        """Open a connect session for a person (S53, S55). C(now) in epoch seconds, where StackOne does not say."""
        answer = self._open(request)
        url = answer.data.get("auth_link_url")
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            # The message shows what came instead, and that holds the token.
            self._token(answer)
            raise unexpected(answer, OPENING)
        created = parse_date(str(answer.data.get("created_at")))
        return AuthLink(url, iso_time((now if created is None else created) + request.expires_in))

    def _token(self, answer: Answer) -> str:
        token = answer.data.get("token")
        if not isinstance(token, str) or not token:
            raise unexpected(answer, OPENING)
        self._scrubber.add(token)
        return token

    def _open(self, request: SessionRequest) -> Answer:
        """Open a connect session, under whichever name StackOne takes the connector profile (b5)."""
        names = self._profile_properties
        for name in list(names) if request.integration_id else names[:1]:
            answer = self._send("POST", "/connect_sessions", body=request.body(name))
            if answer.status != 400 or name not in answer.text:
                break
            names.sort(key=name.__eq__)
        if answer.status in _PROFILE_STATUSES and names_the_profile(answer.text[:EXCERPT]):
            known = self.profiles(request.provider)
            raise no_profile(
                request.provider, request.integration_id, known, error_words(answer).rstrip("."), answer.status
            )
        _checked(answer, OPENING)
        return answer

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
            yield path, self._send("POST", "/unified/proxy", headers=headers, body=body)

    def prefer_path(self, path: str) -> None:
        """Try this path first from now on."""
        self._api.proxy_paths.sort(key=path.__ne__)

    def _page(self, params: dict[str, Any], page: int) -> list[Account]:
        return _listed(self._send("GET", "/accounts", params={**params, "page": page} if page else params))

    def _send(self, method: str, path: str, **request: Any) -> Answer:
        return self._api.send_known(method, path, auth=self._auth, **request)


def _checked(answer: Answer, doing: str, shape: type = dict) -> Any:
    if not answer.ok:
        raise refused(answer, doing)
    if not isinstance(answer.data, shape):
        raise unexpected(answer, doing)
    return answer.data


def _listed(answer: Answer) -> list[Account]:
    """The accounts of one page, as a bare array or inside C(data) (S22)."""
    doing = "list the accounts"
    data = _checked(answer, doing, shape=object)
    items = data.get("data") if isinstance(data, dict) else data
    if not isinstance(items, list):
        raise unexpected(answer, doing)
    return [_account(item, answer) for item in items]


def _account(record: Any, answer: Answer) -> Account:
    if not isinstance(record, dict) or not isinstance(record.get("id"), (str, int)):
        raise unexpected(answer, "show an account")

    def text(key: str) -> str | None:
        value = record.get(key)
        return str(value) if isinstance(value, (str, int, float)) else None

    setup = record.get("setup_information")
    return Account(
        id=str(record["id"]),
        provider=sys.intern(text("provider") or ""),
        status=sys.intern((text("status") or "unknown").lower()),
        origin_owner_id=text("origin_owner_id") or "",
        origin_owner_name=text("origin_owner_name"),
        origin_username=text("origin_username"),
        label=text("label"),
        type=sys.intern((text("type") or "").lower()) or None,
        status_reasons=tuple(_reasons(record.get("status_reasons"))),
        setup_information=setup if isinstance(setup, dict) else {},
        created_at=text("created_at"),
        updated_at=text("updated_at"),
        shared=record["shared"] if isinstance(record.get("shared"), bool) else None,
    )


def _reasons(raw: Any) -> Iterator[str]:
    for reason in raw if isinstance(raw, list) else []:
        if isinstance(reason, dict):
            words = reason.get("description") or reason.get("code")
            if isinstance(words, str):
                yield one_line(words)


def _is_missing(answer: Answer) -> bool:
    """404, or the 400 that says the same (S40)."""
    return answer.status == 404 or (answer.status == 400 and "not found" in answer.text.lower())
