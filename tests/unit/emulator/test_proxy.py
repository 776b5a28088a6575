# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behaviour 19: calls through StackOne to Freshservice."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.support.emulator_client import Client


def proxied(
    client: Client, account_id: str | None, headers: dict[str, str] | None = None, **body: Any
) -> requests.Response:
    headers = {**({"x-account-id": account_id} if account_id else {}), **(headers or {})}
    body = {"method": "get", "path": "/agents/me", **body}
    return client.stackone("POST", "/unified/proxy", headers=headers, json=body)


def test_the_call_passes_through_and_counts(client: Client) -> None:
    account_id = client.linked()["id"]
    client.emulator.set_tenant("acme", rate_limit=1)
    envelope = proxied(client, account_id).json()
    assert (envelope["status"], envelope["data"]["agent"]["email"]) == (
        200,
        client.emulator.tenant("acme")["agent"]["email"],
    )
    limited = proxied(client, account_id)
    assert (limited.status_code, limited.json()["status"]) == (200, 429)
    (first, _second) = client.emulator.requests(service="freshservice")
    assert (first["caller"], first["path"]) == ("stackone", "/api/v2/agents/me")


def test_the_path_may_need_the_prefix(client: Client) -> None:
    account_id = client.linked()["id"]
    assert proxied(client, account_id, path="/api/v2/agents/me").json()["status"] == 404
    client.emulator.switch(proxy_path_prefix="api_v2")
    assert proxied(client, account_id, path="/api/v2/agents/me").json()["status"] == 200
    assert proxied(client, account_id).json()["status"] == 404


def listed(client: Client, **params: Any) -> Any:
    return client.stackone("GET", "/actions", params={"filter[connectors]": "freshservice", **params})


def test_the_actions_of_the_connector(client: Client) -> None:
    keys, cursor = [], None
    while cursor or not keys:
        page = listed(client, page_size=4, **({"next": cursor} if cursor else {})).json()
        keys += [entry["key"] for entry in page["data"]]
        cursor = page["next"]
    assert (len(keys), "freshservice_get_current_agent" in keys) == (6, True)
    assert listed(client, **{"filter[connectors]": "another"}).json()["data"] == []
    client.emulator.switch(connector_actions="without_current_agent", actions_shape="by_connector")
    (connector,) = listed(client).json()["data"]
    assert (connector["key"], len(connector["actions"])) == ("freshservice", 5)
    client.emulator.switch(connector_actions="missing")
    assert listed(client).status_code == 404


@pytest.mark.parametrize("shape", ["body", "record", "record_with_text_id", "unknown"])
def test_what_an_action_makes_of_the_agent(client: Client, shape: str) -> None:
    client.emulator.switch(action_data=shape)
    headers = {"x-account-id": client.linked()["id"]}
    body = {"action": "freshservice_get_current_agent"}
    data = client.stackone("POST", "/actions/rpc", headers=headers, json=body).json()["data"]
    agent = client.emulator.tenant("acme")["agent"]["id"]
    found = data.get("agent", data).get("id")
    assert found == {"record_with_text_id": str(agent), "unknown": None}.get(shape, agent)


def test_refused_credentials_in_both_styles(client: Client) -> None:
    account_id = client.linked(api_key="wrong")["id"]
    envelope = proxied(client, account_id)
    assert (envelope.status_code, envelope.json()["status"]) == (200, 401)
    assert envelope.json()["provider_errors"][0]["status"] == 401
    client.emulator.switch(proxy_error_style="http")
    refused = proxied(client, account_id)
    assert (refused.status_code, refused.json()["errorCode"]) == (401, "AccountInvalidCredentialsError")
    client.emulator.change_account(account_id, domain="umbrella", api_key=client.key("umbrella"))
    assert proxied(client, account_id).status_code == 403


@pytest.mark.parametrize("form", ["both", "provider_errors", "provider_response", "data"])
@pytest.mark.parametrize("status", [400, 422, 500, 502, 503])
def test_a_refusal_under_another_status(client: Client, status: int, form: str) -> None:
    account_id = client.linked(api_key="wrong")["id"]
    client.emulator.switch(proxy_error_style="http", proxy_refused_status=status, refusal_form=form)
    refused = proxied(client, account_id)
    assert (refused.status_code, "errorCode" in refused.json()) == (status, False)
    assert "invalid_credentials" in refused.text
    client.emulator.change_account(account_id, api_key=client.key())
    assert proxied(client, account_id, path="/nothing").status_code == 404


def test_what_is_needed_to_pass(client: Client) -> None:
    account_id = client.linked()["id"]
    assert proxied(client, None).status_code == 400
    assert proxied(client, "none").status_code == 404
    assert proxied(client, account_id, method="GET").status_code == 400
    assert proxied(client, account_id, path="").status_code == 400
    client.emulator.switch(unknown_tenant="refused")
    client.emulator.change_account(account_id, domain="nobody")
    assert proxied(client, account_id).status_code == 502


@pytest.mark.parametrize("status", ["suspended", "inactive", "error"])
def test_only_active_accounts_pass(client: Client, status: str) -> None:
    refused = proxied(client, client.linked(status=status)["id"])
    assert (refused.status_code, refused.json()["errorCode"]) == (412, "AccountIntegrationInactiveError")


def test_an_account_that_is_not_shared_needs_its_end_user(client: Client) -> None:
    account_id = client.linked(shared=False, origin_username="user-1")["id"]
    assert proxied(client, account_id).status_code == 403
    assert proxied(client, account_id, {"x-end-user-id": "user-1"}).status_code == 200


def test_actions(client: Client) -> None:
    account_id = client.linked()["id"]

    def run(**body: Any) -> requests.Response:
        return client.stackone("POST", "/actions/rpc", headers={"x-account-id": account_id}, json=body)

    client.emulator.set_tenant("acme", role="IT Agent")
    agent = run(action="freshservice_get_current_agent").json()["data"]["agent"]
    assert run(action="freshservice_get_agent", path={"id": agent["id"]}).status_code == 403
    client.emulator.change_account(account_id, api_key=client.admin_key())
    assert run(action="freshservice_get_agent", path={"id": agent["id"]}).json()["data"]["agent"] == agent
    listed = run(action="freshservice_list_agents", query={"email": agent["email"]}).json()["data"]["agents"]
    assert listed == [agent]
    assert run(action="freshservice_get_agent").status_code == 400
    assert run(action="freshservice_fly").status_code == 404
    limited = client.emulator.key(scopes=["unified"])
    assert client.stackone("POST", "/actions/rpc", key=limited, json={}).status_code == 403
