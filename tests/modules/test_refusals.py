# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key that the provider refused is never sent again, whatever status and form carry the refusal (H17, S80, F21)."""

from __future__ import annotations

import pytest

STATUSES = [400, 401, 403, 422, 500, 502, 503]
FORMS = ["provider_errors", "provider_response", "both", "data"]
LOCKOUT = 3
WRONG = "a-key-that-was-reset-0815"


@pytest.fixture(params=[(form, message) for form in FORMS for message in ("plain", "nested")], ids="-".join)
def form(request):
    return dict(zip(("refusal_form", "hub_refused_message"), request.param))


@pytest.fixture(params=STATUSES)
def status(request):
    return request.param


def hub_sends(runner):
    """How often domain and key were sent to the Hub."""
    return len([row for row in runner.emulator.requests(service="hub") if row["method"] in ("POST", "PATCH")])


def assert_refused_once(runner, result):
    assert result["failure"]["code"] == "credentials_refused", result["msg"]
    assert result["failure"]["retriable"] is False
    assert "logged in" in result["msg"]
    assert hub_sends(runner) == 1


def assert_good_key_works(runner):
    assert runner.key_info("acme")["key_check"]["status"] == "valid"
    assert runner.emulator.tenant("acme")["state"] == "active"


def test_a_new_link(runner, form, status):
    runner.known.add(WRONG)
    runner.emulator.switch(lockout_after=LOCKOUT, hub_refused_status=status, **form)
    result = runner.link(api_key=WRONG, verify_key=False, retries=3)
    assert_refused_once(runner, result)
    assert result["changed"] is False
    assert_good_key_works(runner)
    assert runner.emulator.accounts() == []


def test_a_new_key(runner, form, status):
    runner.link()
    runner.known.add(WRONG)
    runner.emulator.switch(lockout_after=LOCKOUT, hub_refused_status=status, **form)
    runner.emulator.clear_requests()
    result = runner.link(api_key=WRONG, verify_key=False, update_credentials="always", retries=3)
    assert_refused_once(runner, result)
    assert_good_key_works(runner)


@pytest.mark.parametrize(("actions", "requests"), [("with_current_agent", [1, 0]), ("missing", [0, 1])])
@pytest.mark.parametrize("status", ["as_provider", 400, 422, 500, 502, 503])
def test_a_call_through_an_account_whose_key_is_refused(runner, form, status, actions, requests):
    """One call proves it; then the good key is sent, which must not be locked out by then."""
    runner.by_hand(api_key=WRONG)
    runner.known.add(WRONG)
    runner.emulator.switch(
        hub_secret_tail=0, lockout_after=LOCKOUT, proxy_error_style="http", proxy_refused_status=status, **form
    )
    runner.emulator.switch(connector_actions=actions)
    check = runner.link(verify_link="call", check=True, retries=3)
    assert not check.get("failed"), check["msg"]
    assert (check["actions"], check["verified"]) == (["relink"], False)
    assert [len(runner.emulator.requests(path=path)) for path in ("/actions/rpc", "/unified/proxy")] == requests
    result = runner.link(verify_link="call", retries=3)
    assert not result.get("failed"), result["msg"]
    assert (result["actions"], result["verified"]) == (["relink"], True)
    assert_good_key_works(runner)


@pytest.mark.parametrize("form", ["provider_errors", "both"])
@pytest.mark.parametrize("status", [400, 500, 502])
@pytest.mark.parametrize(
    ("tenant", "code", "words"),
    [
        ({"state": "maintenance"}, "unreachable", "Freshservice answered with an error (HTTP 503: "),
        ({"state": "server_error"}, "unreachable", "Freshservice answered with an error (HTTP 500: "),
        ({"rate_limit": 0, "retry_after": 3600}, "rate_limited", "over its limit of API calls (HTTP 429: "),
    ],
    ids=["maintenance", "server_error", "rate_limit"],
)
def test_a_busy_or_broken_tenant_is_called_what_it_is(runner, form, status, tenant, code, words):
    """Nothing was made and nothing is uncertain; the same key can be sent again later (S82b)."""
    runner.emulator.set_tenant("acme", **tenant)
    runner.emulator.switch(refusal_form=form, hub_refused_status=status)
    result = runner.link(verify_key=False)
    failure = result["failure"]
    assert (failure["code"], failure["retriable"], failure["phase"]) == (code, True, "apply"), result["msg"]
    assert words in result["msg"]
    assert result["changed"] is False
    assert hub_sends(runner) == 1
    runner.emulator.set_tenant("acme", state="active", rate_limit=100)
    assert runner.link()["actions"] == ["create"]


def test_a_busy_tenant_is_waited_for_as_long_as_it_says(runner):
    """Its own Retry-After counts, not StackOne's status: the test of a good key is made again then."""
    runner.emulator.set_tenant("acme", rate_limit=0, retry_after=1)
    runner.emulator.switch(refusal_form="provider_errors", hub_refused_status=502)
    result = runner.link(verify_key=False, retries=1)
    assert result["failure"]["code"] == "rate_limited"
    assert hub_sends(runner) == 2
    assert any("Repeated 1 request" in warning for warning in result["warnings"])


def test_a_refusal_in_a_list_stops_one_tenant_alone(runner):
    runner.known.add(WRONG)
    runner.emulator.switch(lockout_after=LOCKOUT, hub_refused_status=502, refusal_form="provider_errors")
    tenants = runner.tenants("acme", "globex", verify_key=False)
    tenants[0]["api_key"] = WRONG
    result = runner.links(tenants, retries=3)
    first, second = result["results"]
    assert first["failure"]["code"] == "credentials_refused"
    assert second["action"] == "create"
    assert hub_sends(runner) == 2
    assert_good_key_works(runner)
