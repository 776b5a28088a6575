# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible itself makes of unusual results: half characters, and secrets that are words of ours."""

from __future__ import annotations

import json

import pytest

from tests.integration.inventories import listing, source
from tests.support.collection import ACCOUNT_INFO, LINKS
from tests.support.hostile_texts import HALF, WHOLE, agent_answer

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_one_half_character_costs_no_result(runner):
    runner.by_hand(label=f"x{HALF}", origin_owner_name=HALF, origin_username=HALF)
    runner.emulator.fault(service="freshservice", status=200, body=agent_answer())
    connection = {name: value for name, value in runner.connection().items() if name != "freshservice_url"}
    accounts, links = (
        runner.play(connection, module=ACCOUNT_INFO).results[0],
        runner.play(runner.bulk(runner.tenants("acme", "globex", label="new")), module=LINKS).results[0],
    )
    assert accounts["accounts"][0]["label"] == f"x{WHOLE}"
    assert [row["action"] for row in links["results"]] == ["update", "create"]
    assert links["results"][0]["agent"] == f"a{WHOLE}@acme.example"
    assert links["results"][0]["changes"]["label"]["before"] == f"x{WHOLE}"


def test_one_half_character_costs_no_inventory(runner):
    runner.by_hand(label=f"x{HALF}", origin_owner_name=HALF)
    runner.by_hand("globex", label="fine")
    found = listing(runner, source(runner, hostnames=["label"]))
    assert found.code == 0, found.output
    assert len(found.hosts) == 2
    json.dumps(found.data, ensure_ascii=False).encode()


@pytest.mark.parametrize("word", ["e", "changed", "msg", "True"])
def test_a_secret_that_is_too_short_is_refused_and_hidden_where_arguments_are_shown(runner, word):
    field = {"credential_fields": {"extra_secrets": {"region": word}}}
    tasks = ({"api_key": word}, {"stackone_api_key": word}, field)
    run = runner.play(*(runner.options(**options) for options in tasks))
    many = runner.play({**runner.bulk(runner.tenants("acme")), "stackone_api_key": word}, module=LINKS)
    for result in (*run.results, *many.results):
        assert result["changed"] is False
        assert result["failed"] is True
        assert result["failure"]["code"] == "invalid_argument"
        assert "shorter than 8 characters" in result["msg"]
    for shown in (run.output, many.output):
        for name in ("api_key", "stackone_api_key", "region"):
            assert f'"{name}": "{HIDDEN}"' in shown or shown is many.output
            assert f'"{name}": "{word}"' not in shown
    assert f'"stackone_api_key": "{HIDDEN}"' in many.output
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("word", ["warnings", "stored_key", "verified"])
def test_a_secret_that_is_a_word_of_results_leaves_them_whole(runner, word):
    fields = [
        {"key": "domain", "type": "text", "secret": False},
        {"key": "api_key", "type": "password", "secret": True},
    ]
    region = {"key": "region", "type": "password", "secret": True}
    runner.emulator.switch(connector_fields=[*fields, region])
    secret = {"credential_fields": {"api_key": "api_key", "extra_secrets": {"region": word}}}
    results = runner.play(runner.options(), runner.options("globex", **secret)).results
    assert [result["changed"] for result in results] == [True, True]
    assert set(results[0]) == set(results[1])
    assert set(results[0]["account"]) == set(results[1]["account"])


def test_a_short_password_of_a_proxy_leaves_results_readable(runner):
    elsewhere = {"freshservice_url": "https://{domain}.example", "stackone_url": "https://stackone.example"}
    result = runner.link(proxy="http://somebody:e@127.0.0.1:9", retries=0, **elsewhere)
    assert result["failure"]["code"] == "unreachable"
    assert result["changed"] is False
    assert "somebody:e@" not in json.dumps(result)
