# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that RETURN documents is returned by some run. That nothing else is, every test in this folder checks."""

from __future__ import annotations

import pytest

from tests.integration.house import ACCOUNT_INFO, KEY_INFO, KEYS_INFO, LINK, LINKS
from tests.modules.returns import documented, paths_of

AUTH_LINK = "tenantlink.stackone.auth_link"
AUTH_LINKS = "tenantlink.stackone.auth_links"


def stackone_only(house):
    return {name: value for name, value in house.connection().items() if name != "freshservice_url"}


def link(house):
    house.emulator.switch(hub_secret_tail=0)
    house.by_hand(api_key=house.tenant_key("acme", admin=True), label="Old", origin_username="agent1@acme.example")
    house.link(verify_link="call", label="New", origin_username="somebody", account_type="test")
    house.link("initech")
    first, second = (profile["integration_id"] for profile in house.emulator.profiles())
    house.by_hand("globex", integration_id=second)
    house.link("globex", integration_id=first)


def links(house):
    house.emulator.switch(hub_secret_tail=0)
    house.emulator.add_account(origin_owner_id="former", domain="globex", api_key="an-old-key-0815")
    house.known.add("an-old-key-0815")
    house.by_hand(api_key=house.tenant_key("acme", admin=True), label="Old", origin_username="agent1@acme.example")
    tenants = [*house.tenants("acme", label="New", account_type="test"), *house.tenants("initech")]
    house.links(tenants, verify_link="call", purge=True, purge_limit=9)
    first, second = (profile["integration_id"] for profile in house.emulator.profiles())
    house.by_hand("globex", integration_id=second)
    house.links(house.tenants("globex", integration_id=first))
    house.links([], stackone_api_key="v1.eu1.wrong", purge=True)
    house.links(house.tenants("acme"), stackone_api_key="v1.eu1.wrong")


def key_info(house):
    admin = {"admin_api_key": house.tenant_key("initech", admin=True)}
    house.key_info("initech", agent_email=house.emulator.tenant("initech")["agent"]["email"], **admin)
    house.key_info("acme")
    house.key_info("initech", fail_on_refused=True)


def keys_info(house):
    house.emulator.set_tenant("acme", occasional=True)
    house.keys_info(house.tenants("acme", "initech"), fail_on_refused=True)


def account_info(house):
    reasons = [{"code": "x", "description": "The key was refused.", "timestamp": "2026-11-01T08:00:00Z"}]
    house.by_hand(status="error", status_reasons=reasons, label="Desk", origin_username="a@x")
    house.play(stackone_only(house), module=ACCOUNT_INFO)
    house.play({**stackone_only(house), "stackone_api_key": "v1.eu1.wrong"}, module=ACCOUNT_INFO)


def auth_link(house):
    house.by_hand(status="error", label="Desk", origin_username="a@x")
    house.play({**stackone_only(house), "origin_owner_id": "customer-acme"}, module=AUTH_LINK)
    house.play({**stackone_only(house), "origin_owner_id": "c", "account_id": "nobody"}, module=AUTH_LINK)


def auth_links(house):
    house.by_hand(label="Desk")
    house.emulator.add_account(origin_owner_id="two", domain="globex", api_key="an-old-key-0815")
    house.emulator.add_account(origin_owner_id="two", domain="hooli", api_key="an-old-key-0815")
    named = {"origin_owner_name": "X", "domain": "acme"}
    tenants = [
        {"origin_owner_id": "customer-acme", **named},
        {"origin_owner_id": "new", **named},
        {"origin_owner_id": "two"},
    ]
    house.play({**stackone_only(house), "tenants": tenants}, module=AUTH_LINKS)


SCENARIOS = {
    LINK: link,
    LINKS: links,
    KEY_INFO: key_info,
    KEYS_INFO: keys_info,
    ACCOUNT_INFO: account_info,
    AUTH_LINK: auth_link,
    AUTH_LINKS: auth_links,
}


@pytest.mark.parametrize("module", SCENARIOS, ids=lambda name: name.rpartition(".")[2])
def test_all_that_is_documented_is_returned(house, module):
    # What had to be repeated is a warning of every module.
    house.emulator.fault(caller="client", status=503, call=1, retry_after="0")
    SCENARIOS[module](house)
    name = module.rpartition(".")[2]
    assert set(paths_of(documented(name))) - {path for at, path in house.returned if at == name} == set()
