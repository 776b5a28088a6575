# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One tenant's life: link, again, drift of every field, rotation, adoption, several accounts, unlink."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.integration.house import CREATE, DELETE


def test_first_link(house):
    result = house.converge(origin_owner_name="Acme Ltd", label="Desk", account_type="test")
    assert result["actions"] == ["create"]
    assert house.changing() == [CREATE]
    (stored,) = house.emulator.accounts()
    agent = house.emulator.tenant("acme")["agent"]
    for name, value in {
        "origin_owner_id": "customer-acme",
        "origin_owner_name": "Acme Ltd",
        "origin_username": agent["email"],
        "label": "Desk",
        "type": "test",
        "status": "active",
    }.items():
        assert stored[name] == value
        assert result["account"][name] == value
    assert result["account"]["id"] == stored["id"]
    assert result["account"]["domain"] == "acme"
    assert result["agent"]["email"] == agent["email"]
    assert result["key_check"]["status"] == "valid"
    assert house.tenant_key("acme") in str(stored)


def test_requests_of_a_first_link_and_of_a_converged_run(house):
    house.link()
    assert house.count("freshservice") == 1
    # The owner is looked for twice: a listing may be short for once.
    assert house.count("stackone") <= 8
    house.emulator.clear_requests()
    result = house.link()
    assert result["changed"] is False
    assert result["stored_key"] == "unchanged"
    assert house.count("freshservice") == 1
    assert house.count("stackone") <= 3
    assert house.changing() == []


def test_rotation_end_to_end(house):
    house.link()
    old = house.tenant_key("acme")
    house.known.add(old)
    house.emulator.set_tenant("acme", rotate_key=True)
    refused = house.link(api_key=old)
    assert refused["failure"]["code"] == "key_refused"
    assert refused["changed"] is False
    assert house.converge()["actions"] == ["relink"]
    assert len(house.emulator.accounts()) == 1


def test_unlink(house):
    account = house.by_hand()
    result = house.converge(state="absent", api_key=None)
    assert result["actions"] == ["delete"]
    assert result["diff"]["before"]["domain"] == "acme"
    assert result["diff"]["after"] == {}
    assert result["account"]["id"] == account["id"]
    assert house.changing() == [DELETE]
    assert house.emulator.accounts() == []


def test_options_from_the_environment(house):
    options = house.options(stackone_api_key=None, stackone_url=None, freshservice_url=None)
    emulator = house.emulator
    run = house.play(
        options,
        env={
            "STACKONE_API_KEY": emulator.stackone_api_key,
            "STACKONE_URL": emulator.stackone_url,
            "FRESHSERVICE_URL": emulator.freshservice_url,
        },
    )
    assert run.results[0]["actions"] == ["create"]


def test_a_twin_that_somebody_links_meanwhile_stays(house):
    house.emulator.fault(service="hub", method="POST", path="/hub/accounts", call=1, delay_ms=3000)
    house.emulator.switch(hub_existing_triple="duplicate")
    with ThreadPoolExecutor(1) as pool:
        linking = pool.submit(house.link)
        while not house.emulator.requests(path="/hub/accounts"):
            time.sleep(0.05)
        twin = house.by_hand()
        result = linking.result()
    # The other account was made first: it stays, and this run's own goes again.
    (account,) = house.emulator.accounts()
    assert account["id"] == twin["id"] == result["account"]["id"]
    assert "create" not in result["actions"]
    assert any(twin["id"] in warning for warning in result["warnings"])


def test_hostile_text_stays_text(house):
    label = '<script>alert(1)</script> =cmd|\' \u202e "quotes" %s'
    result = house.converge(label=label, origin_owner_name="{{ '{{ 7 * 7 }}' }}")
    (stored,) = house.emulator.accounts()
    assert stored["label"] == label
    assert stored["origin_owner_name"] == "{{ 7 * 7 }}"
    assert result["account"]["origin_owner_name"] == "{{ 7 * 7 }}"
