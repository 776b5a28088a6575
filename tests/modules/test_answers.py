# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may leave a module at all: valid Unicode, and results whose own words no secret destroys."""

from __future__ import annotations

import json

import pytest

from tests.integration.house import ACCOUNT_INFO, KEY_INFO, LINK, LINKS
from tests.modules.test_returns import AUTH_LINK, AUTH_LINKS, stackone_only

HALF = "\ud800"
WHOLE = "\ufffd"


def agent(**fields):
    """An answer of Freshservice about the key's agent; JSON spells half a character as an escape."""
    known = {"id": 7, "email": f"a{HALF}@acme.example", "first_name": HALF, "last_name": "B", "active": True}
    return {"raw": json.dumps({"agent": {**known, **fields}})}


def of_everything(house):
    """The results of every module, where each text that a server writes holds half a character."""
    reason = {"code": HALF, "description": f"why {HALF}", "timestamp": "2026-11-01T08:00:00Z"}
    fields = {"label": HALF, "origin_username": f"u{HALF}", "origin_owner_name": f"n{HALF}"}
    house.by_hand(status="error", status_reasons=[reason], **fields)
    house.emulator.fault(service="freshservice", status=200, body=agent())
    yield house.play(stackone_only(house), module=ACCOUNT_INFO)
    yield house.play({**stackone_only(house), "origin_owner_id": "customer-acme"}, module=AUTH_LINK)
    yield house.play({**stackone_only(house), "tenants": [{"origin_owner_id": "customer-acme"}]}, module=AUTH_LINKS)
    for module in (LINK, KEY_INFO):
        names = ("origin_owner_id", "confirm_timeout", "stackone_url", "stackone_api_key")
        yield house.play(house.options(**(dict.fromkeys(names) if module is KEY_INFO else {})), module=module)
    yield house.play(house.bulk(house.tenants("acme", update_credentials="always")), module=LINKS)
    house.emulator.fault(
        service="stackone", status=422, body={"raw": json.dumps({"statusCode": 422, "message": f"no {HALF}"})}
    )
    yield house.play(house.bulk(house.tenants("acme")), module=LINKS)


def test_half_a_character_of_a_server_leaves_no_module(house):
    # The house writes each result to a file, as UTF-8.
    texts = [json.dumps(run.results, ensure_ascii=False) for run in of_everything(house)]
    assert [text for text in texts if WHOLE not in text and "owners" not in text] == []
    assert not any(HALF in text for text in texts)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"label": HALF}, "label"),
        ({"origin_owner_name": HALF}, "origin_owner_name"),
        ({"agent_email": HALF, "admin_api_key": "key-of-an-admin"}, "agent_email"),
        ({"credential_fields": {"extra": {HALF: "x"}}}, "credential_fields"),
        ({"credential_fields": {"extra": {"x": HALF}}}, "credential_fields"),
        ({"credential_fields": {"extra_secrets": {"x": f"long enough {HALF}"}}}, "credential_fields"),
        ({"api_key": f"long-enough-{HALF}"}, "api_key"),
        ({"domain": HALF}, "domain"),
    ],
    ids=str,
)
def test_half_a_character_of_the_play_is_refused_by_the_name_of_its_option(house, options, word):
    result = house.play(house.options(**options)).results[0]
    assert result["failure"]["code"] in ("invalid_argument", "invalid_domain")
    assert word in result["msg"]
    assert house.emulator.requests() == []


SHORT = ["e", "changed", "msg", "True", "failure"]


@pytest.mark.parametrize("word", SHORT)
@pytest.mark.parametrize("option", ["api_key", "admin_api_key", "stackone_api_key", "extra_secrets"])
def test_a_secret_that_is_too_short_is_refused_in_words_that_stay_readable(house, option, word):
    options = {option: word}
    if option == "admin_api_key":
        options["agent_email"] = "a@x"
    if option == "extra_secrets":
        options = {"credential_fields": {"extra_secrets": {"region": word}}}
    result = house.play(house.options(**options)).results[0]
    assert result["changed"] is False
    assert result["failure"]["code"] == "invalid_argument"
    assert f"{option}: the value of region" in result["msg"] if option == "extra_secrets" else option in result["msg"]
    assert "shorter than 8 characters" in result["msg"]
    assert house.emulator.requests() == []


@pytest.mark.parametrize("word", ["warnings", "verified", "retriable", "account_", "stored_k", "key_check"])
def test_a_secret_that_is_a_word_of_results_leaves_their_keys(house, word):
    before = house.link()
    house.emulator.reset()
    house.known.clear()
    secret = {"credential_fields": {"extra": {}, "extra_secrets": {"region": word}}}
    result = house.link(**secret)
    assert set(before) == set(result)
    assert result["changed"] is True
    assert set(before["account"]) == set(result["account"])
    assert set(before["key_check"]) == set(result["key_check"])


@pytest.mark.parametrize(
    ("fault", "phase"),
    [
        ({"method": "GET", "path": "/accounts"}, "observe"),
        ({"method": "POST", "path": "/connect_sessions"}, "apply"),
    ],
)
def test_both_modules_for_auth_links_agree_on_the_phase(house, fault, phase):
    house.emulator.fault(service="stackone", status=422, **fault)
    declared = {"origin_owner_id": "customer-acme"}
    one = house.play({**stackone_only(house), **declared}, module=AUTH_LINK).results[0]
    many = house.play({**stackone_only(house), "tenants": [declared]}, module=AUTH_LINKS).results[0]
    rows = [row["failure"] for row in many.get("owners", [])] or [many["failure"]]
    assert (one["failure"]["code"], one["failure"]["phase"]) == ("stackone_rejected", phase)
    assert {(row["code"], row["phase"]) for row in rows} == {("stackone_rejected", phase)}


def test_an_owner_with_several_accounts_is_seen_while_looking(house):
    for domain in ("acme", "globex"):
        house.emulator.add_account(origin_owner_id="two", domain=domain, api_key="an-old-key-0815")
    house.known.add("an-old-key-0815")
    declared = {"origin_owner_id": "two"}
    one = house.play({**stackone_only(house), **declared}, module=AUTH_LINK).results[0]["failure"]
    many = house.play({**stackone_only(house), "tenants": [declared]}, module=AUTH_LINKS).results[0]["owners"][0]
    assert one["code"] == many["failure"]["code"] == "ambiguous_account"
    assert one["phase"] == many["failure"]["phase"] == "observe"


def test_every_owner_gets_a_link_although_tokens_begin_alike(house):
    owners = [{"origin_owner_id": f"owner-{number}"} for number in range(3)]
    result = house.play({**stackone_only(house), "tenants": owners}, module=AUTH_LINKS).results[0]
    assert result["summary"]["auth_links"] == 3, result
    links = [row["auth_link_url"] for row in result["owners"]]
    assert len(set(links)) == 3
    assert len({link.partition("token=")[2][:30] for link in links}) == 1
