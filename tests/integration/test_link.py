# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One tenant's life: link, again, drift of every field, rotation, adoption, several accounts, unlink."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.support.playbook_runner import CREATE, DELETE


def test_first_link(runner):
    result = runner.converge(origin_owner_name="Acme Ltd", label="Desk", account_type="test")
    assert result["actions"] == ["create"]
    assert runner.changing() == [CREATE]
    (stored,) = runner.emulator.accounts()
    agent = runner.emulator.tenant("acme")["agent"]
    owner = {"origin_owner_id": "customer-acme", "origin_owner_name": "Acme Ltd", "origin_username": agent["email"]}
    for name, value in {**owner, "label": "Desk", "type": "test", "status": "active"}.items():
        assert stored[name] == value
        assert result["account"][name] == value
    assert result["account"]["id"] == stored["id"]
    assert result["account"]["domain"] == "acme"
    assert result["agent"]["email"] == agent["email"]
    assert result["key_check"]["status"] == "valid"
    assert runner.tenant_key("acme") in str(stored)


def test_requests_of_a_first_link_and_of_a_converged_run(runner):
    runner.link()
    assert runner.count("freshservice") == 1
    # The owner is looked for twice: a listing may be short for once.
    assert runner.count("stackone") <= 8
    runner.emulator.clear_requests()
    result = runner.link()
    assert result["changed"] is False
    assert result["stored_key"] == "unchanged"
    assert runner.count("freshservice") == 1
    assert runner.count("stackone") <= 3
    assert runner.changing() == []


def test_rotation_end_to_end(runner):
    runner.link()
    old = runner.tenant_key("acme")
    runner.known.add(old)
    runner.emulator.set_tenant("acme", rotate_key=True)
    refused = runner.link(api_key=old)
    assert refused["failure"]["code"] == "key_refused"
    assert refused["changed"] is False
    assert runner.converge()["actions"] == ["relink"]
    assert len(runner.emulator.accounts()) == 1


def test_unlink(runner):
    account = runner.by_hand()
    result = runner.converge(state="absent", api_key=None)
    assert result["actions"] == ["delete"]
    assert result["diff"]["before"]["domain"] == "acme"
    assert result["diff"]["after"] == {}
    assert result["account"]["id"] == account["id"]
    assert runner.changing() == [DELETE]
    assert runner.emulator.accounts() == []


def test_options_from_the_environment(runner):
    connection = runner.connection()
    env = {name.upper(): value for name, value in connection.items()}
    run = runner.play(runner.options(**dict.fromkeys(connection)), env=env)
    assert run.results[0]["actions"] == ["create"]


def test_a_twin_that_somebody_links_meanwhile_stays(runner):
    runner.emulator.fault(service="hub", method="POST", path="/hub/accounts", call=1, delay_ms=3000)
    runner.emulator.switch(hub_existing_triple="duplicate")
    with ThreadPoolExecutor(1) as pool:
        linking = pool.submit(runner.link)
        while not runner.emulator.requests(path="/hub/accounts"):
            time.sleep(0.05)
        twin = runner.by_hand()
        result = linking.result()
    # The other account was made first: it stays, and this run's own goes again.
    (account,) = runner.emulator.accounts()
    assert account["id"] == twin["id"] == result["account"]["id"]
    assert "create" not in result["actions"]
    assert any(twin["id"] in warning for warning in result["warnings"])


def test_hostile_text_stays_text(runner):
    label = '<script>alert(1)</script> =cmd|\' \u202e "quotes" %s'
    result = runner.converge(label=label, origin_owner_name="{{ '{{ 7 * 7 }}' }}")
    (stored,) = runner.emulator.accounts()
    assert stored["label"] == label
    assert stored["origin_owner_name"] == "{{ 7 * 7 }}"
    assert result["account"]["origin_owner_name"] == "{{ 7 * 7 }}"
