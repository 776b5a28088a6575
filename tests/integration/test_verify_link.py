# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify_link under Ansible itself. The table of what a call can prove is in tests/trust."""

from __future__ import annotations

CALL = {"verify_link": "call"}
PROXY = "/unified/proxy"


def proxied(house):
    """The calls through StackOne so far."""
    return len(house.emulator.requests(path=PROXY))


def agents(house, domain="acme"):
    """The keys of the tenant's Account Admin and of its plain agent, which is the main one."""
    return house.tenant_key(domain, admin=True), house.tenant_key(domain)


def linked_as(house, api_key, **fields):
    return house.emulator.add_account(origin_owner_id="customer-acme", domain="acme", api_key=api_key, **fields)


def test_a_new_link_is_proven(house):
    result = house.converge(**CALL)
    assert (result["actions"], result["verified"]) == (["create"], True)


def test_it_is_off_by_default(house):
    assert house.link()["verified"] is None
    assert proxied(house) == 0


def test_the_bulk_module_does_the_same(house):
    admin, _plain = agents(house)
    house.emulator.switch(hub_secret_tail=0)
    linked_as(house, admin, origin_username="agent1@acme.example")
    declared = house.bulk(house.tenants("acme", "globex"), **CALL)
    check, run, again = house.play(
        {**declared, "check": True}, declared, declared, module="tenantlink.stackone.freshservice_links"
    ).results
    for result in (check, run):
        assert [row["action"] for row in result["results"]] == ["relink", "create"]
        assert result["results"][0]["agent_change"] == "other"
    assert check["results"][0]["verified"] is False
    for result in (run, again):
        assert [row["verified"] for row in result["results"]] == [True, True]
    assert again["changed"] is False
    assert run["results"][0]["changes"] == {"api_key": {"before": "unchanged", "after": "changed"}}
    assert run["results"][0]["agent"] == "agent2@acme.example"
    assert {row["verdict"] for row in run["results"]} == {"valid"}
    assert {row["account_status"] for row in run["results"]} == {"active"}


def test_the_key_needs_the_unified_scope(house):
    house.link()
    key = house.emulator.key(scopes=["platform:read", "platform:write"])
    house.known.add(key)
    result = house.link(stackone_api_key=key, **CALL)
    assert result["failure"]["code"] == "stackone_forbidden"
    assert "Unified scope" in result["msg"]
