# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of an auth link, as a browser without JavaScript sends its form: what it shows, refuses and connects."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from tests.emulator.handle import Emulator
from tests.support.emulator_client import Client

HOSTILE = '<script>alert("1")</script>\'"&'
WRONG = "wrongKEY12345wrongKEY1"


@dataclass
class Page(HTMLParser):
    """What a page holds: its title, its form's fields, the problems tied to them, and all its text."""

    answer: requests.Response
    fields: dict[str, dict[str, str | None]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    action: str = ""
    text: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._open = ("", "")
        self.feed(self.answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._open = (tag, given.get("for") or given.get("id") or "")
        if tag == "form":
            self.action = urljoin(self.answer.url, given["action"])
        elif tag in ("input", "select", "textarea"):
            self.fields[given["name"] or ""] = given

    def handle_data(self, data: str) -> None:
        tag, name = self._open
        if tag == "style":
            return
        self.text += data
        if tag == "title" and not self.title:
            self.title = data
        elif tag == "label":
            self.labels.setdefault(name, data)
        elif name:
            self.texts.setdefault(name, data)

    def problem(self, key: str) -> str:
        """The problem that is tied to a field."""
        one = self.fields[f"value.{key}"]
        if one.get("aria-invalid") != "true":
            return ""
        return self.texts[(one["aria-describedby"] or "").split()[-1]]


def wait_for(found: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 5
    while not found() and time.monotonic() < deadline:
        time.sleep(0.01)


class Browser:
    """Opens pages and sends forms, and notes all that it was shown and where it was."""

    def __init__(self) -> None:
        self.http = requests.Session()
        self.http.trust_env = False
        self.seen: list[requests.Response] = []

    def open(self, url: str) -> Page:
        return self._page(self.http.get(url, timeout=10))

    def submit(self, page: Page, domain: str, key: str, **more: str) -> Page:
        hidden = {name: one["value"] for name, one in page.fields.items() if one.get("type") == "hidden"}
        values = {**hidden, "value.domain": domain, "value.apiKey": key, **more}
        return self._page(self.http.post(page.action, data=values, timeout=10))

    def _page(self, answer: requests.Response) -> Page:
        self.seen += [*answer.history, answer]
        return Page(answer)


@pytest.fixture
def browser(emulator: Emulator) -> Any:
    """A browser. Whatever it was sent must be safe: no key anywhere, and no token after the form."""
    made = Browser()
    yield made
    keys = {agent["api_key"] for tenant in emulator.tenants() for agent in tenant["agents"]} | {WRONG}
    journal = str(emulator.requests())
    tokens = emulator.tokens()
    for answer in made.seen:
        shown = answer.url + str(answer.headers) + answer.text
        assert not [key for key in keys if key in shown or key in journal]
        assert not [token for token in tokens if token in journal]
        assert answer.headers["Cache-Control"] == "no-store"
        if answer.status_code != 303:
            policy = answer.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; style-src 'sha256-")
            assert "form-action 'self'; frame-ancestors 'none'" in policy
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "<script" not in answer.text


def url(client: Client, **session: Any) -> str:
    return client.session(**session)["auth_link_url"]


def test_the_form(client: Client, browser: Browser) -> None:
    page = browser.open(url(client, origin_owner_name=HOSTILE))
    assert page.answer.status_code == 200
    assert page.title == "Connect Freshservice"
    assert f"for {HOSTILE}" in page.text
    assert page.labels == {"value.domain": "Domain", "value.apiKey": "API Key"}
    assert page.fields["value.apiKey"]["type"] == "password"
    assert "value" not in page.fields["value.apiKey"]
    assert "autofocus" in page.fields["value.domain"]
    assert "token" not in page.action
    hub = [(row["caller"], row["method"], row["path"]) for row in client.emulator.requests(service="hub")]
    assert hub[:2] == [("customer", "GET", "/hub/settings"), ("customer", "GET", "/hub/connectors")]


def test_connect_and_confirm(client: Client, browser: Browser) -> None:
    page = browser.submit(browser.open(url(client)), "acme", client.key())
    (account,) = client.emulator.accounts()
    assert (account["status"], account["setup_information"]) == ("active", {"domain": "acme"})
    assert account["credentials"] == {"apiKey": client.key()}
    assert page.answer.history[0].status_code == 303
    assert page.title == "Connection Successful"
    assert account["id"] in page.text
    assert "Account successfully connected to Freshservice" in page.text
    assert "token" not in page.answer.url
    assert client.emulator.requests(service="freshservice", caller="stackone", status=200)


@pytest.mark.parametrize(
    ("domain", "key", "field", "problem", "detail"),
    [
        ("acme", WRONG, "apiKey", "refused this key", "401: You have to be logged in to perform this action."),
        ("umbrella", "own", "apiKey", "refused this key", "403: Your account has been suspended."),
        ("initech", "own", "apiKey", "is enabled", "401: You have to be logged in"),
        ("acmee", WRONG, "domain", "no tenant at this domain", "404: Host not found"),
        ("not a name", WRONG, "domain", "no tenant at this domain", "getaddrinfo ENOTFOUND"),
        ("", WRONG, "domain", "Enter the Domain.", ""),
        ("acme", "", "apiKey", "Enter the API Key.", ""),
    ],
)
def test_a_refusal_says_why_at_its_field(
    client: Client, browser: Browser, domain: str, key: str, field: str, problem: str, detail: str
) -> None:
    link = url(client)
    page = browser.submit(browser.open(link), domain, client.key(domain) if key == "own" else key)
    assert page.answer.status_code == 422
    assert page.title == "Error: Connect Freshservice"
    assert problem in page.problem(field)
    assert detail in page.text
    assert "autofocus" in page.fields[f"value.{field}"]
    assert page.fields["value.domain"]["value"] == domain
    assert client.emulator.accounts() == []
    assert browser.submit(page, "acme", client.key()).title == "Connection Successful"


def test_all_that_is_missing_is_marked_at_once(client: Client, browser: Browser) -> None:
    page = browser.submit(browser.open(url(client)), "", "")
    assert (page.problem("domain"), page.problem("apiKey")) == ("Enter the Domain.", "Enter the API Key.")
    assert client.emulator.requests(service="hub", method="POST") == []


@pytest.mark.parametrize("form", ["both", "provider_errors", "provider_response", "data"])
@pytest.mark.parametrize("message", ["plain", "nested"])
@pytest.mark.parametrize("status", [400, 401, 502])
def test_every_form_of_a_refusal(client: Client, browser: Browser, form: str, message: str, status: int) -> None:
    client.emulator.switch(refusal_form=form, hub_refused_message=message, hub_refused_status=status)
    page = browser.submit(browser.open(url(client)), "acme", WRONG)
    assert page.answer.status_code == 422
    assert "The credentials were refused by the provider" in page.text
    assert "401: You have to be logged in to perform this action." in page.text or form == "provider_response"
    assert "{" not in page.text


def test_a_busy_tenant_is_not_a_wrong_key(client: Client, browser: Browser) -> None:
    client.emulator.set_tenant("acme", rate_limit=0)
    page = browser.submit(browser.open(url(client)), "acme", client.key())
    assert (page.problem("domain"), page.problem("apiKey")) == ("", "")
    assert "Try again later." in page.text


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": "before"},
        {"drop": "after"},
        {"status": 200, "body": "truncated"},
        {"status": 200, "body": "wrong_shape"},
        {"status": 500, "body": "html"},
        {"status": 400, "body": {"raw": f'{{"message": "{WRONG} is bad", "errors": 1}}'}},
        {"status": 400, "body": {"raw": "[]"}},
        {"status": 429},
    ],
)
def test_faults_of_the_hub_reach_the_person_as_words(client: Client, browser: Browser, fault: dict[str, Any]) -> None:
    link = url(client)
    opened = browser.open(link)
    client.emulator.fault(service="hub", method="POST", path="/hub/accounts", call=1, **fault)
    page = browser.submit(opened, "acme", WRONG)
    assert page.answer.status_code == 422
    assert "Freshservice was not connected" in page.text
    client.emulator.fault(service="hub", path="/hub/settings", call=1, status=500)
    assert browser.open(link).answer.status_code == 502


@pytest.mark.parametrize("path", ["/hub/settings", "/hub/connectors", "/hub/connectors/*", "/hub/accounts/*"])
@pytest.mark.parametrize("body", ["wrong_shape", "malformed", "empty", {"raw": "[1]"}])
def test_answers_of_the_hub_that_make_no_form(client: Client, browser: Browser, path: str, body: Any) -> None:
    account = client.linked()
    client.emulator.fault(service="hub", path=path, body=body)
    page = browser.open(url(client, account_id=account["id"]))
    harmless = body == "wrong_shape" and path in ("/hub/settings", "/hub/accounts/*")
    assert page.answer.status_code == (200 if harmless else 409 if page.title == "Nothing to connect" else 502)


def test_a_connector_with_a_hostile_name(client: Client, browser: Browser) -> None:
    config = {"config": {"name": HOSTILE, "configFields": [{"key": "domain", "required": True, "secret": False}]}}
    client.emulator.fault(service="hub", path="/hub/connectors/*", body={"raw": json.dumps(config)})
    page = browser.submit(browser.open(url(client)), "", "")
    assert f"{HOSTILE} was not connected." in page.text


def test_what_freshservice_says_is_only_text(client: Client, browser: Browser) -> None:
    client.emulator.fault(
        service="freshservice", status=400, body={"raw": f'{{"message": "<script>1</script> {WRONG}"}}'}
    )
    page = browser.submit(browser.open(url(client)), "acme", WRONG)
    assert "<script>1</script> ***" in page.text


def test_the_same_link_again_edits_and_keeps_the_key(client: Client, browser: Browser) -> None:
    link = url(client)
    browser.submit(browser.open(link), "acme", client.key())
    page = browser.open(link)
    assert page.title == "Reconnect Freshservice"
    assert page.fields["value.domain"]["value"] == "acme"
    assert f"It ends with {client.key()[-4:]}." in page.text
    assert "required" not in page.fields["value.apiKey"]
    assert browser.submit(page, "acme", "").title == "Connection Successful"
    (account,) = client.emulator.accounts()
    assert account["credentials"] == {"apiKey": client.key()}
    refused = browser.submit(page, "globex", "")
    assert "refused this key" in refused.problem("apiKey")


def test_a_link_that_works_once(client: Client, browser: Browser) -> None:
    client.emulator.switch(session_token_uses="one")
    session = client.session()
    form = browser.open(session["auth_link_url"])
    assert "refused this key" in browser.submit(form, "acme", WRONG).problem("apiKey")
    assert browser.submit(form, "acme", client.key()).title == "Connection Successful"
    for page in (browser.open(session["auth_link_url"]), browser.submit(form, "acme", client.key())):
        assert (page.answer.status_code, page.title) == (410, "This link has been used already")
    assert client.hub("GET", "/settings", session["token"]).status_code == 401
    assert (
        client.stackone("POST", "/connect_sessions/authenticate", json={"token": session["token"]}).status_code == 401
    )


@pytest.mark.parametrize("linked", [False, True])
def test_a_link_that_works_once_takes_one_of_two_submits_at_the_same_time(
    client: Client, browser: Browser, linked: bool
) -> None:
    client.emulator.switch(session_token_uses="one")
    client.emulator.set_tenant("acme", slow_ms=200)
    if linked:
        client.linked()
    form = browser.open(url(client))
    with ThreadPoolExecutor(2) as pool:
        pages = list(pool.map(lambda _one: Browser().submit(form, "acme", client.key()), range(2)))
    titles = sorted((page.answer.status_code, page.title) for page in pages)
    assert titles == [(200, "Connection Successful"), (410, "This link has been used already")]
    assert len(client.emulator.accounts()) == 1


def test_a_link_that_has_expired(client: Client, browser: Browser) -> None:
    link = url(client, expires_in=1)
    form = browser.open(link)
    time.sleep(1.1)
    for page in (browser.open(link), browser.submit(form, "acme", client.key())):
        assert (page.answer.status_code, page.title) == (410, "This link has expired")
        assert "Ask the person who sent it" in page.text
    assert client.emulator.accounts() == []


@pytest.mark.parametrize("during", [False, True])
def test_a_link_whose_account_was_unlinked(client: Client, browser: Browser, during: bool) -> None:
    account_id = client.linked()["id"]
    link = url(client, account_id=account_id)
    form = browser.open(link)
    if during:
        client.emulator.set_tenant("acme", slow_ms=300)
        with ThreadPoolExecutor(1) as pool:
            submitted = pool.submit(browser.submit, form, "acme", client.key())
            wait_for(lambda: client.emulator.requests(domain="acme", caller="stackone"))
            client.emulator.remove_account(account_id)
        page = submitted.result()
    else:
        client.emulator.remove_account(account_id)
        page = browser.submit(form, "acme", client.key())
    for shown in (page, browser.open(link)):
        assert (shown.answer.status_code, shown.title) == (410, "The account of this link was unlinked")
        assert "Ask the person who sent the link to you for a new one." in shown.text


def test_links_and_forms_that_lead_nowhere(client: Client, browser: Browser) -> None:
    link = url(client)
    form = browser.open(link)
    assert browser.open(link.partition("?")[0]).title == "This link is not valid"
    assert browser.open(link + "x").answer.status_code == 404
    assert browser.open(form.action + "/connected?account_id=none").answer.status_code == 404
    assert browser.open(form.action + "/other").answer.status_code == 404
    odd = browser.http.post(form.action, json={"token": "x"}, timeout=10)
    many = browser.http.post(form.action, data={f"a{number}": "b" for number in range(60)}, timeout=10)
    binary = browser.http.post(
        form.action, data=b"a=\xff\xfe", headers={"Content-Type": "application/x-www-form-urlencoded"}, timeout=10
    )
    assert [answer.status_code for answer in (odd, many, binary)] == [400] * 3


def test_no_profile_to_connect(client: Client, browser: Browser) -> None:
    link = url(client)
    client.emulator.profiles([])
    page = browser.open(link)
    assert (page.answer.status_code, page.title) == (409, "Nothing to connect")


def test_no_hub(client: Client, browser: Browser) -> None:
    link = url(client)
    client.emulator.switch(hub_api="missing")
    assert browser.open(link).title == "This page cannot be shown now"


def test_an_account_that_is_tested_later(client: Client, browser: Browser) -> None:
    client.emulator.switch(hub_test="async", hub_async_delay_ms=200)
    page = browser.submit(browser.open(url(client)), "acme", WRONG)
    assert page.title == "Almost connected"
    time.sleep(0.5)
    page = browser.open(page.answer.url)
    assert page.title == "Not connected"
    assert "The credentials were refused by the provider" in page.text


@pytest.mark.parametrize("config", ["falcon", "legacy", "both", "empty"])
def test_every_form_of_the_connector(client: Client, browser: Browser, config: str) -> None:
    client.emulator.switch(connector_config=config)
    page = browser.open(url(client))
    assert len(page.fields) == (1 if config == "empty" else 3)


def test_other_kinds_of_fields(client: Client, browser: Browser) -> None:
    fields = [
        {"key": "domain", "label": HOSTILE, "required": True, "secret": False, "description": "Help <b>"},
        {"key": "apiKey", "type": "text_area", "required": True},
        {"key": "plan", "type": "select", "secret": False, "options": [{"label": "A", "value": "a"}, {"value": "b"}]},
        {"key": "note", "type": "text_area", "secret": False, "value": "x"},
        {"key": "fixed", "readOnly": True, "secret": False, "value": "y"},
        {"key": "number", "type": "number", "secret": False},
        {"key": "external-trigger-token", "secret": True},
    ]
    client.emulator.switch(connector_fields=fields)
    opened = browser.open(url(client))
    assert opened.labels["value.domain"] == HOSTILE
    assert opened.fields["value.apiKey"]["type"] == "password"
    assert "readonly" in opened.fields["value.fixed"]
    more = {"value.plan": "b", "value.note": "n", "value.fixed": "y", "value.other": "z"}
    wrong = browser.submit(opened, "acme", client.key(), **{**more, "value.number": "many"})
    assert wrong.problem("number") == "number is not valid."
    assert browser.submit(opened, "acme", client.key(), **more).title == "Connection Successful"
    (account,) = client.emulator.accounts()
    assert account["setup_information"] == {"domain": "acme", "plan": "b", "note": "n", "fixed": "y"}
    assert set(account["credentials"]) == {"apiKey", "external-trigger-token"}
