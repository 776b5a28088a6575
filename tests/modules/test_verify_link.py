# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify_link: what a call through an account proves, in both modules; and whose key was replaced."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("prefix", ["none", "api_v2"])
@pytest.mark.parametrize("style", ["envelope", "http"])
def test_a_new_link_is_proven(house, prefix, style):
    house.emulator.switch(proxy_path_prefix=prefix, proxy_error_style=style)
    result = house.converge(**CALL)
    assert (result["actions"], result["verified"]) == (["create"], True)
    again = house.link(**CALL)
    assert (again["changed"], again["verified"], again["stored_key"]) == (False, True, "unchanged")


def test_it_is_off_by_default(house):
    assert house.link()["verified"] is None
    assert proxied(house) == 0


def test_a_run_remembers_which_path_worked(house):
    house.emulator.switch(proxy_path_prefix="api_v2")
    result = house.links(house.tenants("acme", "globex"), concurrency=1, **CALL)
    assert [row["verified"] for row in result["results"]] == [True, True]
    assert proxied(house) == 3


@pytest.mark.parametrize("tail", [0, 4])
def test_a_key_that_was_reset_is_found_out(house, tail):
    """Also where StackOne shows no characters of the stored key."""
    house.emulator.switch(hub_secret_tail=tail)
    house.link()
    house.known.add(house.tenant_key("acme"))
    house.emulator.set_tenant("acme", rotate_key=True)
    result = house.converge(**CALL)
    assert (result["actions"], result["agent_change"], result["verified"]) == (["relink"], "same", True)
    assert result["diff"]["after"]["api_key"] == "changed"


@pytest.mark.parametrize("tail", [0, 4])
def test_another_agents_key_is_told_apart(house, tail):
    """The former agent's key still works, so nothing but the call shows it where no characters are shown."""
    house.emulator.switch(hub_secret_tail=tail)
    admin, plain = agents(house)
    linked_as(house, admin, origin_username="somebody")
    result = house.converge(**CALL)
    assert result["actions"] == ["relink"]
    former = "unknown" if tail else "other"
    assert result["agent_change"] == former
    if not tail:
        assert "agent1@acme.example" in result["warnings"][0]
    assert plain in str(house.emulator.accounts())


@pytest.mark.parametrize(
    ("username", "declared", "change"),
    [
        ("agent2@acme.example", None, "same"),
        ("Agent2@ACME.example", None, "same"),
        ("agent1@acme.example", None, "other"),
        ("somebody", None, "unknown"),
        (None, None, "unknown"),
        ("agent1@acme.example", "agent1@acme.example", "unknown"),
    ],
)
def test_whose_key_it_was_as_far_as_the_account_tells(house, username, declared, change):
    linked_as(house, "an-older-key-of-acme", origin_username=username)
    house.known.add("an-older-key-of-acme")
    check, run = (house.link(check=at, origin_username=declared) for at in (True, False))
    assert (check["actions"], run["actions"]) == (["relink"], ["relink"])
    assert (check["agent_change"], run["agent_change"]) == (change, change)
    assert any("another agent's" in warning for warning in run.get("warnings", [])) is (change == "other")


def test_the_bulk_module_does_the_same(house):
    admin, _plain = agents(house)
    house.emulator.switch(hub_secret_tail=0)
    linked_as(house, admin, origin_username="agent1@acme.example")
    declared = house.tenants("acme", "globex")
    check, run, again = (house.links(declared, check=at, **CALL) for at in (True, False, False))
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


def test_on_create_leaves_what_the_call_has_shown(house):
    admin, _plain = agents(house)
    linked_as(house, admin)
    result = house.converge(update_credentials="on_create", **CALL)
    assert (result["changed"], result["verified"]) == (False, False)
    assert "another one, and stays" in result["warnings"][0]
    assert admin in str(house.emulator.accounts())


def test_on_doubt_sends_what_cannot_be_compared(house):
    house.link()
    assert house.link(update_credentials="on_doubt")["changed"] is False
    house.emulator.switch(hub_secret_tail=0)
    assert house.link(update_credentials="on_doubt")["actions"] == ["relink"]
    assert house.link(update_credentials="on_doubt", **CALL)["changed"] is False


def test_a_stackone_that_works_with_another_key_than_it_took(house):
    """An edit is accepted, and the old agent goes on answering."""
    admin, _plain = agents(house)
    account = linked_as(house, admin)
    house.emulator.fault(service="hub", method="PATCH", status=200, body={"raw": f'{{"id": "{account["id"]}"}}'})
    result = house.link(**CALL)
    assert result["failure"]["code"] == "link_mismatch"
    assert result["failure"]["phase"] == "confirm"
    assert (result["changed"], result["verified"]) == (True, False)
    assert "answers as agent agent1@acme.example, not as agent2@acme.example" in result["msg"]
    house.emulator.change_account(account["id"], api_key="nobodys-key-0815")
    house.known.add("nobodys-key-0815")
    assert "Freshservice refuses the key that it stores" in house.link(**CALL)["msg"]


NOT_VERIFIED = [
    ({"status": 501, "body": "json"}, "link_not_verified", False),
    ({"status": 412, "body": "json"}, "link_not_verified", False),
    ({"status": 200, "body": {"raw": '{"status": 200, "data": {"tickets": []}}'}}, "link_not_verified", False),
    (
        {"status": 200, "body": {"raw": '{"status": 403, "data": {"code": "access_denied"}}'}},
        "link_not_verified",
        False,
    ),
    ({"status": 200, "body": {"raw": '{"status": 429}'}}, "link_not_verified", True),
    ({"status": 200, "body": {"raw": '{"status": 404}'}}, "link_not_verified", False),
    ({"status": 200, "body": {"raw": "[]"}}, "link_not_verified", False),
    ({"status": 404, "body": "json"}, "link_not_verified", False),
    ({"status": 502, "body": "html"}, "stackone_unavailable", True),
    ({"status": 401, "body": "json"}, "stackone_key_refused", False),
    ({"drop": "before"}, "stackone_unreachable", True),
]


@pytest.mark.parametrize(("fault", "code", "retriable"), NOT_VERIFIED, ids=lambda value: str(value)[:40])
def test_what_cannot_be_proven_is_no_success(house, fault, code, retriable):
    house.link()
    house.emulator.fault(service="stackone", path=PROXY, **fault)
    result = house.link(retries=0, **CALL)
    assert (result["failure"]["code"], result["failure"]["retriable"]) == (code, retriable), result["msg"]
    assert result["changed"] is False


def test_the_key_needs_the_unified_scope(house):
    house.link()
    key = house.emulator.key(scopes=["platform:read", "platform:write"])
    house.known.add(key)
    result = house.link(stackone_api_key=key, **CALL)
    assert result["failure"]["code"] == "stackone_forbidden"
    assert "Unified scope" in result["msg"]


def test_an_account_of_one_user_alone(house):
    linked_as(house, house.tenant_key("acme"), shared=False, origin_username="user-1")
    assert house.link(**CALL)["verified"] is True


def test_it_needs_to_know_whose_key_it_is(house):
    result = house.link(verify_key=False, **CALL)
    assert (result["failure"]["code"], result["failure"]["phase"]) == ("invalid_argument", "arguments")
    assert house.emulator.requests() == []


def test_none_takes_the_account_as_it_is(house):
    house.emulator.switch(hub_test="async", hub_async_delay_ms=600_000)
    result = house.link(verify_link="none")
    assert not result.get("failed"), result["msg"]
    assert result["account"]["status"] == "inactive"
    assert "is inactive; verify_link is none" in result["warnings"][0]
    (row,) = house.links(house.tenants("globex"), verify_link="none")["results"]
    assert (row["action"], row["account_status"]) == ("create", "inactive")
    house.emulator.switch(eventual_listing_ms=600_000)
    (row,) = house.links(house.tenants("hooli"), verify_link="none")["results"]
    assert row["action"] == "create"
    assert "is not shown yet" in row["warnings"][0]
