# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every verdict, every failure phase, and what a broken network leaves behind."""

from __future__ import annotations

import json

import pytest

from tests.support.playbook_runner import assert_failed
from tests.support.ports import unused_port

BROKEN_TENANTS = [
    ("acmee", {}, "domain_not_found"), ("initech", {}, "key_refused"), ("umbrella", {}, "tenant_suspended"),
    ("globex", {"agent_active": False}, "key_refused"), ("globex", {"state": "ip_refused"}, "access_denied"),
    ("globex", {"state": "maintenance"}, "unreachable"), ("globex", {"state": "html_200"}, "not_freshservice"),
    ("globex", {"state": "server_error"}, "unreachable"), ("globex", {"state": "truncated"}, "unreachable"),
    ("globex", {"rate_limit": 0, "retry_after": 600}, "rate_limited"),
]  # fmt: skip


@pytest.mark.parametrize(("domain", "changes", "verdict"), BROKEN_TENANTS)
def test_verdicts(runner, domain, changes, verdict):
    if changes:
        runner.emulator.set_tenant(domain, **changes)
    info = runner.key_info(domain)
    assert info["key_check"]["status"] == verdict
    assert info["key_check"]["remediation"]
    assert not info.get("failed")
    assert info["changed"] is False
    link = runner.link(domain)
    assert_failed(link, verdict, "key_check")
    assert link["changed"] is False
    assert runner.count("stackone") == 0
    assert_failed(runner.key_info(domain, fail_on_refused=True), verdict, "key_check")


def test_a_good_key(runner):
    info = runner.key_info("globex")
    assert info["key_check"]["status"] == "valid"
    assert info["agent"]["email"] == runner.emulator.tenant("globex")["agent"]["email"]
    assert runner.count("freshservice") == 1


def test_a_refused_key_is_tried_once(runner):
    runner.key_info("initech")
    assert runner.count("freshservice") == 1


@pytest.mark.parametrize(
    ("changes", "exposed", "verdict"),
    [
        ({"api_key_enabled": False}, True, "key_disabled"),
        ({"api_key_enabled": False}, False, "key_refused"),
        ({"agent_active": False}, False, "agent_deactivated"),
    ],
)
@pytest.mark.parametrize("answer", ["unauthorized", "forbidden"])
def test_an_admins_key_settles_why(runner, changes, exposed, verdict, answer):
    if answer == "forbidden" and verdict == "key_refused":
        verdict = "access_denied"
    runner.emulator.switch(expose_api_key_enabled=exposed, key_disabled_answer=answer)
    acme = runner.emulator.set_tenant("acme", **changes)
    admin = {"admin_api_key": runner.tenant_key("acme", admin=True), "agent_email": acme["agent"]["email"].upper()}
    info = runner.key_info("acme", **admin)
    assert info["key_check"]["status"] == verdict
    assert runner.count("freshservice") == 2


def test_an_admins_key_that_is_none(runner):
    agent = runner.emulator.set_tenant("acme", agent_active=False)["agent"]
    runner.emulator.set_tenant("globex", role="IT Agent")
    info = runner.key_info(admin_api_key=runner.tenant_key("globex"), agent_email=agent["email"])
    assert info["key_check"]["status"] == "key_refused"
    assert "may not look up agents" in info["key_check"]["evidence"]


def test_a_tenant_over_its_limit_is_waited_for(runner):
    results = runner.play(*[runner.options("hooli")] * 7).results
    assert not any(result.get("failed") for result in results)
    warnings = [warning for result in results for warning in result.get("warnings", [])]
    assert any("HTTP 429" in warning and "waited" in warning for warning in warnings)


def test_a_host_name_that_does_not_resolve(runner):
    info = runner.key_info(freshservice_url="https://{domain}.invalid")
    assert info["key_check"]["status"] in ("domain_not_found", "unreachable")
    assert info["key_check"]["http_status"] is None


def test_nobody_listens(runner):
    port = unused_port()
    info = runner.key_info(freshservice_url=f"http://127.0.0.1:{port}/{{domain}}")
    assert info["key_check"]["status"] == "unreachable"
    assert "127.0.0.1" in info["key_check"]["evidence"]
    result = runner.link(stackone_url=f"http://127.0.0.1:{port}")
    assert_failed(result, "stackone_unreachable", "observe")
    assert any("Repeated 1 request" in warning for warning in result.get("warnings", []))


@pytest.mark.parametrize(
    ("fault", "code", "phase"),
    [
        ({"path": "/accounts", "status": 503, "body": "html"}, "stackone_unavailable", "observe"),
        ({"path": "/accounts", "status": 403}, "stackone_forbidden", "observe"),
        ({"path": "/accounts", "status": 200, "body": "html"}, "unexpected_answer", "observe"),
        ({"path": "/accounts", "status": 200, "body": "wrong_shape"}, "unexpected_answer", "observe"),
        ({"path": "/accounts", "status": 200, "body": "malformed"}, "unexpected_answer", "observe"),
        ({"path": "/accounts", "status": 200, "body": "truncated"}, "stackone_unreachable", "observe"),
        ({"path": "/accounts", "status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}, "unexpected_answer", "observe"),
        ({"path": "/accounts", "drop": "before"}, "stackone_unreachable", "observe"),
        ({"path": "/connect_sessions", "status": 422}, "stackone_rejected", "apply"),
        ({"path": "/connect_sessions", "status": 201, "body": "wrong_shape"}, "unexpected_answer", "apply"),
        ({"path": "/hub/settings", "status": 401}, "session_refused", "apply"),
        ({"path": "/hub/connectors/*", "status": 500}, "stackone_unavailable", "apply"),
        ({"path": "/hub/accounts", "drop": "before"}, "create_uncertain", "apply"),
        ({"path": "/hub/accounts", "status": 504, "body": "html"}, "create_uncertain", "apply"),
    ],
)  # fmt: skip
def test_a_fault_in_each_phase(runner, fault, code, phase):
    fault = {"service": "hub" if fault["path"].startswith("/hub") else "stackone", **fault}
    runner.emulator.fault(**fault)
    result = runner.link()
    assert_failed(result, code, phase)
    assert result["changed"] is False
    assert runner.emulator.accounts() == []
    runner.emulator.clear_faults()
    assert runner.link()["actions"] == ["create"]
    assert len(runner.emulator.accounts()) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": "before"}, {"drop": "after"}, {"status": 502, "body": "html", "when": "after"},
        {"status": 504, "when": "after"}, {"status": 408, "when": "after"},
        {"status": 200, "body": "truncated", "when": "after"}, {"status": 201, "body": "empty", "when": "after"},
    ],
)  # fmt: skip
def test_an_answer_lost_before_or_after_the_account_was_made(runner, fault):
    runner.emulator.switch(hub_existing_triple="duplicate")
    runner.emulator.fault(service="hub", method="POST", path="/hub/accounts", call=1, **fault)
    result = runner.link(label="Desk")
    assert not result.get("failed"), result["msg"]
    assert result["actions"] == ["create"]
    (stored,) = runner.emulator.accounts()
    assert result["account"]["id"] == stored["id"]
    assert runner.link(label="Desk")["changed"] is False


def test_an_answer_lost_while_the_listing_lags_behind(runner):
    runner.emulator.switch(eventual_listing_ms=600_000, hub_existing_triple="duplicate")
    runner.emulator.fault(service="hub", method="POST", path="/hub/accounts", call=1, drop="after")
    assert runner.link()["actions"] == ["create"]
    assert len(runner.emulator.accounts()) == 1


@pytest.mark.parametrize("drop", ["before", "after"])
@pytest.mark.parametrize(
    ("path", "declared", "actions"),
    [("/accounts/*", {"label": "New"}, ["update"]), ("/hub/accounts/*", {"update_credentials": "always"}, ["relink"])],
)
def test_an_answer_lost_on_a_change(runner, path, declared, actions, drop):
    runner.link()
    service = "hub" if path.startswith("/hub") else "stackone"
    runner.emulator.fault(service=service, method="PATCH", path=path, call=1, drop=drop)
    result = runner.link(**declared)
    assert result["actions"] == actions
    assert len(runner.emulator.accounts()) == 1


@pytest.mark.parametrize("drop", ["before", "after"])
def test_an_answer_lost_on_unlinking(runner, drop):
    runner.link()
    runner.emulator.fault(service="stackone", method="DELETE", path="/accounts/*", call=1, drop=drop)
    result = runner.link(state="absent", api_key=None)
    assert result["actions"] == ["delete"]
    assert runner.emulator.accounts() == []


@pytest.mark.parametrize("path", ["/accounts/*", "/hub/accounts/*"])
def test_a_change_that_was_made_although_every_answer_is_lost(runner, path):
    runner.link()
    service = "hub" if path.startswith("/hub") else "stackone"
    runner.emulator.set_tenant("acme", rotate_key=True)
    runner.emulator.fault(service=service, method="PATCH", path=path, drop="after")
    result = runner.link(label="New")
    assert not result.get("failed"), result["msg"]
    assert result["actions"] == ["relink", "update"]


@pytest.mark.parametrize(
    ("path", "done", "left"), [("/accounts/*", "api_key", "label"), ("/hub/accounts/*", None, "label")]
)
def test_what_was_not_done_is_not_told_as_a_change(runner, path, done, left):
    (tenant,) = runner.tenants("acme")
    runner.links([{**tenant, "label": "Old"}])
    key = runner.emulator.set_tenant("acme", rotate_key=True)["new_api_key"]
    runner.emulator.fault(caller="client", method="PATCH", path=path, status=400)
    for check_mode in (True, False):
        result = runner.links([{**tenant, "api_key": key, "label": "New"}], check=check_mode)
        (row,) = result["results"]
        told = json.dumps([row.get("changes"), result.get("diff")])
        assert (left in told) is check_mode
        assert ("failure" in row or bool(row.get("warnings"))) is not check_mode
        assert set(row.get("changes", {})) == ({"api_key", left} if check_mode else {done} - {None})


def test_a_passing_error_is_repeated_and_reported(runner):
    runner.emulator.fault(service="stackone", method="GET", path="/accounts", call=1, status=503, retry_after="0")
    result = runner.link()
    assert result["actions"] == ["create"]
    assert "Repeated 1 request (GET /stackone/accounts: HTTP 503); waited 0.0 s in all." in result["warnings"]


def test_a_wrong_stackone_key(runner):
    runner.known.add("v1.eu1.wrong")
    assert_failed(runner.link(stackone_api_key="v1.eu1.wrong"), "stackone_key_refused", "observe")


def test_the_quota(runner):
    """A wait that nobody would sit through. Others are waited for, whatever `retries` says."""
    runner.emulator.fault(service="stackone", path="/connect_sessions", status=429, retry_after="3600")
    result = runner.link(retries=0)
    assert_failed(result, "stackone_rate_limited", "apply")
    assert result["failure"]["retriable"] is True


def test_a_profile_that_is_not_enabled(runner):
    profiles = runner.emulator.profiles()
    runner.emulator.profiles([{**profile, "active": False} for profile in profiles])
    for variant in ("session_refused", "no_connectors"):
        runner.emulator.switch(not_enabled_provider=variant)
        assert_failed(runner.link(), "connector_profile_missing", "apply")


def test_stackones_test_asks_for_more_than_the_key_check(runner):
    runner.emulator.set_tenant("acme", role="IT Agent")
    result = runner.link()
    assert_failed(result, "credentials_refused", "apply")
    assert "not authorized" in result["msg"]
    assert runner.emulator.accounts() == []


def test_an_account_that_turns_bad_after_it_was_linked(runner):
    runner.emulator.switch(hub_test="async")
    runner.emulator.set_tenant("acme", role="IT Agent")
    result = runner.link()
    assert_failed(result, "account_not_active", "confirm")
    assert result["changed"] is True
    assert result["actions"] == ["create"]
    assert result["account"]["status"] == "error"


def test_a_refused_link_that_leaves_an_account_is_told(runner):
    runner.emulator.switch(hub_failed_create_leaves_account=True)
    runner.emulator.set_tenant("acme", role="IT Agent")
    result = runner.link()
    assert_failed(result, "credentials_refused", "apply")
    (stored,) = runner.emulator.accounts()
    assert result["changed"] is True
    assert result["account"]["id"] == stored["id"]
    runner.emulator.set_tenant("acme", role="IT Supervisor")
    assert runner.link()["actions"] == ["relink"]
    assert len(runner.emulator.accounts()) == 1


@pytest.mark.parametrize("status", ["suspended", "archived"])
def test_what_only_the_dashboard_can_end(runner, status):
    runner.link()
    runner.emulator.change_account(runner.emulator.accounts()[0]["id"], status=status)
    result = runner.link()
    assert_failed(result, "account_not_active", "observe")
    assert result["changed"] is False


@pytest.mark.parametrize("state", ["present", "absent"])
def test_somebody_elses_account_is_not_touched(runner, state):
    other = runner.by_hand(origin_owner_id="other", origin_owner_name="x", api_key="k" * 20)
    result = runner.link(account_id=other["id"], state=state)
    assert_failed(result, "account_mismatch", "observe")
    assert runner.changing() == []


def test_a_pinned_account_that_is_gone(runner):
    assert_failed(runner.link(account_id="nobody"), "account_not_found", "observe")
    assert runner.link(account_id="nobody", state="absent", api_key=None)["changed"] is False


def test_no_hub(runner):
    runner.emulator.switch(hub_api="missing")
    assert_failed(runner.link(), "hub_unavailable", "apply")


def test_an_endless_answer_ends(runner):
    runner.emulator.fault(service="freshservice", method="GET", path="/api/v2/agents/me", body="drip")
    info = runner.key_info(timeout=1, retries=0)
    assert info["key_check"]["status"] == "unreachable"


def test_a_huge_answer_is_not_swallowed(runner):
    runner.emulator.fault(service="freshservice", method="GET", path="/api/v2/agents/me", body="huge")
    assert runner.key_info()["key_check"]["status"] == "unreachable"


def test_hostile_words_of_a_server(runner):
    words = "\x1b[31mred\x1b[0m {{ 7 * 7 }} <script>\x07"
    said = f"\\u001b[31mred\\u0007 {{{{ 7 * 7 }}}} {runner.tenant_key('acme')}"
    body = {"raw": f'{{"statusCode": 422, "message": "{said}"}}'}
    runner.emulator.fault(service="stackone", method="POST", path="/connect_sessions", status=422, body=body)
    result = runner.link()
    assert words not in result["msg"]
    assert "\x1b" not in result["msg"]
    assert "{{ 7 * 7 }}" in result["msg"]
    assert "********" in result["msg"]
