# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's own TypeScript client against the emulator (A3, A4): it refuses answers that differ from its schemas."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.emulator_contract import sdk
from tests.emulator_contract.wire import Services

REQUIRED = "TENANTLINK_REQUIRE_BROWSER"
"""Set where Node.js must be there, as for the tests with StackOne's widget."""
SESSION = {"originOwnerId": "o-1", "originOwnerName": "Owner", "provider": "freshservice"}

Call = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def client() -> Iterator[sdk.TypeScriptClient]:
    try:
        sdk.installed()
    except sdk.Unavailable as why:
        if os.environ.get(REQUIRED):
            pytest.fail(f"{why}, and {REQUIRED} is set")
        pytest.skip(f"{why}; set {REQUIRED} to make this a failure")
    with sdk.TypeScriptClient() as started:
        yield started


@pytest.fixture
def value(client: sdk.TypeScriptClient, services: Services) -> Call:
    """Make a call that must succeed; returns what the client made of the answer."""

    def call(path: str, request: Any) -> dict[str, Any]:
        result = client.call(services.emulator, path, request)
        assert "error" not in result, result
        return result["value"]

    return call


@pytest.fixture
def error(client: sdk.TypeScriptClient, services: Services) -> Call:
    """Make a call that must be refused; returns the client's error."""

    def call(path: str, request: Any, key: str | None = None) -> dict[str, Any]:
        return client.call(services.emulator, path, request, key)["error"]

    return call


def test_list_accounts(services: Services, value: Call) -> None:
    first, second = services.linked("o-1"), services.linked("o-2")
    for request, expected in (
        ({}, [first, second]),
        ({"providers": ["freshservice", "x"], "originOwnerIds": ["o-1", "o-3"]}, [first]),
        ({"page": 2, "pageSize": 1, "status": ["active"]}, [second]),
        ({"accountIds": ["none"]}, []),
    ):
        listed = value("accounts.listLinkedAccounts", request)["classes"]
        assert [account["id"] for account in listed] == [account["id"] for account in expected]


def test_get_an_account(services: Services, value: Call) -> None:
    account = services.linked()
    read = value("accounts.getAccount", {"id": account["id"]})["linkedAccount"]
    assert (read["status"], read["originOwnerId"], read["provider"]) == ("active", "o-1", "freshservice")
    assert read["createdAt"] == account["created_at"]
    meta = value("accounts.getAccountMetaInfo", {"id": account["id"]})
    assert meta["linkedAccountMeta"]["provider"] == "freshservice"


def test_an_account_in_error_has_its_reasons(services: Services, value: Call) -> None:
    account = services.linked()
    reasons = [{"code": "invalid_credentials", "description": "refused", "timestamp": "2026-01-01T00:00:00.000Z"}]
    services.emulator.change_account(account["id"], status="error", status_reasons=reasons)
    read = value("accounts.getAccount", {"id": account["id"]})["linkedAccount"]
    assert (read["status"], read["statusReasons"]) == ("error", reasons)


def test_change_an_account(services: Services, value: Call) -> None:
    account = services.linked()
    change = {"originOwnerName": "Other", "type": "test"}
    changed = value("accounts.updateAccount", {"id": account["id"], "patchAccountExternalDto": change})
    assert {name: changed["linkedAccount"][name] for name in change} == change


def test_a4_a_change_sends_the_type_unless_told_otherwise(services: Services, value: Call) -> None:
    account = services.linked(type="test")
    value("accounts.updateAccount", {"id": account["id"], "patchAccountExternalDto": {"originOwnerName": "Other"}})
    assert services.emulator.account(account["id"])["type"] == "production"


def test_delete_an_account(services: Services, value: Call) -> None:
    account = services.linked()
    deleted = value("accounts.deleteAccount", {"id": account["id"]})
    assert (deleted["statusCode"], deleted["linkedAccount"]["id"]) == (200, account["id"])
    assert services.emulator.accounts() == []


def test_a_session_whose_token_works_in_the_hub(services: Services, value: Call) -> None:
    made = value("connectSessions.createConnectSession", {**SESSION, "expiresIn": 300, "label": "x"})
    session = made["connectSessionTokenAuthLink"]
    assert made["statusCode"] == 201
    assert session["authLinkUrl"].endswith(session["token"])
    checked = value("connectSessions.authenticateConnectSession", {"token": session["token"]})
    assert checked["connectSession"]["originOwnerId"] == "o-1"
    assert services.hub("GET", "/settings", session["token"]).status == 200


def test_connectors(value: Call) -> None:
    (listed,) = value("connectors.listConnectorsMeta", {})["classes"]
    one = value("connectors.getConnectorMeta", {"provider": "freshservice"})["connectorsMeta"]
    assert listed["provider"] == one["provider"] == "freshservice"


def test_a_call_through_an_account(services: Services, value: Call) -> None:
    account = services.linked()
    request = {"xAccountId": account["id"], "proxyRequestBody": {"method": "get", "path": "/agents/me"}}
    assert value("proxy.proxyRequest", request)["statusCode"] == 200


@pytest.mark.parametrize(
    ("path", "request_", "status"),
    [
        ("accounts.getAccount", {"id": "none"}, 404),
        ("accounts.deleteAccount", {"id": "none"}, 404),
        ("connectSessions.createConnectSession", {**SESSION, "provider": "other"}, 400),
        ("connectSessions.authenticateConnectSession", {"token": "none"}, 401),
        ("connectors.getConnectorMeta", {"provider": "other"}, 404),
    ],
)
def test_a3_refusals_are_errors_that_it_knows(error: Call, path: str, request_: Any, status: int) -> None:
    refused = error(path, request_)
    assert refused["statusCode"] == status
    assert refused["name"].endswith("Response"), refused


def test_a_wrong_key_and_a_missing_scope(services: Services, error: Call) -> None:
    for key, status in (("wrong", 401), (services.emulator.key(scopes=["actions"]), 403)):
        assert error("accounts.listLinkedAccounts", {}, key=key)["statusCode"] == status


def test_s83_it_waits_out_a_429(services: Services, value: Call) -> None:
    services.emulator.fault(service="stackone", status=429, retry_after="1", call=1)
    assert value("accounts.listLinkedAccounts", {})["classes"] == []
    assert [row["status"] for row in services.emulator.requests(path="/accounts")] == [429, 200]


def test_a3_it_reads_a_bare_array_and_refuses_another_shape(services: Services, error: Call) -> None:
    services.emulator.switch(accounts_shape="data")
    assert error("accounts.listLinkedAccounts", {})["name"] == "ResponseValidationError"
