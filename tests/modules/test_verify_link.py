# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify_link: what a call through an account proves, in both modules; and whose key was replaced."""

from __future__ import annotations

import pytest

CALL = {"verify_link": "call"}
PROXY = "/unified/proxy"
ACTIONS = "/actions"
ACTION = "/actions/rpc"


def calls(runner):
    """The requests so far that list actions, run one, and use the proxy."""
    return [len(runner.emulator.requests(path=path)) for path in (ACTIONS, ACTION, PROXY)]


def agents(runner, domain="acme"):
    """The keys of the tenant's Account Admin and of its plain agent, which is the main one."""
    return runner.tenant_key(domain, admin=True), runner.tenant_key(domain)


def linked_as(runner, api_key, **fields):
    return runner.emulator.add_account(origin_owner_id="customer-acme", domain="acme", api_key=api_key, **fields)


@pytest.mark.parametrize("actions", ["with_current_agent", "without_current_agent", "missing"])
@pytest.mark.parametrize("prefix", ["none", "api_v2"])
@pytest.mark.parametrize("style", ["envelope", "http"])
def test_a_new_link_is_proven(runner, prefix, style, actions):
    runner.emulator.switch(proxy_path_prefix=prefix, proxy_error_style=style, connector_actions=actions)
    result = runner.converge(**CALL)
    assert (result["actions"], result["verified"]) == (["create"], True)
    again = runner.link(**CALL)
    assert (again["changed"], again["verified"], again["stored_key"]) == (False, True, "unchanged")


def test_it_is_off_by_default(runner):
    assert runner.link()["verified"] is None
    assert calls(runner) == [0, 0, 0]


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, [1, 2, 0]), ({"actions_shape": "by_connector"}, [1, 2, 0]), ({"action_data": "record"}, [1, 2, 0]),
        ({"action_data": "record_with_text_id"}, [1, 2, 0]), ({"action_data": "unknown"}, [1, 1, 2]),
        ({"connector_actions": "missing", "proxy_path_prefix": "api_v2"}, [1, 0, 3]),
    ],
)  # fmt: skip
def test_a_run_finds_the_way_to_call_once(runner, switches, expected):
    runner.emulator.switch(**switches)
    result = runner.links(runner.tenants("acme", "globex"), concurrency=1, **CALL)
    assert [row["verified"] for row in result["results"]] == [True, True]
    assert calls(runner) == expected


@pytest.mark.parametrize("tail", [0, 4])
def test_a_key_that_was_reset_is_found_out(runner, tail):
    """Also where StackOne shows no characters of the stored key."""
    runner.emulator.switch(hub_secret_tail=tail)
    runner.link()
    runner.known.add(runner.tenant_key("acme"))
    runner.emulator.set_tenant("acme", rotate_key=True)
    result = runner.converge(**CALL)
    assert (result["actions"], result["agent_change"], result["verified"]) == (["relink"], "same", True)
    assert result["diff"]["after"]["api_key"] == "changed"


@pytest.mark.parametrize("tail", [0, 4])
def test_another_agents_key_is_told_apart(runner, tail):
    """The former agent's key still works, so nothing but the call shows it where no characters are shown."""
    runner.emulator.switch(hub_secret_tail=tail)
    admin, plain = agents(runner)
    linked_as(runner, admin, origin_username="somebody")
    result = runner.converge(**CALL)
    assert result["actions"] == ["relink"]
    former = "unknown" if tail else "other"
    assert result["agent_change"] == former
    if not tail:
        assert "agent1@acme.example" in result["warnings"][0]
    assert plain in str(runner.emulator.accounts())


@pytest.mark.parametrize(
    ("username", "declared", "change"),
    [
        ("agent2@acme.example", None, "same"), ("Agent2@ACME.example", None, "same"),
        ("agent1@acme.example", None, "other"), ("somebody", None, "unknown"), (None, None, "unknown"),
        ("agent1@acme.example", "agent1@acme.example", "unknown"),
    ],
)  # fmt: skip
def test_whose_key_it_was_as_far_as_the_account_tells(runner, username, declared, change):
    linked_as(runner, "an-older-key-of-acme", origin_username=username)
    runner.known.add("an-older-key-of-acme")
    check, run = (runner.link(check=at, origin_username=declared) for at in (True, False))
    assert (check["actions"], run["actions"]) == (["relink"], ["relink"])
    assert (check["agent_change"], run["agent_change"]) == (change, change)
    assert any("another agent than before" in warning for warning in run.get("warnings", [])) is (change == "other")


def test_the_bulk_module_does_the_same(runner):
    admin, _plain = agents(runner)
    runner.emulator.switch(hub_secret_tail=0)
    linked_as(runner, admin, origin_username="agent1@acme.example")
    declared = runner.tenants("acme", "globex")
    check, run, again = (runner.links(declared, check=at, **CALL) for at in (True, False, False))
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


def test_on_create_leaves_what_the_call_has_shown(runner):
    admin, _plain = agents(runner)
    linked_as(runner, admin)
    result = runner.converge(update_credentials="on_create", **CALL)
    assert (result["changed"], result["verified"]) == (False, False)
    assert "another one; it is kept" in result["warnings"][0]
    assert admin in str(runner.emulator.accounts())


def test_on_doubt_sends_what_cannot_be_compared(runner):
    runner.link()
    assert runner.link(update_credentials="on_doubt")["changed"] is False
    runner.emulator.switch(hub_secret_tail=0)
    assert runner.link(update_credentials="on_doubt")["actions"] == ["relink"]
    assert runner.link(update_credentials="on_doubt", **CALL)["changed"] is False


def test_a_stackone_that_works_with_another_key_than_it_took(runner):
    """An edit is accepted, and the old agent goes on answering."""
    admin, _plain = agents(runner)
    account = linked_as(runner, admin)
    runner.emulator.fault(service="hub", method="PATCH", status=200, body={"raw": f'{{"id": "{account["id"]}"}}'})
    result = runner.link(**CALL)
    assert result["failure"]["code"] == "link_mismatch"
    assert result["failure"]["phase"] == "confirm"
    assert (result["changed"], result["verified"]) == (True, False)
    assert "answers as agent agent1@acme.example, not as agent2@acme.example" in result["msg"]
    runner.emulator.change_account(account["id"], api_key="nobodys-key-0815")
    runner.known.add("nobodys-key-0815")
    assert "Freshservice refuses the key that it stores" in runner.link(**CALL)["msg"]


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
def test_what_cannot_be_proven_is_no_success(runner, fault, code, retriable):
    runner.link()
    runner.emulator.switch(connector_actions="missing")
    runner.emulator.fault(service="stackone", path=PROXY, **fault)
    result = runner.link(retries=0, **CALL)
    assert (result["failure"]["code"], result["failure"]["retriable"]) == (code, retriable), result["msg"]
    assert result["changed"] is False


PLATFORM = ["platform:read", "platform:write"]


@pytest.mark.parametrize(
    ("scopes", "expected"), [(["actions"], [1, 1, 0]), (["unified"], [1, 0, 1]), (["actions", "unified"], [1, 1, 0])]
)
def test_one_of_two_scopes_is_enough(runner, scopes, expected):
    runner.link()
    key = runner.emulator.key(scopes=[*PLATFORM, *scopes])
    runner.known.add(key)
    assert runner.link(stackone_api_key=key, **CALL)["verified"] is True
    assert calls(runner) == expected


def test_a_key_without_both_scopes_is_told_which_it_lacks(runner):
    runner.link()
    key = runner.emulator.key(scopes=PLATFORM)
    runner.known.add(key)
    result = runner.link(stackone_api_key=key, **CALL)
    assert result["failure"]["code"] == "stackone_forbidden"
    assert "Give the key the Actions or the Unified scope in StackOne's dashboard" in result["msg"]
    assert calls(runner) == [1, 0, 1]


ACTION_FAILS = [
    ({"status": 412, "body": "json"}, "link_not_verified", False),
    ({"status": 502, "body": "html"}, "stackone_unavailable", True),
    ({"status": 401, "body": "json"}, "stackone_key_refused", False),
    ({"drop": "before"}, "stackone_unreachable", True),
]


@pytest.mark.parametrize(("fault", "code", "retriable"), ACTION_FAILS, ids=lambda value: str(value)[:40])
def test_an_action_that_fails_for_another_reason_is_no_success(runner, fault, code, retriable):
    runner.link()
    runner.emulator.fault(service="stackone", path=ACTION, **fault)
    result = runner.link(retries=0, **CALL)
    assert (result["failure"]["code"], result["failure"]["retriable"]) == (code, retriable), result["msg"]
    assert (result["changed"], calls(runner)[2]) == (False, 0)


@pytest.mark.parametrize("status", [400, 403, 404, 501])
@pytest.mark.parametrize("path", [ACTIONS, ACTION])
def test_without_an_action_the_proxy_proves_it(runner, path, status):
    runner.emulator.fault(service="stackone", path=path, status=status, body="json")
    assert runner.link(retries=0, **CALL)["verified"] is True
    assert calls(runner)[2] == 1


@pytest.mark.parametrize("actions", ["with_current_agent", "missing"])
def test_an_account_of_one_user_alone(runner, actions):
    runner.emulator.switch(connector_actions=actions)
    linked_as(runner, runner.tenant_key("acme"), shared=False, origin_username="user-1")
    assert runner.link(**CALL)["verified"] is True


def test_it_needs_to_know_whose_key_it_is(runner):
    result = runner.link(verify_key=False, **CALL)
    assert (result["failure"]["code"], result["failure"]["phase"]) == ("invalid_argument", "arguments")
    assert runner.emulator.requests() == []


def test_none_takes_the_account_as_it_is(runner):
    runner.emulator.switch(hub_test="async", hub_async_delay_ms=600_000)
    result = runner.link(verify_link="none")
    assert not result.get("failed"), result["msg"]
    assert result["account"]["status"] == "inactive"
    assert "is inactive; verify_link is none" in result["warnings"][0]
    (row,) = runner.links(runner.tenants("globex"), verify_link="none")["results"]
    assert (row["action"], row["account_status"]) == ("create", "inactive")
    runner.emulator.switch(eventual_listing_ms=600_000)
    (row,) = runner.links(runner.tenants("hooli"), verify_link="none")["results"]
    assert row["action"] == "create"
    assert "is not shown yet" in row["warnings"][0]
