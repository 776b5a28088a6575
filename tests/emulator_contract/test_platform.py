# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's platform on the wire, by the facts (S.., N..) that the names of the tests begin with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.emulator_contract.schemas import (
    ACCOUNT,
    AUTH_CONFIGS,
    CONNECTOR,
    ERROR,
    EVENT,
    OPENED,
    SESSION,
    check,
    listing,
    record,
)  # fmt: skip
from tests.emulator_contract.wire import Reply, Services, basic, call

ACCOUNTS = listing(ACCOUNT)


def failed(reply: Reply, status: int) -> dict[str, Any]:
    assert reply.status == status, reply.body
    assert check(reply.json(), ERROR)["statusCode"] == status
    return reply.json()


@pytest.mark.parametrize("password", ["", ":"])
def test_s3_the_key_is_the_user_with_or_without_a_colon(services: Services, password: str) -> None:
    reply = services.stackone("GET", "/accounts", services.key + password)
    assert (reply.status, reply.json()) == (200, [])


@pytest.mark.parametrize("credentials", ["wrong:", ":", "v1.eu1.other:x"])
def test_s3_s80_a_wrong_key(services: Services, credentials: str) -> None:
    failed(services.stackone("GET", "/accounts", credentials), 401)


def test_s4_a_scope_that_is_missing(services: Services) -> None:
    reader = services.emulator.key(scopes=["platform:read"]) + ":"
    assert services.stackone("GET", "/accounts", reader).status == 200
    failed(services.stackone("DELETE", "/accounts/x", reader), 403)


def test_s5_without_a_user_agent(services: Services) -> None:
    services.emulator.switch(require_user_agent=True)
    failed(
        call(services.emulator.stackone_url + "/accounts", headers={**basic(services.key + ":"), "User-Agent": ""}), 403
    )


def test_s20_s22_s30_accounts_are_a_bare_array(services: Services) -> None:
    services.linked()
    reply = services.stackone("GET", "/accounts")
    assert reply.status == 200
    (account,) = check(reply.json(), ACCOUNTS)
    assert (account["provider"], account["setup_information"]) == ("freshservice", {"domain": "acme"})
    assert account["credentials"] is None


@pytest.mark.parametrize(
    ("query", "owners"),
    [
        ("origin_owner_id=o-1", ["o-1"]),
        ("origin_owner_ids=o-1&origin_owner_ids=o-3", ["o-1", "o-3"]),
        ("provider=freshservice&page_size=2&page=2", ["o-3"]),
        ("providers=freshservice&providers=other&page_size=100", ["o-1", "o-2", "o-3"]),
        ("provider=other", []),
        ("status=error&status=expired", []),
        ("status=active&page=9", []),
    ],
)
def test_s20_s21_filters_and_pages(services: Services, query: str, owners: list[str]) -> None:
    for owner in ("o-1", "o-2", "o-3"):
        services.emulator.add_account(origin_owner_id=owner, domain="acme", api_key="k")
    reply = services.stackone("GET", f"/accounts?{query}")
    assert sorted(account["origin_owner_id"] for account in check(reply.json(), ACCOUNTS)) == owners


def test_s20_pages_of_25_unless_asked_for_another_size(services: Services) -> None:
    for number in range(30):
        services.emulator.add_account(origin_owner_id=f"o-{number}", domain="acme", api_key="k")
    pages = [services.stackone("GET", f"/accounts?page={number}").json() for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [25, 5, 0]
    assert len({account["id"] for page in pages for account in page}) == 30


@pytest.mark.parametrize("query", ["page_size=0", "page_size=x", "page=x"])
def test_s80_a_validation_error_lists_its_problems(services: Services, query: str) -> None:
    assert failed(services.stackone("GET", f"/accounts?{query}"), 400)["errors"]


@pytest.mark.parametrize(("shape", "keys"), [("data", {"data"}), ("data_next", {"data", "next", "total"})])
def test_s22_the_other_shapes_of_a_listing(services: Services, shape: str, keys: set[str]) -> None:
    services.linked()
    services.emulator.switch(accounts_shape=shape)
    body = services.stackone("GET", "/accounts").json()
    assert set(body) == keys
    check(body["data"], ACCOUNTS)


@pytest.mark.parametrize("prefix", ["", "/v2"])
def test_s40_one_account_and_none(services: Services, prefix: str) -> None:
    account = services.linked()
    assert check(services.stackone("GET", f"{prefix}/accounts/{account['id']}").json(), ACCOUNT) == account
    failed(services.stackone("GET", f"{prefix}/accounts/none"), 404)


def test_s41_s42_a_label_a_type_and_an_owner_can_be_changed(services: Services) -> None:
    account = services.linked()
    changes = {"label": "Desk", "type": "test", "origin_owner_name": "Other", "shared": True, "metadata": {"a": "b"}}
    reply = services.stackone("PATCH", f"/accounts/{account['id']}", body=changes)
    assert reply.status == 200
    changed = check(reply.json(), ACCOUNT)
    del changes["metadata"]
    assert {name: changed[name] for name in changes} == changes
    assert changed["updated_at"] > account["updated_at"]


def test_s41_nested_objects_change_nothing(services: Services) -> None:
    account = services.linked()
    body = {"credentials": {"apiKey": "other"}, "setup_information": {"domain": "other"}}
    assert services.stackone("PATCH", f"/accounts/{account['id']}", body=body).json() == account


def test_s43_a_status_cannot_be_set(services: Services) -> None:
    account = services.linked()
    reply = services.stackone("PATCH", f"/accounts/{account['id']}", body={"status": "suspended"})
    assert (reply.status, reply.json()["status"]) == (200, "active")


@pytest.mark.parametrize("body", [b"{", b"[]", {"label": "x", "type": "other"}, {"origin_owner_id": 5}])
def test_s41_s80_a_change_that_is_not_understood(services: Services, body: Any) -> None:
    account = services.linked()
    failed(services.stackone("PATCH", f"/accounts/{account['id']}", body=body), 400)


def test_s44_a_deletion_answers_with_the_account(services: Services) -> None:
    account = services.linked()
    reply = services.stackone("DELETE", f"/accounts/{account['id']}")
    assert (reply.status, check(reply.json(), ACCOUNT)) == (200, account)
    failed(services.stackone("DELETE", f"/accounts/{account['id']}"), 404)


def test_s45_meta(services: Services) -> None:
    account = services.linked()
    reply = services.stackone("GET", f"/accounts/{account['id']}/meta")
    check(reply.json(), record({"provider": {"const": "freshservice"}, "category": {}, "models": {"type": "object"}}))


@pytest.mark.parametrize("body", [{}, {"origin_owner_id": "o"}, {"origin_owner_id": 1, "origin_owner_name": "n"}])
def test_s50_a_session_needs_an_owner(services: Services, body: dict[str, Any]) -> None:
    assert failed(services.stackone("POST", "/connect_sessions", body=body), 400)["errors"]


def test_s50_s53_s55_a_session(services: Services) -> None:
    asked = {"label": "Desk", "type": "test", "metadata": {"a": "b"}, "expires_in": 300, "origin_username": "u"}
    session = check(services.session(**asked), OPENED)
    del asked["expires_in"]
    assert {name: session[name] for name in asked} == asked
    assert session["auth_link_url"].endswith("/embedded/integrations?token=" + session["token"])


def test_s54_a_token_can_be_checked(services: Services) -> None:
    session = services.session()
    reply = services.stackone("POST", "/connect_sessions/authenticate", body={"token": session["token"]})
    assert reply.status == 201
    assert check(reply.json(), SESSION) == {
        name: value for name, value in session.items() if name not in ("token", "auth_link_url")
    }
    failed(services.stackone("POST", "/connect_sessions/authenticate", body={"token": "none"}), 401)


def test_s52_s50c_the_default_profile_or_the_named_one(services: Services) -> None:
    default, other = services.emulator.profiles()
    assert services.session()["integration_id"] == default["integration_id"]
    for name in ("integration_id", "connector_profile_id"):
        assert services.session(**{name: other["integration_id"]})["integration_id"] == other["integration_id"]


def test_s51_the_triple_decides_and_a_name_is_part_of_it(services: Services) -> None:
    account = services.linked()
    assert services.linked()["id"] == account["id"]
    assert services.linked(origin_owner_name="Renamed")["id"] != account["id"]
    assert services.linked(multiple=True)["id"] != account["id"]
    assert len(services.stackone("GET", "/accounts").json()) == 3


def test_s57_a_provider_that_is_not_enabled(services: Services) -> None:
    body = {"origin_owner_id": "o", "origin_owner_name": "n", "provider": "other"}
    failed(services.stackone("POST", "/connect_sessions", body=body), 400)


def test_s60_profiles(services: Services) -> None:
    reply = services.stackone("GET", "/auth_configs?connector_key=freshservice&enabled=true&page_size=1")
    body = check(reply.json(), AUTH_CONFIGS)
    assert (body["page"], body["page_size"], body["total"], len(body["data"])) == (1, 1, 2, 1)


def test_s61_s73_accounts_follow_their_profile(services: Services) -> None:
    account = services.linked()
    profiles = services.emulator.profiles()
    services.emulator.profiles([{**profile, "active": False} for profile in profiles])
    assert services.stackone("GET", f"/accounts/{account['id']}").json()["status"] == "inactive"
    error = failed(proxied(services, account["id"]), 412)
    assert error["errorCode"] == "AccountIntegrationInactiveError"
    services.emulator.profiles(profiles)
    assert services.stackone("GET", f"/accounts/{account['id']}").json()["status"] == "active"


def test_s62_connectors(services: Services) -> None:
    check(services.stackone("GET", "/connectors/meta").json(), listing(CONNECTOR))
    check(services.stackone("GET", "/connectors/meta/freshservice").json(), CONNECTOR)
    failed(services.stackone("GET", "/connectors/meta/other"), 404)


def test_s63_s64_n3_actions_page_by_page(services: Services) -> None:
    keys: list[str] = []
    following: str | None = ""
    while following is not None:
        more = f"&next={following}" if following else ""
        body = services.stackone("GET", f"/actions?filter%5Bconnectors%5D=freshservice&page_size=4{more}").json()
        keys += [action["key"] for action in body["data"]]
        following = body["next"]
    assert "freshservice_get_current_agent" in keys
    assert len(keys) == len(set(keys)) > 4


def test_s70_s71_a_call_through_an_account(services: Services) -> None:
    account = services.linked()
    envelope = proxied(services, account["id"]).json()
    assert envelope["status"] == 200
    assert envelope["data"]["agent"]["email"] == "agent2@acme.example"
    services.emulator.set_tenant("acme", api_key_enabled=False)
    refused = proxied(services, account["id"])
    assert (refused.status, refused.json()["status"]) == (200, 401)
    assert refused.json()["provider_errors"][0]["status"] == 401
    failed(services.stackone("POST", "/unified/proxy", body={"path": "/agents/me"}), 400)


def test_s72_an_action(services: Services) -> None:
    account = services.linked()
    body = {"action": "freshservice_get_current_agent"}
    reply = services.stackone("POST", "/actions/rpc", body=body, headers={"x-account-id": account["id"]})
    assert reply.json()["data"]["agent"]["email"] == "agent2@acme.example"


def test_s75_an_account_that_is_not_shared(services: Services) -> None:
    account = services.linked(shared=False, origin_username="u")
    failed(proxied(services, account["id"]), 403)
    assert proxied(services, account["id"], {"x-end-user-id": "u"}).status == 200


def test_s82_over_the_quota(services: Services) -> None:
    small = services.emulator.stackone_small_quota_api_key + ":"
    replies = [services.stackone("GET", "/accounts", small) for _count in range(21)]
    assert [reply.status for reply in replies] == [200] * 20 + [429]
    failed(replies[-1], 429)
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 60


def test_s90_s91_webhooks_are_signed(services: Services) -> None:
    received: list[tuple[str, bytes]] = []
    arrived = threading.Event()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.headers["x-stackone-signature"], body))
            self.send_response(200)
            self.end_headers()
            arrived.set()

        def log_message(self, *_given: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        services.emulator.send_webhooks(f"http://127.0.0.1:{server.server_port}/", "the secret")
        account = services.linked()
        assert arrived.wait(10)
        server.shutdown()
    signature, body = received[0]
    digest = hmac.new(b"the secret", body, hashlib.sha256).digest()
    assert signature.rstrip("=") == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    event = check(json.loads(body), EVENT)
    assert (event["event"], event["account_id"]) == ("account.created", account["id"])


def proxied(services: Services, account_id: str, headers: dict[str, str] | None = None) -> Reply:
    sent = {"x-account-id": account_id, **(headers or {})}
    return services.stackone("POST", "/unified/proxy", body={"method": "get", "path": "/agents/me"}, headers=sent)
