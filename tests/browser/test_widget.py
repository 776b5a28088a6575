# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's own widget on the emulator's Hub: what it shows, what it asks, and what an account is afterwards."""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.browser.conftest import missing
from tests.browser.hub_page import LINKED, OUTPUT, PATIENCE_MS, Hub, asked, forgive, is_local, not_loaded
from tests.browser.widget import vendor
from tests.emulator.handle import Emulator
from tests.support.collection import ACCOUNT_INFO, AUTH_LINK
from tests.support.emulator_client import Client
from tests.support.playbook_runner import PlaybookRunner

OWNER = {"origin_owner_id": "customer-acme", "origin_owner_name": "Acme Ltd"}
REFUSED = "The credentials were refused by the provider"
NOTHING = "No configured integrations available."
REPORTED = "error: Error making request to "
DEAD = "warning: Token expired"
DOTS = "•" * 10
# Nothing listens there, so what is not meant for this machine ends here.
NOWHERE = {"server": "http://127.0.0.1:9", "bypass": "127.0.0.1"}

ASKED_FIRST = {"GET /hub/settings", "GET /hub/connectors", "GET /hub/connectors/{id}"}
ASKED_TO_LINK = {*ASKED_FIRST, "POST /hub/accounts"}
ASKED_TO_EDIT = {*ASKED_FIRST, "GET /hub/accounts/{id}", "PATCH /hub/accounts/{id}"}


@pytest.fixture(scope="module")
def site():
    """The address of the pages with the widget."""
    try:
        script = vendor.script()
    except vendor.Unavailable as why:
        missing(str(why))
    with vendor.served(script) as address:
        yield address


@pytest.fixture(scope="module")
def running():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(running):
    running.reset()
    return running


@pytest.fixture
def client(emulator):
    return Client(emulator)


@pytest.fixture
def runner(emulator, tmp_path):
    with contextlib.closing(PlaybookRunner(emulator, tmp_path)) as opened:
        yield opened


@pytest.fixture
def acme(client):
    """An account that is linked already."""
    return client.linked(**OWNER)


@pytest.fixture
def open_hub(chromium, site, emulator):
    """Open the page of a connect session. In the end the emulator must have answered all that was asked, to the page.

    Whoever expects complaints takes them away.
    """
    OUTPUT.mkdir(exist_ok=True)
    hubs: list[Hub] = []
    api = emulator.stackone_url

    def open_page(token: str, path: str = "/", **named: str) -> Hub:
        context = chromium.new_context(viewport={"width": 1024, "height": 576}, proxy=NOWHERE)
        hub = Hub(context.new_page())
        hubs.append(hub)
        hub.listen()
        hub.page.goto(f"{site}{path}?{urlencode({'token': token, **named})}#{api}")
        return hub

    yield open_page
    for hub in hubs:
        hub.page.context.close()
    for hub in hubs:
        assert hub.complaints == []
        assert hub.broken == []
        assert {request.url for request in hub.requests if not is_local(request.url)} == set()
        asked = [answer for answer in hub.answers if answer.url.startswith(api)]
        assert asked
        assert [answer.url for answer in asked if answer.status in (404, 501)] == []
        for answer in asked:
            assert answer.headers.get("access-control-allow-origin") == "*"
            assert answer.request.headers.get("x-hub-version") == vendor.version()
    assert [row for row in emulator.requests(service="hub") if row["status"] in (None, 404, 501)] == []


def test_the_form(open_hub, client, emulator):
    hub = open_hub(client.session(**OWNER)["token"])
    hub.holds("Domain", "")
    hub.holds("API Key", "")
    assert hub.box("API Key").get_attribute("type") == "password"
    assert hub.page.get_by_role("textbox").count() == 2
    hub.shows("Freshservice")
    hub.can_connect(False)
    hub.settles()
    logo = hub.page.get_by_role("img", name="freshservice")
    assert logo.evaluate("image => image.complete && image.naturalWidth > 0")
    hub.picture("form")
    assert asked(emulator) == ASKED_FIRST


def test_link_a_tenant(open_hub, client, emulator):
    hub = open_hub(client.session(**OWNER, label="Desk")["token"])
    hub.submit("acme", client.key())
    hub.shows("Connection Successful")
    (account,) = emulator.accounts()
    hub.told(account["id"])
    hub.picture("linked")
    for name, value in {**OWNER, "label": "Desk", "provider": "freshservice", "status": "active"}.items():
        assert account[name] == value
    assert account["setup_information"] == {"domain": "acme"}
    assert account["credentials"] == {"apiKey": client.key()}
    assert asked(emulator) == ASKED_TO_LINK
    paths = {line.partition(" ")[2] for line in ASKED_TO_LINK}
    assert asked(emulator, preflight=True) == {f"OPTIONS {path}" for path in paths}


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"hub_refused_message": "nested"},
        {"hub_refused_status": 422},
        {"hub_refused_status": 502, "hub_refused_message": "nested"},
    ],
    ids=["plain", "nested", "422", "nested 502"],
)
def test_a_refused_key_and_a_second_try(open_hub, client, emulator, switches):
    emulator.switch(**switches)
    hub = open_hub(client.session(**OWNER)["token"])
    hub.submit("acme", "not-the-key-of-acme")
    hub.shows(REFUSED)
    hub.click("Expand")
    hub.shows("invalid_credentials")
    hub.picture("refused")
    assert emulator.accounts() == []
    forgive(hub, not_loaded(switches.get("hub_refused_status", 400)), REPORTED)
    hub.submit("acme", client.key())
    hub.shows("Connection Successful")
    (account,) = emulator.accounts()
    hub.told(account["id"])


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_that_looks_like_a_dead_token_tells_the_customer_nothing(open_hub, client, emulator, status):
    """Which is why neither is the emulator's usual answer (H12, H17)."""
    emulator.switch(hub_refused_status=status)
    hub = open_hub(client.session(**OWNER)["token"])
    hub.submit("acme", "not-the-key-of-acme")
    hub.shows("Failed to create account")
    assert hub.page.get_by_text(REFUSED).count() == 0
    assert emulator.accounts() == []
    forgive(hub, not_loaded(status), DEAD)


@pytest.mark.parametrize(("status", "token"), [(401, "unknown"), (403, "unknown"), (401, "expired")])
def test_a_dead_token(open_hub, client, emulator, status, token):
    emulator.switch(hub_token_refused_status=status)
    if token == "expired":
        token = client.session(**OWNER, expires_in=0.001)["token"]
    hub = open_hub(token)
    hub.shows(NOTHING)
    forgive(hub, *[not_loaded(status), DEAD] * 2)
    assert asked(emulator) == {"GET /hub/settings", "GET /hub/connectors"}


@pytest.mark.parametrize("config", ["falcon", "legacy", "both"])
def test_each_form_of_the_connector_config(open_hub, client, emulator, config):
    emulator.switch(connector_config=config)
    hub = open_hub(client.session(**OWNER)["token"])
    hub.submit("acme", client.key())
    hub.shows(LINKED)
    (account,) = emulator.accounts()
    edit = open_hub(client.session(**OWNER, account_id=account["id"])["token"])
    edit.holds("Domain", "acme")
    edit.click("Connect")
    edit.told(account["id"])
    assert emulator.account(account["id"])["credentials"] == {"apiKey": client.key()}


@pytest.mark.parametrize(
    ("rule", "bad", "good", "complaint"),
    [
        (
            {"type": "domain", "pattern": "freshservice"},
            "acme",
            "acme.freshservice.com",
            "Please enter a valid freshservice.com domain",
        ),
        (
            {"type": "html-pattern", "pattern": r"^[a-z-]+\.freshservice\.com$", "error": "Enter the host"},
            "acme",
            "acme.freshservice.com",
            "Enter the host",
        ),
        (
            {"type": "html-pattern", "pattern": "^[a-z-]+$"},
            "acme.freshservice.com",
            "acme",
            "Please match the required format: ^[a-z-]+$",
        ),
    ],
    ids=["domain", "host", "label"],
)
def test_the_widget_and_the_emulator_agree_on_what_a_field_takes(
    open_hub, client, emulator, rule, bad, good, complaint
):
    domain, key = emulator.switch()["connector_fields"]
    emulator.switch(connector_fields=[{**domain, "validation": rule}, key])
    refused = client.link(client.session(**OWNER), domain=bad)
    assert (refused.status_code, refused.json()["errors"]) == (400, ["domain is not valid"])
    hub = open_hub(client.session(**OWNER)["token"])
    hub.box("API Key").fill(client.key(), timeout=PATIENCE_MS)
    hub.box("Domain").fill(bad)
    hub.shows(complaint)
    hub.can_connect(False)
    hub.box("Domain").fill(good)
    hub.click("Connect")
    hub.shows(LINKED)
    (account,) = emulator.accounts()
    assert (account["setup_information"], account["status"]) == ({"domain": good}, "active")


@pytest.mark.parametrize(
    ("stored", "switches", "page_names_it"),
    [
        ("acme", {}, False),
        ("acne", {"hub_patch_body": "empty", "hub_secret_tail": 0}, False),
        ("acne", {"settings_existing_account": False}, True),
    ],
    ids=["unchanged", "no tail, no body", "named by the page alone"],
)
def test_edit_without_touching_the_key(open_hub, client, emulator, stored, switches, page_names_it):
    """The placeholder is shown, and is not what is stored afterwards; a domain mistyped once is corrected."""
    tail = emulator.switch(**switches)["hub_secret_tail"]
    account = client.linked(**OWNER, domain=stored)
    named = {"account_id": account["id"]} if page_names_it else {}
    hub = open_hub(client.session(**OWNER, account_id=account["id"])["token"], **named)
    hub.holds("Domain", stored)
    hub.holds("API Key", DOTS + (client.key()[-tail:] if tail else ""))
    assert hub.box("API Key").is_disabled()
    if switches == {}:
        hub.picture("edit")
    if stored != "acme":
        hub.box("Domain").fill("acme")
    hub.click("Connect")
    hub.told(account["id"])
    (edited,) = emulator.accounts()
    assert edited["setup_information"] == {"domain": "acme"}
    assert edited["credentials"] == {"apiKey": client.key()}
    assert (edited["id"], edited["integration_id"]) == (account["id"], account["integration_id"])
    assert asked(emulator) == ASKED_TO_EDIT


def test_enter_a_rotated_key(open_hub, client, emulator, acme):
    """Of an owner that is known, without naming the account: the emulator's settings name it (H2, S51)."""
    emulator.set_tenant("acme", rotate_key=True)
    assert acme["credentials"] != {"apiKey": client.key()}
    hub = open_hub(client.session(**OWNER)["token"])
    hub.holds("Domain", "acme")
    hub.click("Edit")
    hub.holds("API Key", "")
    hub.can_connect(False)
    hub.box("API Key").fill(client.key())
    hub.click("Connect")
    hub.told(acme["id"])
    (account,) = emulator.accounts()
    assert (account["id"], account["credentials"]) == (acme["id"], {"apiKey": client.key()})


def refuse_an_edit(hub: Hub) -> None:
    hub.click("Edit")
    hub.box("API Key").fill("not-the-key-of-acme")
    hub.click("Connect")


def test_a_refused_edit_keeps_the_old_key(open_hub, client, emulator, acme):
    hub = open_hub(client.session(**OWNER, account_id=acme["id"])["token"])
    refuse_an_edit(hub)
    hub.shows(REFUSED)
    forgive(hub, not_loaded(400), REPORTED)
    assert emulator.accounts() == [acme]


def test_the_widget_takes_a_401_to_an_edit_for_success(open_hub, client, emulator, acme):
    """A defect of the widget (H12), and the reason why only a look at the account tells."""
    emulator.switch(hub_refused_status=401)
    hub = open_hub(client.session(**OWNER, account_id=acme["id"])["token"])
    refuse_an_edit(hub)
    hub.told(acme["id"])
    forgive(hub, not_loaded(401), DEAD)
    assert emulator.accounts() == [acme]


def test_choose_among_profiles(open_hub, client, emulator):
    """A session for any provider shows a list, logos included."""
    hub = open_hub(client.session(**OWNER, provider=None)["token"])
    hub.shows("Freshservice (second)")
    hub.picture("list")
    for logo in hub.page.get_by_role("img", name="freshservice").all():
        assert logo.evaluate("image => image.complete && image.naturalWidth > 0")
    hub.click("Freshservice (second)")
    hub.submit("acme", client.key())
    hub.shows(LINKED)
    (account,) = emulator.accounts()
    assert account["integration_id"] == emulator.profiles()[1]["integration_id"]


def test_what_the_widget_linked_is_as_declared(open_hub, client, emulator, runner):
    """Linked, then edited, both with the widget; the module finds nothing to do, and account_info shows it."""
    hub = open_hub(client.session(**OWNER)["token"])
    hub.submit("acme", client.key())
    hub.shows(LINKED)
    (account,) = emulator.accounts()
    edit = open_hub(client.session(**OWNER, account_id=account["id"])["token"])
    edit.holds("Domain", "acme")
    edit.click("Connect")
    edit.told(account["id"])
    result = runner.link("acme", **OWNER)
    assert (result["changed"], result["account"]["id"]) == (False, account["id"])
    listed = info(runner)
    assert [one["id"] for one in listed["accounts"]] == [account["id"]]
    shown = {**OWNER, "domain": "acme", "status": "active"}
    assert {name: listed["accounts"][0][name] for name in shown} == shown
    assert len(emulator.accounts()) == 1


def test_the_widget_edits_what_the_module_linked(open_hub, client, emulator, runner):
    made = runner.link("acme", **OWNER)
    assert made["changed"] is True
    hub = open_hub(client.session(**OWNER)["token"])
    hub.holds("Domain", "acme")
    hub.click("Connect")
    hub.told(made["account"]["id"])
    assert runner.link("acme", **OWNER)["changed"] is False
    assert len(emulator.accounts()) == 1


def test_finish_an_auth_link(open_hub, emulator, runner):
    """From the link that the module makes to an account that it finds as declared."""
    runner.secret_files.add(runner.folder / "report.json")
    connection = {name: value for name, value in runner.connection().items() if name != "freshservice_url"}
    (made,) = runner.play({**connection, "retries": 1, **OWNER}, module=AUTH_LINK).results
    link = urlsplit(made["auth_link_url"])
    assert link.path.endswith("/embedded/integrations")
    (token,) = parse_qs(link.query)["token"]
    hub = open_hub(token, path=link.path)
    hub.submit("acme", runner.tenant_key("acme"))
    hub.shows(LINKED)
    (account,) = emulator.accounts()
    hub.told(account["id"])
    again = runner.link("acme", **OWNER)
    assert (again["changed"], again["account"]["id"]) == (False, account["id"])
    assert len(emulator.accounts()) == 1


def info(runner: PlaybookRunner) -> dict[str, Any]:
    connection = {name: value for name, value in runner.connection().items() if name != "freshservice_url"}
    return runner.play({**connection, "retries": 1}, module=ACCOUNT_INFO).results[0]
