# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may leave a module at all: valid Unicode, and results whose own words no secret destroys."""

from __future__ import annotations

import json

import pytest

from tests.support.collection import ACCOUNT_INFO, AUTH_LINK, AUTH_LINKS, KEY_INFO, LINK, LINKS
from tests.support.hostile_texts import HALF, WHOLE, agent_answer
from tests.support.playbook_runner import stackone_only


def of_everything(runner):
    """The results of every module, where each text that a server writes holds half a character."""
    reason = {"code": HALF, "description": f"why {HALF}", "timestamp": "2026-11-01T08:00:00Z"}
    fields = {"label": HALF, "origin_username": f"u{HALF}", "origin_owner_name": f"n{HALF}"}
    runner.by_hand(status="error", status_reasons=[reason], **fields)
    runner.emulator.fault(service="freshservice", status=200, body=agent_answer())
    yield runner.play(stackone_only(runner), module=ACCOUNT_INFO)
    yield runner.play({**stackone_only(runner), "origin_owner_id": "customer-acme"}, module=AUTH_LINK)
    yield runner.play({**stackone_only(runner), "tenants": [{"origin_owner_id": "customer-acme"}]}, module=AUTH_LINKS)
    for module in (LINK, KEY_INFO):
        names = ("origin_owner_id", "confirm_timeout", "stackone_url", "stackone_api_key")
        yield runner.play(runner.options(**(dict.fromkeys(names) if module is KEY_INFO else {})), module=module)
    yield runner.play(runner.bulk(runner.tenants("acme", update_credentials="always")), module=LINKS)
    runner.emulator.fault(
        service="stackone", status=422, body={"raw": json.dumps({"statusCode": 422, "message": f"no {HALF}"})}
    )
    yield runner.play(runner.bulk(runner.tenants("acme")), module=LINKS)


def test_half_a_character_of_a_server_leaves_no_module(runner):
    # The runner writes each result to a file, as UTF-8.
    texts = [json.dumps(run.results, ensure_ascii=False) for run in of_everything(runner)]
    assert [text for text in texts if WHOLE not in text and "owners" not in text] == []
    assert not any(HALF in text for text in texts)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"label": HALF}, "label"), ({"origin_owner_name": HALF}, "origin_owner_name"),
        ({"agent_email": HALF, "admin_api_key": "key-of-an-admin"}, "agent_email"),
        ({"credential_fields": {"extra": {HALF: "x"}}}, "credential_fields"),
        ({"credential_fields": {"extra": {"x": HALF}}}, "credential_fields"),
        ({"credential_fields": {"extra_secrets": {"x": f"long enough {HALF}"}}}, "credential_fields"),
        ({"api_key": f"long-enough-{HALF}"}, "api_key"), ({"domain": HALF}, "domain"),
    ],
    ids=str,
)  # fmt: skip
def test_half_a_character_of_the_play_is_refused_by_the_name_of_its_option(runner, options, word):
    result = runner.play(runner.options(**options)).results[0]
    assert result["failure"]["code"] in ("invalid_argument", "invalid_domain")
    assert word in result["msg"]
    assert runner.emulator.requests() == []


SHORT = ["e", "changed", "msg", "True", "failure"]


@pytest.mark.parametrize("word", SHORT)
@pytest.mark.parametrize("option", ["api_key", "admin_api_key", "stackone_api_key", "extra_secrets"])
def test_a_secret_that_is_too_short_is_refused_in_words_that_stay_readable(runner, option, word):
    options = {option: word}
    if option == "admin_api_key":
        options["agent_email"] = "a@x"
    if option == "extra_secrets":
        options = {"credential_fields": {"extra_secrets": {"region": word}}}
    result = runner.play(runner.options(**options)).results[0]
    assert result["changed"] is False
    assert result["failure"]["code"] == "invalid_argument"
    assert f"{option}: the value of region" in result["msg"] if option == "extra_secrets" else option in result["msg"]
    assert "shorter than 8 characters" in result["msg"]
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("word", ["warnings", "verified", "retriable", "account_", "stored_k", "key_check"])
def test_a_secret_that_is_a_word_of_results_leaves_their_keys(runner, word):
    before = runner.link()
    runner.emulator.reset()
    runner.known.clear()
    fields = [{"key": key, "type": "text", "secret": key != "domain"} for key in ("domain", "api_key", "region")]
    runner.emulator.switch(connector_fields=fields)
    secret = {"credential_fields": {"api_key": "api_key", "extra": {}, "extra_secrets": {"region": word}}}
    result = runner.link(**secret)
    assert set(before) == set(result)
    assert result["changed"] is True
    assert set(before["account"]) == set(result["account"])
    assert set(before["key_check"]) == set(result["key_check"])


@pytest.mark.parametrize(
    ("fault", "phase"),
    [({"method": "GET", "path": "/accounts"}, "observe"), ({"method": "POST", "path": "/connect_sessions"}, "apply")],
)
def test_both_modules_for_auth_links_agree_on_the_phase(runner, fault, phase):
    runner.emulator.fault(service="stackone", status=422, **fault)
    declared = {"origin_owner_id": "customer-acme"}
    one = runner.play({**stackone_only(runner), **declared}, module=AUTH_LINK).results[0]
    many = runner.play({**stackone_only(runner), "tenants": [declared]}, module=AUTH_LINKS).results[0]
    rows = [row["failure"] for row in many.get("owners", [])] or [many["failure"]]
    assert (one["failure"]["code"], one["failure"]["phase"]) == ("stackone_rejected", phase)
    assert {(row["code"], row["phase"]) for row in rows} == {("stackone_rejected", phase)}


def test_an_owner_with_several_accounts_is_seen_while_looking(runner):
    for domain in ("acme", "globex"):
        runner.emulator.add_account(origin_owner_id="two", domain=domain, api_key="an-old-key-0815")
    runner.known.add("an-old-key-0815")
    declared = {"origin_owner_id": "two"}
    one = runner.play({**stackone_only(runner), **declared}, module=AUTH_LINK).results[0]["failure"]
    many = runner.play({**stackone_only(runner), "tenants": [declared]}, module=AUTH_LINKS).results[0]["owners"][0]
    assert one["code"] == many["failure"]["code"] == "ambiguous_account"
    assert one["phase"] == many["failure"]["phase"] == "observe"


def test_every_owner_gets_a_link_although_tokens_begin_alike(runner):
    owners = [{"origin_owner_id": f"owner-{number}"} for number in range(3)]
    result = runner.play({**stackone_only(runner), "tenants": owners}, module=AUTH_LINKS).results[0]
    assert result["summary"]["auth_links"] == 3, result
    links = [row["auth_link_url"] for row in result["owners"]]
    assert len(set(links)) == 3
    assert len({link.partition("token=")[2][:30] for link in links}) == 1
