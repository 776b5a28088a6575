# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated Hub: identity, tokens, and the connector's form (facts 12 to 14)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.emulator_client import Client


def test_the_triple_decides_which_account_a_session_edits(client: Client) -> None:
    account_id = client.linked()["id"]

    def existing(**session: Any) -> str | None:
        answer = client.hub("GET", "/settings", client.session(**session)["token"])
        return answer.json().get("existing_account_id")

    assert existing() == account_id
    assert existing(origin_owner_name="Renamed") is None
    assert existing(multiple=True) is None
    assert existing(origin_owner_name="Renamed", account_id=account_id) == account_id
    client.emulator.switch(settings_existing_account=False)
    assert existing() is None


def test_linking_a_known_triple_updates_or_duplicates(client: Client) -> None:
    first = client.link().json()["id"]
    assert client.link().json()["id"] == first
    client.emulator.switch(hub_existing_triple="duplicate")
    assert client.link().json()["id"] != first
    client.emulator.switch(hub_existing_triple="update")
    assert client.link(client.session(multiple=True)).json()["id"] != first
    assert client.link(client.session(origin_owner_name="Renamed")).json()["id"] != first
    assert len(client.emulator.accounts()) == 4


def test_a_session_sees_only_its_account(client: Client) -> None:
    one, other = client.linked()["id"], client.linked(origin_owner_id="somebody")["id"]
    session = client.session(account_id=one)
    token, body = session["token"], {"integration_id": session["integration_id"], "credentials": {}}
    assert client.hub("GET", f"/accounts/{one}", token).status_code == 200
    assert client.hub("GET", f"/accounts/{other}", token).status_code == 404
    assert client.hub("PATCH", f"/accounts/{other}", token, json=body).status_code == 404
    assert client.hub("GET", f"/accounts/{other}", client.session()["token"]).status_code == 404
    assert client.link(session).status_code == 400


def test_a_session_for_a_missing_account_is_refused(client: Client) -> None:
    body = {"origin_owner_id": "a", "origin_owner_name": "a", "account_id": "none"}
    assert client.stackone("POST", "/connect_sessions", json=body).status_code == 404


@pytest.mark.parametrize("status", [401, 403])
def test_bad_tokens_are_refused_everywhere(client: Client, status: int) -> None:
    client.emulator.switch(hub_token_refused_status=status)
    expired = client.session(expires_in=0.01)["token"]
    time.sleep(0.02)
    for token in ("", "unknown", expired):
        for method, path in (("GET", "/settings"), ("GET", "/connectors"), ("POST", "/accounts")):
            assert client.hub(method, path, token).status_code == status
        refused = client.stackone("POST", "/connect_sessions/authenticate", json={"token": token})
        assert refused.status_code == status


def test_authenticate_shows_the_session_without_its_token(client: Client) -> None:
    session = client.session()
    shown = client.stackone("POST", "/connect_sessions/authenticate", json={"token": session["token"]})
    assert shown.status_code == 201
    del session["token"], session["auth_link_url"]
    assert shown.json() == session


def test_the_hub_may_be_missing(client: Client) -> None:
    token = client.session()["token"]
    client.emulator.switch(hub_api="missing")
    assert {client.hub("GET", path, token).status_code for path in ("/settings", "/connectors")} == {404}


def test_connectors_by_provider_and_profile(client: Client) -> None:
    default, second = client.emulator.profiles()

    def listed(query: str = "", **session: Any) -> list[str]:
        answer = client.hub("GET", f"/connectors{query}", client.session(**session)["token"]).json()
        return [entry["integration_id"] for entry in answer["integrations"] if entry["active"]]

    assert listed("?provider=freshservice") == [default["integration_id"]]
    assert listed(integration_id=second["integration_id"]) == [second["integration_id"]]
    assert listed("?provider=bamboohr") == []
    client.emulator.switch(hub_connectors="all")
    assert listed() == [default["integration_id"], second["integration_id"]]
    client.emulator.profiles([default, {**second, "active": False}])
    assert listed() == [default["integration_id"]]


def config(client: Client) -> dict[str, Any]:
    session = client.session()
    return client.hub("GET", f"/connectors/{session['integration_id']}", session["token"]).json()["config"]


def test_pictures_send_no_browser_elsewhere(client: Client) -> None:
    (profile,) = client.hub("GET", "/connectors", client.session()["token"]).json()["integrations"]
    listed = client.stackone("GET", "/auth_configs").json()["data"]
    pictures = [profile["logo_url"], *(each["logo_url"] for each in listed), config(client)["assets"]["icon"]]
    assert [picture.partition(":")[0] for picture in pictures] == ["data"] * 4


def test_config_forms(client: Client) -> None:
    falcon = config(client)
    assert [field["key"] for field in falcon["configFields"]] == ["domain", "apiKey"]
    assert (falcon["type"], "authentication" in falcon) == ("custom", False)
    client.emulator.switch(connector_config="legacy")
    legacy = config(client)
    session = client.session()
    profile = client.hub("GET", "/connectors", session["token"]).json()["integrations"][0]
    form = legacy["authentication"][profile["authentication_config_key"]][profile["environment"]]
    assert (form["fields"], "configFields" in legacy) == (falcon["configFields"], False)
    client.emulator.switch(connector_config="both")
    assert {"authentication", "configFields"} <= set(config(client))
    client.emulator.switch(connector_config="empty")
    assert config(client)["configFields"] == []
    assert client.hub("GET", "/connectors/none", session["token"]).status_code == 404


def test_other_fields(client: Client) -> None:
    fields = [
        {"key": "note", "label": "Note", "type": "text", "secret": False, "readOnly": True, "required": True},
        {"key": "sub_domain", "label": "Sub domain", "type": "text", "secret": False, "required": True},
        {"key": "token", "label": "Token", "required": True},
        {"key": "region", "type": "select", "secret": False, "options": [{"label": "EU", "value": "eu"}]},
        {"key": "external-trigger-token", "secret": True},
    ]
    client.emulator.switch(connector_fields=fields)
    session = client.session()
    token, profile = session["token"], session["integration_id"]
    assert client.hub("GET", "/connectors", token).json()["external_trigger_token"]
    assert [field["key"] for field in config(client)["configFields"]] == [field["key"] for field in fields]
    good = {"sub_domain": "acme", "token": client.key(), "region": "eu"}
    for bad in ({"region": "us"}, {"token": ""}, {"sub_domain": ""}):
        body = {"integration_id": profile, "credentials": {**good, **bad}}
        refused = client.hub("POST", "/accounts", token, json=body)
        assert (refused.status_code, next(iter(bad)) in refused.json()["errors"][0]) == (400, True)
    body = {"integration_id": profile, "credentials": good}
    made = client.hub("POST", "/accounts", token, json=body).json()["id"]
    stored = client.emulator.account(made)
    assert stored["setup_information"] == {"sub_domain": "acme", "region": "eu"}
    assert stored["credentials"] == {"token": client.key()}


@pytest.mark.parametrize(
    ("field", "good"),
    [
        ({}, "acme"),
        ({"placeholder": "mycompany.freshservice.com"}, "acme.freshservice.com"),
        ({"validation": {"type": "domain", "pattern": "freshservice"}}, "acme.freshservice.com"),
        (
            {"validation": {"type": "html-pattern", "pattern": r"^https://[a-z-]+\.freshservice\.com$"}},
            "https://acme.freshservice.com",
        ),
    ],
    ids=["label", "placeholder", "domain", "url"],
)
def test_the_domain_is_typed_as_the_field_wants_it(client: Client, field: dict[str, Any], good: str) -> None:
    domain, key = client.emulator.switch()["connector_fields"]
    client.emulator.switch(connector_fields=[{**domain, **field}, key])
    typed = ["acme", "acme.freshservice.com", "https://acme.freshservice.com"]
    statuses = {value: client.link(domain=value).status_code for value in typed}
    assert statuses[good] == 201
    if good == "acme":
        assert [statuses[value] for value in typed] == [201, 400, 400]
    else:
        assert statuses["acme"] == 400


def test_the_widgets_version_may_be_demanded(client: Client) -> None:
    client.emulator.switch(require_hub_version=True)
    token = client.session()["token"]
    assert client.hub("GET", "/settings", token).status_code == 400
    assert client.hub("GET", "/settings", token, headers={"x-hub-version": "1.11.4"}).status_code == 200


def test_the_listed_profiles_may_say_which_is_the_default(client: Client) -> None:
    client.emulator.switch(hub_connectors="all")
    token = client.session()["token"]
    assert all("default" not in entry for entry in client.hub("GET", "/connectors", token).json()["integrations"])
    client.emulator.switch(hub_connectors_default=True)
    listed = client.hub("GET", "/connectors", token).json()["integrations"]
    assert [entry["default"] for entry in listed] == [True, False]


def test_a_browser_may_call_the_hub(client: Client) -> None:
    root = client.emulator.stackone_url
    origin = {"Origin": "https://app.example"}
    preflight = client.http.options(f"{root}/hub/accounts/x", headers=origin, timeout=10)
    assert preflight.status_code == 204
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    for name in ("content-type", "x-hub-session-token", "x-hub-version"):
        assert name in preflight.headers["Access-Control-Allow-Headers"]
    for token, status in ((client.session()["token"], 200), ("wrong", 401)):
        answer = client.hub("GET", "/settings", token)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")
    client.emulator.fault(service="hub", status=500)
    assert client.hub("GET", "/settings", "x").headers["Access-Control-Allow-Origin"] == "*"


def test_oauth_is_not_for_freshservice(client: Client) -> None:
    assert client.hub("POST", "/connection_attempts", client.session()["token"]).status_code == 501
