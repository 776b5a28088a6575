# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behaviours 9 to 11, 17, 18 and the quota of 20: the StackOne platform."""

from __future__ import annotations

import base64
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.support.emulator_client import OWNER, Client


def ids(answer: Any) -> list[str]:
    return [account["id"] for account in answer.json()]


# 9: keys, scopes, User-Agent


@pytest.mark.parametrize("form", ["{}:", "{}", "{}:ignored"])
def test_the_key_is_taken_with_and_without_a_colon(client: Client, form: str) -> None:
    text = form.format(client.emulator.stackone_api_key)
    headers = {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}
    answer = client.stackone("GET", "/accounts", auth=lambda request: request, headers=headers)
    assert answer.status_code == 200


def test_a_bad_key_is_401_with_the_error_body(client: Client) -> None:
    refused = client.stackone("GET", "/accounts", key="v1.eu1.wrong")
    assert refused.status_code == refused.json()["statusCode"] == 401
    assert datetime.fromisoformat(refused.json()["timestamp"].replace("Z", "+00:00")).tzinfo is not None
    assert isinstance(refused.json()["message"], str)


def test_a_missing_scope_is_403(client: Client) -> None:
    reader = client.emulator.key(scopes=["platform:read"])
    assert client.stackone("GET", "/accounts", key=reader).status_code == 200
    refused = client.stackone("POST", "/connect_sessions", key=reader, json=OWNER)
    assert (refused.status_code, "platform:write" in refused.text) == (403, True)


def test_only_the_credentials_scope_shows_secrets(client: Client) -> None:
    account = client.linked()
    curious = client.emulator.key(scopes=["platform:read", "credentials"])
    assert client.stackone("GET", f"/accounts/{account['id']}").json()["credentials"] is None
    shown = client.stackone("GET", f"/accounts/{account['id']}", key=curious).json()["credentials"]
    assert shown == {"apiKey": client.key()}


def test_a_user_agent_may_be_required(client: Client) -> None:
    client.emulator.switch(require_user_agent=True)
    assert client.stackone("GET", "/accounts").status_code == 200
    assert client.stackone("GET", "/accounts", headers={"User-Agent": ""}).status_code == 403


# 10: listings


def test_filters(client: Client) -> None:
    one = client.linked(origin_owner_id="a")["id"]
    two = client.linked(origin_owner_id="b", status="error")["id"]
    other = client.linked(origin_owner_id="b", provider="bamboohr")["id"]

    def listed(query: str) -> set[str]:
        return set(ids(client.stackone("GET", f"/accounts?{query}")))

    assert listed("") == {one, two, other}
    assert listed("provider=freshservice") == {one, two}
    assert listed("providers=freshservice&providers=bamboohr&origin_owner_id=b") == {two, other}
    assert listed("origin_owner_ids=a&origin_owner_ids=b&provider=FreshService") == {one, two}
    assert listed(f"account_ids={one}&account_ids={other}") == {one, other}
    assert listed("status=error") == {two}
    assert listed("origin_owner_id=nobody") == set()
    assert listed("origin_owner=a") == {one, two, other}
    client.emulator.switch(accounts_filters="ignored")
    assert listed("origin_owner_id=a") == {one, two, other}


@pytest.mark.parametrize("base", [1, 0])
@pytest.mark.parametrize("shuffle", [False, True])
def test_paging_from_either_base_in_any_order(client: Client, base: int, shuffle: bool) -> None:
    client.emulator.switch(accounts_page_base=base, accounts_shuffle=shuffle, accounts_page_cap=20)
    made = [client.linked(origin_owner_id=f"o{serial}")["id"] for serial in range(45)]
    pages = [ids(client.stackone("GET", f"/accounts?page_size=100&page={base + step}")) for step in range(4)]
    assert [len(page) for page in pages] == [20, 20, 5, 0]
    listed = [one for page in pages for one in page]
    assert sorted(listed) == sorted(made)
    assert (listed == made) is not shuffle
    assert ids(client.stackone("GET", "/accounts?page_size=100")) == pages[0]


@pytest.mark.parametrize("shape", ["array", "data"])
def test_pages_may_mean_nothing(client: Client, shape: str) -> None:
    for number in range(30):
        client.emulator.add_account(origin_owner_id=f"o{number}", domain="acme", api_key="k")
    client.emulator.switch(accounts_paging="ignored", accounts_shape=shape)
    for query in ("", "?page=2", "?page_size=5", "?page=9&page_size=1"):
        listed = client.stackone("GET", f"/accounts{query}").json()
        assert len(listed["data"] if shape == "data" else listed) == 30


def test_the_default_page_has_25(client: Client) -> None:
    for serial in range(26):
        client.linked(origin_owner_id=f"o{serial}")
    assert len(ids(client.stackone("GET", "/accounts"))) == 25
    assert client.stackone("GET", "/accounts?page_size=0").status_code == 400


def test_shapes(client: Client) -> None:
    for owner in ("a", "b"):
        client.linked(origin_owner_id=owner)
    bare = client.stackone("GET", "/accounts").json()
    client.emulator.switch(accounts_shape="data")
    assert client.stackone("GET", "/accounts").json() == {"data": bare}
    client.emulator.switch(accounts_shape="data_next")
    page = client.stackone("GET", "/accounts?page_size=1").json()
    assert (page["data"], page["total"], page["next"]) == (bare[:1], 2, "2")
    assert client.stackone("GET", "/accounts?page_size=1&page=2").json()["next"] is None


def test_a_new_account_may_show_up_late(client: Client) -> None:
    client.emulator.switch(eventual_listing_ms=60_000)
    late = client.link().json()["id"]
    assert client.stackone("GET", f"/accounts/{late}").status_code == 200
    client.emulator.switch(eventual_listing_ms=1)
    soon = client.link(client.session(multiple=True)).json()["id"]
    time.sleep(0.01)
    assert ids(client.stackone("GET", "/accounts")) == [soon]


def test_letter_case_and_setup_information(client: Client) -> None:
    account_id = client.linked()["id"]
    account = client.stackone("GET", f"/accounts/{account_id}").json()
    assert (account["status"], account["type"]) == ("active", "production")
    assert account["setup_information"] == {"domain": "acme"}
    client.emulator.switch(status_case="upper", type_case="upper", setup_information_in_accounts=False)
    account = client.stackone("GET", f"/accounts/{account_id}").json()
    assert (account["status"], account["type"], account["setup_information"]) == ("ACTIVE", "PRODUCTION", None)


def test_ids_come_in_both_forms(client: Client) -> None:
    first, second = client.linked()["id"], client.linked()["id"]
    assert (len(first), first.isdigit()) == (20, True)
    assert (len(second), "_" in second, "-" in second) == (21, True, True)


# 11: connect sessions


def test_a_session_has_its_defaults(client: Client) -> None:
    session = client.session()
    assert (session["type"], session["account_id"], session["label"]) == ("production", None, None)
    assert isinstance(session["organization_id"], int)
    assert session["token"] in session["auth_link_url"]
    assert session["integration_id"] == client.default_profile()
    client.emulator.switch(organization_id="string")
    assert isinstance(client.session()["organization_id"], str)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "origin_owner_id"),
        ({"origin_owner_id": "a"}, "origin_owner_name"),
        ({**OWNER, "expires_in": 0}, "expires_in"),
        ({**OWNER, "type": "staging"}, "type"),
        ({**OWNER, "label": 5}, "label"),
    ],
)
def test_a_bad_session_names_the_property(client: Client, body: dict[str, Any], named: str) -> None:
    refused = client.stackone("POST", "/connect_sessions", json=body)
    assert refused.status_code == 400
    assert named in refused.json()["errors"][0]


def test_session_bodies_must_be_json_objects(client: Client) -> None:
    for data in (b"[]", b"{"):
        assert client.stackone("POST", "/connect_sessions", data=data).status_code == 400


@pytest.mark.parametrize("status", [400, 404, 412])
def test_an_unknown_or_disabled_provider_is_refused(client: Client, status: int) -> None:
    client.emulator.switch(unknown_provider_status=status)
    profiles = client.emulator.profiles()
    for body in ({"provider": "bamboohr"}, {"integration_id": "nothing"}):
        assert client.stackone("POST", "/connect_sessions", json={**OWNER, **body}).status_code == status
    client.emulator.profiles([{**one, "active": False} for one in profiles])
    refused = client.stackone("POST", "/connect_sessions", json={**OWNER, "provider": "freshservice"})
    assert (refused.status_code, "freshservice" in refused.json()["message"]) == (status, True)


def test_a_session_without_an_enabled_profile_may_show_no_connectors(client: Client) -> None:
    client.emulator.switch(not_enabled_provider="no_connectors")
    client.emulator.profiles([])
    session = client.session()
    answer = client.hub("GET", "/connectors?provider=freshservice", session["token"])
    assert answer.json() == {"integrations": []}


def test_the_profile_property_may_be_one_name_only(client: Client) -> None:
    profile = client.default_profile()
    for accepted, other in (("integration_id", "connector_profile_id"), ("connector_profile_id", "integration_id")):
        client.emulator.switch(profile_property="both")
        assert client.session(**{other: profile})["integration_id"] == profile
        client.emulator.switch(profile_property=accepted)
        refused = client.stackone("POST", "/connect_sessions", json={**OWNER, other: profile})
        assert (refused.status_code, accepted in refused.json()["message"]) == (400, True)
        assert client.session(**{accepted: profile})["integration_id"] == profile


def test_session_limits_as_switched(client: Client) -> None:
    body = {**OWNER, "provider": "freshservice", "provider_version": "1"}
    assert client.stackone("POST", "/connect_sessions", json=body).status_code == 201
    client.emulator.switch(provider_version="rejected", session_expires_in_max=600)
    refused = client.stackone("POST", "/connect_sessions", json={**body, "expires_in": 601}).json()
    assert len(refused["errors"]) == 2
    assert client.session(expires_in=600)["token"]


def test_connect_sessions_have_no_cors(client: Client) -> None:
    preflight = client.stackone("OPTIONS", "/connect_sessions", headers={"Origin": "https://app.example"})
    assert "Access-Control-Allow-Origin" not in preflight.headers
    made = client.stackone("POST", "/connect_sessions", json=OWNER, headers={"Origin": "https://app.example"})
    assert (made.status_code, "Access-Control-Allow-Origin" in made.headers) == (201, False)


def test_profiles_and_connectors(client: Client) -> None:
    configs = client.stackone("GET", "/auth_configs?connector_key=freshservice&enabled=true").json()
    assert (configs["total"], [one["default"] for one in configs["data"]]) == (2, [True, False])
    assert client.stackone("GET", "/auth_configs?connector_key=other").json()["total"] == 0
    assert client.stackone("GET", "/connectors/meta/freshservice").json()["active"] is True
    assert client.stackone("GET", "/connectors/meta/other").status_code == 404
    client.emulator.profiles([])
    assert client.stackone("GET", "/connectors/meta").json()[0]["active"] is False


# 17: life cycle


@pytest.mark.parametrize(("variant", "status"), [("missing", 404), ("forbidden", 403)])
def test_profiles_may_not_be_listed(client: Client, variant: str, status: int) -> None:
    client.emulator.switch(auth_configs=variant)
    assert client.stackone("GET", "/auth_configs").status_code == status


def test_a_session_may_tell_more_or_less(client: Client) -> None:
    made = client.session()
    assert made["integration_id"] == client.default_profile()
    assert "latest_connection_attempt" not in made
    client.emulator.switch(session_profile="untold", session_connection_attempt=True)
    made = client.session()
    assert made["integration_id"] is None
    assert set(made["latest_connection_attempt"]) >= {"id", "status", "account_secure_id"}


def test_statuses_follow_the_profile_and_people(client: Client) -> None:
    active, archived = client.linked()["id"], client.linked(status="archived")["id"]
    profiles = client.emulator.profiles()

    def statuses() -> list[str]:
        return [client.stackone("GET", f"/accounts/{one}").json()["status"] for one in (active, archived)]

    client.emulator.profiles([{**one, "active": False} for one in profiles])
    assert statuses() == ["inactive", "archived"]
    client.emulator.profiles(profiles)
    assert statuses() == ["active", "archived"]
    client.emulator.change_account(active, status="on_holiday")
    assert statuses() == ["on_holiday", "archived"]


def test_updated_at_moves_on_change_only(client: Client) -> None:
    account = client.linked(label="one")

    def patched(**body: Any) -> str:
        return client.stackone("PATCH", f"/accounts/{account['id']}", json=body).json()["updated_at"]

    assert patched(label="one") == account["updated_at"]
    moved = patched(label="two")
    assert moved > account["updated_at"]
    assert client.stackone("GET", f"/accounts/{account['id']}").json()["updated_at"] == moved


# 18: PATCH and DELETE


def test_patch_changes_what_is_declared(client: Client) -> None:
    account_id = client.linked()["id"]
    body = {"label": "L", "type": "TEST", "origin_owner_name": "New", "origin_username": "u", "shared": True}
    changed = client.stackone("PATCH", f"/accounts/{account_id}", json={**body, "unknown": 1}).json()
    assert {name: changed[name] for name in body} == {**body, "type": "test"}
    assert client.stackone("PATCH", f"/accounts/{account_id}", json={"status": "active"}).status_code == 200
    assert client.stackone("PATCH", f"/accounts/{account_id}", json={"type": "x"}).status_code == 400


def test_patch_moves_the_owner_index(client: Client) -> None:
    account_id = client.linked()["id"]
    client.stackone("PATCH", f"/accounts/{account_id}", json={"origin_owner_id": "moved"})
    assert ids(client.stackone("GET", "/accounts?origin_owner_id=moved")) == [account_id]
    assert ids(client.stackone("GET", f"/accounts?origin_owner_id={OWNER['origin_owner_id']}")) == []


def test_patch_drops_the_contents_of_nested_objects(client: Client) -> None:
    account = client.linked()
    body = {"credentials": {"apiKey": "x"}, "setup_information": {"domain": "x"}}
    assert client.stackone("PATCH", f"/accounts/{account['id']}", json=body).status_code == 200
    assert client.emulator.account(account["id"]) == account


def test_label_variants(client: Client) -> None:
    account_id = client.linked(label="old")["id"]
    client.emulator.switch(patch_label="ignored")
    assert client.stackone("PATCH", f"/accounts/{account_id}", json={"label": "new"}).json()["label"] == "old"
    client.emulator.switch(patch_label="object_only")
    refused = client.stackone("PATCH", f"/accounts/{account_id}", json={"label": "new"})
    assert (refused.status_code, "label" in refused.json()["message"]) == (400, True)


def test_unknown_properties_may_be_rejected(client: Client) -> None:
    account_id = client.linked()["id"]
    client.emulator.switch(patch_unknown_property="rejected")
    refused = client.stackone("PATCH", f"/accounts/{account_id}", json={"label": "new", "status": "active"})
    assert (refused.status_code, "status" in refused.json()["errors"][0]) == (400, True)
    assert client.emulator.account(account_id)["label"] is None


@pytest.mark.parametrize("status", [200, 202, 204])
def test_delete_answers_as_switched_and_then_404(client: Client, status: int) -> None:
    client.emulator.switch(delete_status=status)
    account_id = client.linked()["id"]
    deleted = client.stackone("DELETE", f"/accounts/{account_id}")
    assert deleted.status_code == status
    assert deleted.content == b"" if status == 204 else deleted.json()["id"] == account_id
    assert client.emulator.accounts() == []
    assert client.stackone("DELETE", f"/accounts/{account_id}").status_code == 404


def test_a_missing_account_may_be_a_400(client: Client) -> None:
    client.emulator.switch(account_missing=400)
    for method in ("GET", "PATCH", "DELETE"):
        refused = client.stackone(method, "/accounts/none", json={})
        assert (refused.status_code, refused.json()["message"]) == (400, "account not found")


def test_meta(client: Client) -> None:
    account_id = client.linked()["id"]
    assert client.stackone("GET", f"/accounts/{account_id}/meta").json()["provider"] == "freshservice"
    assert client.stackone("GET", "/accounts/none/meta").status_code == 404


# 20: quota


def test_a_burst_over_the_quota_is_refused(client: Client) -> None:
    key = client.emulator.stackone_small_quota_api_key
    answers = [client.stackone("GET", "/accounts", key=key) for _count in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert 1 <= int(answers[20].headers["Retry-After"]) <= 60
    assert answers[20].json()["statusCode"] == 429
    assert client.stackone("GET", "/accounts").status_code == 200
    client.emulator.switch(stackone_429_retry_after="http_date")
    value = client.stackone("GET", "/accounts", key=key).headers["Retry-After"]
    assert 0 < (parsedate_to_datetime(value) - datetime.now(timezone.utc)).total_seconds() <= 61
    client.emulator.switch(stackone_429_retry_after="none")
    assert "Retry-After" not in client.stackone("GET", "/accounts", key=key).headers


def test_hub_calls_count_on_the_key_of_their_session(client: Client) -> None:
    key = client.emulator.key(rpm=2)
    session = client.stackone("POST", "/connect_sessions", key=key, json=OWNER).json()
    assert client.hub("GET", "/settings", session["token"]).status_code == 200
    assert client.hub("GET", "/settings", session["token"]).status_code == 429
