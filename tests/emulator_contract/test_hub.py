# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Hub on the wire, by the facts (H.., A..) that the names of the tests begin with."""

from __future__ import annotations

import json

import pytest

from tests.emulator_contract.schemas import EDIT_VIEW, ERROR, FALCON, FIELD, INTEGRATION, check, listing, record
from tests.emulator_contract.wire import Services, call


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/settings"), ("GET", "/connectors"), ("GET", "/connectors/x"), ("GET", "/accounts/x"),
        ("POST", "/accounts"), ("PATCH", "/accounts/x"),
    ],
)  # fmt: skip
def test_h1_h12_every_call_needs_a_token_that_works(services: Services, method: str, path: str) -> None:
    for headers in ({}, {"x-hub-session-token": "none"}, {"Authorization": "Basic x"}):
        reply = call(
            services.emulator.stackone_url + "/hub" + path, method, headers, body={} if method != "GET" else None
        )
        assert reply.status == 401
        check(reply.json(), ERROR)


def test_h2_settings_name_the_account_to_edit(services: Services) -> None:
    session = services.session()
    settings = services.hub("GET", "/settings", session["token"]).json()
    assert settings == {"enabled_features": ["hub_link_account_release"]}
    account = services.linked()
    assert services.hub("GET", "/settings", session["token"]).json()["existing_account_id"] == account["id"]


@pytest.mark.parametrize("query", ["", "?provider=freshservice"])
def test_h3_connectors(services: Services, query: str) -> None:
    session = services.session()
    body = services.hub("GET", f"/connectors{query}", session["token"]).json()
    (one,) = check(body, record({"integrations": listing(INTEGRATION)}))["integrations"]
    assert (one["provider"], one["active"], one["integration_id"]) == ("freshservice", True, session["integration_id"])


def test_h4_h5_h6_h8_h21_the_form(services: Services) -> None:
    session = services.session()
    body = services.hub("GET", f"/connectors/{session['integration_id']}", session["token"]).json()
    check(body["hub_settings"], record({"configured_webhook_events": {"type": "array"}, "project_settings": {}}))
    fields = check(body["config"], FALCON)["configFields"]
    assert [(field["key"], field["secret"]) for field in fields] == [("domain", False), ("apiKey", True)]
    assert services.hub("GET", "/connectors/none", session["token"]).status == 404


def test_h5_the_old_form(services: Services) -> None:
    services.emulator.switch(connector_config="legacy")
    session = services.session()
    (profile,) = services.hub("GET", "/connectors", session["token"]).json()["integrations"]
    config = services.hub("GET", f"/connectors/{session['integration_id']}", session["token"]).json()["config"]
    assert "configFields" not in config
    chosen = config["authentication"][profile["authentication_config_key"]][profile["environment"]]
    check(chosen, record({"fields": listing(FIELD), "type": {}}))


def test_h9_h16_an_account_is_made_of_what_was_entered(services: Services) -> None:
    session = services.session()
    body = {"integration_id": session["integration_id"], "credentials": services.values()}
    reply = services.hub("POST", "/accounts", session["token"], body)
    assert reply.status == 201
    assert set(check(reply.json(), record({"id": {"type": "string"}, "provider": {"const": "freshservice"}}))) == {
        *("id", "provider")
    }
    tested = services.emulator.requests(caller="stackone")
    assert [(row["domain"], row["path"], row["status"]) for row in tested] == [("acme", "/api/v2/agents", 200)]


def test_h10_h11_an_edit_keeps_the_secret_that_it_omits(services: Services) -> None:
    account = services.linked()
    session = services.session(account_id=account["id"])
    view = check(services.hub("GET", f"/accounts/{account['id']}", session["token"]).json(), EDIT_VIEW)
    assert view["setupInformation"] == {"domain": "acme"}
    assert view["secrets"]["apiKey"].endswith(services.agent_key()[-4:])
    body = {"integration_id": view["integrationId"], "credentials": {"domain": "acme"}}
    assert services.hub("PATCH", f"/accounts/{account['id']}", session["token"], body).status == 200
    assert services.emulator.account(account["id"])["credentials"] == {"apiKey": services.agent_key()}


@pytest.mark.parametrize("status", [400, 422, 502])
def test_h13_h17_s80_a_refused_key_brings_the_providers_answer(services: Services, status: int) -> None:
    services.emulator.switch(hub_refused_status=status)
    session = services.session()
    body = {"integration_id": session["integration_id"], "credentials": services.values(key="wrong")}
    reply = services.hub("POST", "/accounts", session["token"], body)
    assert reply.status == status
    error = check(reply.json(), ERROR)
    assert error["provider_errors"][0]["status"] == 401
    assert json.loads(error["provider_response"])["code"] == "invalid_credentials"
    assert services.stackone("GET", "/accounts").json() == []


def test_h13_a_message_may_be_json_itself(services: Services) -> None:
    services.emulator.switch(hub_refused_message="nested")
    session = services.session()
    body = {"integration_id": session["integration_id"], "credentials": services.values(key="wrong")}
    error = services.hub("POST", "/accounts", session["token"], body).json()
    assert {"message", "provider_response"} <= json.loads(error["message"]).keys()


def test_h17_a_busy_tenant_is_passed_on_as_such(services: Services) -> None:
    services.emulator.set_tenant("acme", rate_limit=0)
    session = services.session()
    body = {"integration_id": session["integration_id"], "credentials": services.values()}
    error = services.hub("POST", "/accounts", session["token"], body).json()
    assert error["provider_errors"][0]["status"] == 429
    assert "Retry-After" in error["provider_errors"][0]["headers"]


def test_h18_a_refused_edit_leaves_the_old_values(services: Services) -> None:
    account = services.linked()
    session = services.session(account_id=account["id"])
    body = {"integration_id": session["integration_id"], "credentials": services.values(key="wrong")}
    assert services.hub("PATCH", f"/accounts/{account['id']}", session["token"], body).status == 400
    assert services.stackone("GET", f"/accounts/{account['id']}").json() == account


def test_a1_other_origins_may_ask_and_read_errors_too(services: Services) -> None:
    for reply in (
        services.hub("OPTIONS", "/accounts", ""),
        services.hub("GET", "/settings", "none"),
        services.hub("GET", "/settings", services.session()["token"]),
    ):
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
    preflight = services.hub("OPTIONS", "/accounts", "")
    assert preflight.status == 204
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower()
    assert {"content-type", "x-hub-session-token", "x-hub-version"} <= {name.strip() for name in allowed.split(",")}
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]


def test_h1_the_version_can_be_demanded(services: Services) -> None:
    session = services.session()
    services.emulator.switch(require_hub_version=True)
    without = call(services.emulator.stackone_url + "/hub/settings", headers={"x-hub-session-token": session["token"]})
    assert without.status == 400
    assert services.hub("GET", "/settings", session["token"]).status == 200
