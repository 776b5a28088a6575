# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""freshservice_keys_info, case by case."""

from __future__ import annotations

import json

import pytest

from tests.support.collection import AUTH_LINKS, KEYS_INFO, LINKS


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"domain": "a b"}, "entry 2 (a b): domain 'a b' is not a Freshservice domain"),
        (
            {"admin_api_key": "some-admins-key-0815"},
            "entry 2 (acme): admin_api_key and agent_email are needed together.",
        ),
    ],
)
def test_who_cannot_be_checked_is_red_in_any_case(runner, broken, words):
    runner.known.add("some-admins-key-0815")
    (tenant,) = runner.tenants("acme")
    result = runner.keys_info([*runner.tenants("globex"), {**tenant, **broken}])
    assert result["failed"]
    assert words in result["msg"]
    assert [row.get("verdict") for row in result["results"]] == ["valid", None]


@pytest.mark.parametrize("fail_on_refused", [False, True])
def test_who_declares_no_key_is_not_checked(runner, fail_on_refused):
    tenants = [{"domain": "acme", "origin_owner_id": "customer-acme"}, *runner.tenants("globex")]
    result = runner.keys_info(tenants, fail_on_refused=fail_on_refused)
    assert not result["failed"]
    assert [(row.get("key"), row.get("verdict")) for row in result["results"]] == [
        ("not_declared", None),
        (None, "valid"),
    ]
    assert (result["summary"]["failed"], result["summary"]["verdicts"]["valid"]) == (0, 1)
    assert len(runner.emulator.requests(caller="client")) == 1


def test_an_admins_key_settles_why(runner):
    runner.emulator.switch(expose_api_key_enabled=True)
    (tenant,) = runner.tenants("initech")
    agent = runner.emulator.tenant("initech")["agent"]["email"]
    admin = {"admin_api_key": runner.tenant_key("initech", admin=True), "agent_email": agent}
    (row,) = runner.keys_info([{**tenant, **admin}])["results"]
    assert row["verdict"] == "key_disabled"


def test_it_ends_early_when_asked_to(runner):
    declared = runner.tenants("initech", "umbrella", "acme")
    result = runner.keys_info(declared, concurrency=1, stop_after_failures=1)
    assert [row.get("failure", {}).get("code") for row in result["results"]] == ["key_refused", "stopped", "stopped"]
    assert result["failure"]["code"] == "stopped"


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"stop_after_failures": 0}, {"freshservice_url": "http://x"}])
def test_options_are_checked_first(runner, options):
    result = runner.keys_info(runner.tenants("acme"), **options)
    assert (result["failure"]["code"], result["failure"]["phase"]) == ("invalid_argument", "arguments")
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("module", [LINKS, KEYS_INFO, AUTH_LINKS])
def test_each_module_for_a_list_tells_its_progress(runner, module):
    """As it does in every run of a playbook."""
    path = runner.folder / "progress.json"
    options = {name: value for name, value in runner.bulk(runner.tenants("acme")).items() if name != "confirm_timeout"}
    if module == KEYS_INFO:
        options = {name: value for name, value in options.items() if not name.startswith("stackone")}
    if module == AUTH_LINKS:
        del options["freshservice_url"]
    runner.play({**options, "progress_path": str(path)}, module=module)
    assert json.loads(path.read_text())["done"] == 1
