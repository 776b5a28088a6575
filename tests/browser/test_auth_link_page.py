# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's page of an auth link in Chromium, without JavaScript and with the keyboard alone."""

from __future__ import annotations

import re

import pytest

from tests.emulator.handle import Emulator
from tests.support.emulator_client import Client

WRONG = "wrongKEY12345wrongKEY1"


@pytest.fixture(scope="module")
def running():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def client(running):
    running.reset()
    return Client(running)


@pytest.fixture
def open_page(chromium, client):
    """Open a page. At the end it must not have asked anybody else, nor complained."""
    contexts, complaints, requests = [], [], []

    def open_page(javascript=False, **session):
        context = chromium.new_context(java_script_enabled=javascript, viewport={"width": 360, "height": 640})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: requests.append((request.url, request.headers.get("referer", ""))))
        page.goto(client.session(**session)["auth_link_url"])
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for text in complaints if not re.search("responded with a status of (404|422)", text)] == []
    root = client.emulator.stackone_url
    assert [url for url, _referer in requests if not url.startswith(root)] == []
    with_token = [url for url, _referer in requests if "token=" in url]
    assert len(with_token) == len(contexts)
    assert not [referer for _url, referer in requests if "token=" in referer]


def test_with_the_keyboard_alone(open_page, client):
    from playwright.sync_api import expect

    page = open_page(origin_owner_name="Acme Ltd")
    # A browser moves the focus after it has loaded the page.
    expect(page.get_by_label("Domain", exact=True)).to_be_focused()
    page.keyboard.type("acme")
    page.keyboard.press("Tab")
    page.keyboard.type(WRONG)
    page.keyboard.press("Enter")
    page.wait_for_url("**/integrations")
    key = page.get_by_label("API Key", exact=True)
    expect(key).to_be_focused()
    assert page.get_by_role("alert").is_visible()
    assert key.input_value() == ""
    assert page.get_by_label("Domain", exact=True).input_value() == "acme"
    page.keyboard.type(client.key())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/connected?**")
    assert page.get_by_role("heading", level=1).inner_text() == "Connection Successful"
    (account,) = client.emulator.accounts()
    assert account["status"] == "active"
    page.reload()
    assert page.get_by_role("heading", level=1).inner_text() == "Connection Successful"
    assert client.key() not in page.content()
    assert len(client.emulator.accounts()) == 1


@pytest.mark.parametrize("state", ["form", "refused", "missing", "connected", "dead"])
def test_axe_finds_nothing(open_page, client, state):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(javascript=True)
    if state in ("refused", "connected"):
        page.get_by_label("Domain").fill("acme")
        page.get_by_label("API Key").fill(client.key() if state == "connected" else WRONG)
    if state == "dead":
        page.goto(page.url.partition("?")[0])
    elif state != "form":
        page.get_by_role("button", name="Connect").click()
        page.wait_for_load_state()
    # The policy of the page keeps axe's own script out, so it is put in from outside of the page.
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
