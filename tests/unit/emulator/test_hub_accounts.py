# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated Hub: how accounts are created, looked at and edited (facts 15 and 16)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.emulator.linking import provider_pause
from tests.support.emulator_client import Client


def provider_calls(client: Client) -> list[dict[str, Any]]:
    """The Hub's own calls to Freshservice."""
    return client.emulator.requests(service="freshservice", caller="stackone")


def wait_for_status(client: Client, account_id: str, status: str) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        account = client.emulator.account(account_id)
        if account["status"] == status:
            return account
        time.sleep(0.02)
    raise AssertionError(f"the account did not turn {status}")


def test_creating_tests_the_credentials_against_freshservice(client: Client) -> None:
    session = client.session(label="L", type="test", origin_username="u", metadata={"a": 1})
    before = client.freshservice("/agents/me").headers["X-RateLimit-Remaining"]
    made = client.link(session)
    assert set(made.json()) == {"id", "provider"}
    stored = client.emulator.account(made.json()["id"])
    assert (stored["label"], stored["type"], stored["origin_username"]) == ("L", "test", "u")
    assert (stored["status"], stored["credentials"]) == ("active", {"apiKey": client.key()})
    assert [(one["path"], one["domain"], one["status"]) for one in provider_calls(client)] == [
        ("/api/v2/agents", "acme", 200)
    ]
    after = client.freshservice("/agents/me").headers["X-RateLimit-Remaining"]
    assert int(before) - int(after) == 2


@pytest.mark.parametrize("status", [400, 422, 500, 502, 503, 401, 403])
@pytest.mark.parametrize("message", ["plain", "nested"])
@pytest.mark.parametrize("form", ["both", "provider_errors", "provider_response", "data"])
def test_refused_credentials(client: Client, status: int, message: str, form: str) -> None:
    client.emulator.switch(hub_refused_status=status, hub_refused_message=message, refusal_form=form)
    refused = client.link(apiKey="wrong")
    body = refused.json()
    assert refused.status_code == body["statusCode"] == status
    details = json.loads(body["message"]) if message == "nested" else body
    assert ("provider_response" in details) is (form in ("both", "provider_response"))
    if "provider_response" in details:
        assert json.loads(details["provider_response"])["code"] == "invalid_credentials"
    told = details["data"] if form == "data" else details
    assert ("provider_errors" in told) is (form != "provider_response")
    if "provider_errors" in told:
        (entry,) = told["provider_errors"]
        assert (entry["status"], entry["raw"]["code"]) == (401, "invalid_credentials")
        assert "X-RateLimit-Total" in entry["headers"]
        assert entry["url"].startswith("/api/v2/agents")
    assert client.emulator.accounts() == []
    assert "wrong" not in refused.text


def test_a_provider_that_does_not_answer_has_no_status(client: Client) -> None:
    client.emulator.switch(unknown_tenant="refused")
    (entry,) = client.link(domain="nobody").json()["provider_errors"]
    assert "status" not in entry


@pytest.mark.parametrize(
    ("header", "seconds"), [("0", 0), ("7", 7), ("10", 10), ("11", 10), ("1521", 10), (None, 1), ("soon", 1)]
)
def test_a_test_waits_at_most_ten_seconds_for_a_provider(header: str | None, seconds: int) -> None:
    assert provider_pause(header) == seconds


def test_a_failed_creation_may_leave_an_account_behind(client: Client) -> None:
    client.emulator.switch(hub_failed_create_leaves_account=True)
    assert client.link(apiKey="wrong").status_code == 400
    (left,) = client.emulator.accounts()
    assert (left["status"], set(left["status_reasons"][0])) == ("error", {"code", "description", "timestamp"})
    assert client.edit(left["id"], apiKey=client.key()).status_code == 200
    assert client.emulator.account(left["id"])["status"] == "active"


@pytest.mark.parametrize(
    "body", [{}, {"integration_id": "none", "credentials": {}}, {"credentials": {"domain": "acme"}}, []]
)
def test_bad_creations_are_400_and_test_nothing(client: Client, body: Any) -> None:
    assert client.hub("POST", "/accounts", client.session()["token"], json=body).status_code == 400
    assert client.link(apiKey="").status_code == 400
    assert provider_calls(client) == []


def test_unknown_fields_may_be_rejected(client: Client) -> None:
    assert client.link(subdomain="acme").status_code == 201
    client.emulator.switch(hub_unknown_field="rejected")
    assert client.link(subdomain="acme").status_code == 400


def test_the_test_action_may_need_an_admin(client: Client) -> None:
    client.emulator.set_tenant("acme", role="IT Agent")
    assert client.link().status_code == 400
    assert client.link(apiKey=client.admin_key()).status_code == 201
    assert provider_calls(client)[0]["query"] == "per_page=1"
    client.emulator.switch(hub_test_action="agents_me")
    assert client.link(client.session(multiple=True)).status_code == 201


def test_a_tenant_over_its_rate_limit_fails_the_test_unless_retried(client: Client) -> None:
    client.emulator.set_tenant("acme", rate_limit=0)
    refused = client.link()
    assert "rate limit" in refused.json()["provider_response"]
    client.emulator.set_tenant("acme", rate_limit=1, retry_after=0.1)
    assert client.freshservice("/agents/me").status_code == 200
    client.emulator.switch(hub_provider_retries=2)
    assert client.link().status_code == 201


@pytest.mark.parametrize("domain", ["nobody", "umbrella", "https://acme.freshservice.com"])
def test_bad_tenants_are_refused(client: Client, domain: str) -> None:
    assert client.link(domain=domain).status_code == 400


def test_the_asynchronous_test_settles_later(client: Client) -> None:
    client.emulator.switch(hub_test="async", hub_async_delay_ms=60_000)
    untested = client.link().json()["id"]
    assert client.emulator.account(untested)["status"] == "inactive"
    client.emulator.switch(hub_async_delay_ms=1)
    good, bad = (client.link(client.session(multiple=True), apiKey=key) for key in (client.key(), "wrong"))
    assert good.status_code == bad.status_code == 201
    wait_for_status(client, good.json()["id"], "active")
    failed = wait_for_status(client, bad.json()["id"], "error")
    assert failed["status_reasons"][0]["code"] == "invalid_credentials"
    assert failed["updated_at"] > failed["created_at"]


def test_a_creation_can_happen_without_an_answer(client: Client) -> None:
    client.emulator.fault(service="hub", method="POST", path="/hub/accounts", drop="after", call=1)
    with pytest.raises(OSError):
        client.link()
    assert len(client.emulator.accounts()) == 1


def test_the_edit_view_redacts_secrets_to_a_tail(client: Client) -> None:
    account_id = client.linked()["id"]

    def view() -> dict[str, Any]:
        token = client.session(account_id=account_id)["token"]
        return client.hub("GET", f"/accounts/{account_id}", token).json()

    seen = view()
    assert (seen["secureId"], seen["setupInformation"]) == (account_id, {"domain": "acme"})
    assert seen["integrationId"] == client.default_profile()
    assert seen["secrets"] == {"apiKey": "__secretvalue:**redacted**" + client.key()[-4:]}
    client.emulator.switch(hub_secret_tail=0)
    assert view()["secrets"] == {"apiKey": "__secretvalue:**redacted**"}


def test_an_omitted_secret_is_kept_and_a_placeholder_is_not(client: Client) -> None:
    account = client.linked(domain="wrong")
    assert client.edit(account["id"], domain="acme").status_code == 200
    stored = client.emulator.account(account["id"])
    assert (stored["credentials"], stored["setup_information"]) == (account["credentials"], {"domain": "acme"})
    placeholder = "__secretvalue:**redacted**" + client.key()[-4:]
    client.emulator.switch(hub_patch_retest=False)
    assert client.edit(account["id"], apiKey=placeholder).status_code == 200
    assert client.emulator.account(account["id"])["credentials"] == {"apiKey": placeholder}


def test_editing_tests_again_and_keeps_the_old_on_failure(client: Client) -> None:
    account = client.linked()
    refused = client.edit(account["id"], apiKey="wrong")
    assert refused.status_code == 400
    assert client.emulator.account(account["id"]) == account
    client.emulator.switch(hub_patch_failure_keeps_old=False)
    assert client.edit(account["id"], apiKey="wrong").status_code == 400
    stored = client.emulator.account(account["id"])
    assert (stored["credentials"], stored["status"]) == ({"apiKey": "wrong"}, "error")
    assert stored["updated_at"] > account["updated_at"]


def test_editing_without_a_test(client: Client) -> None:
    account_id = client.linked()["id"]
    client.emulator.switch(hub_patch_retest=False)
    assert client.edit(account_id, apiKey="wrong").status_code == 200
    assert provider_calls(client) == []
    assert client.emulator.account(account_id)["credentials"] == {"apiKey": "wrong"}


def test_an_asynchronous_edit_looks_active_until_it_fails(client: Client) -> None:
    account_id = client.linked()["id"]
    client.emulator.switch(hub_test="async", hub_async_delay_ms=60_000)
    assert client.edit(account_id, apiKey="wrong").status_code == 200
    assert client.emulator.account(account_id)["status"] == "active"
    client.emulator.switch(hub_async_delay_ms=1)
    assert client.edit(account_id, apiKey="wrong too").status_code == 200
    failed = wait_for_status(client, account_id, "error")
    assert failed["credentials"] == {"apiKey": "wrong"}


def test_an_edit_may_answer_nothing(client: Client) -> None:
    account_id = client.linked()["id"]
    assert client.edit(account_id, domain="acme").json()["id"] == account_id
    client.emulator.switch(hub_patch_body="empty")
    assert client.edit(account_id, domain="acme").content == b""


def test_an_edit_that_changes_nothing_moves_nothing(client: Client) -> None:
    account = client.linked()
    assert client.edit(account["id"], domain="acme", apiKey=client.key()).status_code == 200
    assert client.emulator.account(account["id"])["updated_at"] == account["updated_at"]


def test_a_disabled_profile_links_nothing_and_editing_stays_inactive(client: Client) -> None:
    account_id, session = client.linked()["id"], client.session()
    client.emulator.profiles([{**one, "active": False} for one in client.emulator.profiles()])
    assert client.link(session).status_code == 400
    assert client.edit(account_id, apiKey=client.key()).status_code == 200
    assert client.emulator.account(account_id)["status"] == "inactive"
