# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody knows of the two services for sure: the whole way works whichever way it is."""

from __future__ import annotations

import pytest

DOMAIN = {"key": "domain", "label": "Domain", "type": "text", "required": True, "secret": False}
KEY = {"key": "apiKey", "label": "API Key", "type": "password", "required": True, "secret": True}
LEGACY = {"connector_config": "legacy"}

VARIANTS = [
    {"error_family": "errors"},
    {"legacy_agent_fields": False, "expose_api_key_enabled": True},
    {"ratelimit_header_case": "title", "unauthorized_ratelimit_headers": False},
    {"require_user_agent": True},
    {"accounts_shape": "data"},
    {"accounts_shape": "data_next", "accounts_page_base": 0},
    {"accounts_page_base": 0, "accounts_page_cap": 25, "accounts_shuffle": True, "accounts_filters": "ignored"},
    {"accounts_filters": "ignored", "accounts_page_cap": 30},
    {"setup_information_in_accounts": False},
    {"type_case": "upper", "status_case": "upper"},
    {"account_missing": 400},
    {"patch_unknown_property": "rejected"},
    {"delete_status": 202},
    {"delete_status": 204},
    {"organization_id": "string"},
    {"profile_property": "integration_id"},
    {"profile_property": "connector_profile_id"},
    {"provider_version": "rejected"},
    {"hub_token_refused_status": 403},
    {"settings_existing_account": False},
    {"hub_connectors": "all"},
    LEGACY,
    {"connector_config": "both"},
    {"hub_unknown_field": "rejected"},
    {"hub_test": "async"},
    {"hub_existing_triple": "duplicate"},
    {"hub_patch_retest": False},
    {"hub_patch_body": "empty"},
    {"hub_secret_tail": 0},
    {"connector_fields": [{**DOMAIN, "key": "subdomain"}, {**KEY, "key": "token", "label": "Access"}]},
    {"connector_fields": [{**DOMAIN, "placeholder": "mycompany.freshservice.com"}, KEY]},
]


@pytest.mark.parametrize(
    "switches", VARIANTS, ids=lambda switches: ",".join(f"{k}={v}" for k, v in switches.items())[:60]
)
def test_the_whole_way(house, switches):
    for number in range(40):
        house.emulator.add_account(
            provider="freshservice",
            origin_owner_id=f"other-{number}",
            origin_owner_name="x",
            domain="d",
            api_key="k" * 20,
        )
    house.emulator.switch(**switches)
    profile = next(item["integration_id"] for item in house.emulator.profiles() if item["default"])
    base = house.options(integration_id=profile, confirm_timeout=10)
    changed = {**base, "label": "New", "origin_owner_name": "New Ltd", "account_type": "test"}
    moved = {**changed, "domain": "globex", "api_key": house.tenant_key("globex")}
    gone = {**moved, "state": "absent"}
    run = house.play(
        {**base, "check": True}, base, base, {**changed, "check": True}, changed, changed, moved, moved, gone, gone
    )
    for result in run.results:
        assert not result.get("failed"), result["msg"]
    actions = [result["actions"] for result in run.results]
    assert actions == [
        ["create"], ["create"], [], ["update"], ["update"], [], ["relink"], [], ["delete"], [],
    ]  # fmt: skip
    for check, real in ((0, 1), (3, 4)):
        assert run.results[check]["diff"] == run.results[real]["diff"]
    assert len(house.emulator.accounts()) == 40


@pytest.mark.parametrize("message", ["plain", "nested"])
@pytest.mark.parametrize("status", [400, 422, 502, 401, 403])
def test_refused_credentials_in_every_form(house, status, message):
    house.emulator.switch(hub_test_action="agents", hub_refused_status=status, hub_refused_message=message)
    result = house.link()
    assert result["failure"]["code"] == "credentials_refused", result["msg"]
    assert result["changed"] is False
    assert house.emulator.accounts() == []
    if status not in (401, 403):
        assert "not authorized" in result["msg"]


@pytest.mark.parametrize("keeps_old", [True, False])
def test_a_refused_relink(house, keeps_old):
    house.link()
    house.emulator.switch(hub_test_action="agents", hub_patch_failure_keeps_old=keeps_old)
    result = house.link(update_credentials="always")
    assert result["failure"]["code"] == "credentials_refused"
    house.emulator.switch(hub_test_action="agents_me")
    assert not house.link().get("failed")
    assert house.emulator.accounts()[0]["status"] == "active"


@pytest.mark.parametrize("variant", ["object_only", "ignored"])
def test_a_label_that_cannot_be_changed_in_place(house, variant):
    house.link(label="Old")
    house.emulator.switch(patch_label=variant)
    result = house.link(label="New", account_type="test")
    assert not result.get("failed"), result["msg"]
    assert result["actions"] == ["update"]
    assert any("label" in warning for warning in result["warnings"])
    again = house.link(label="New", account_type="test")
    assert again["changed"] is False
    assert house.emulator.accounts()[0]["type"] == "test"


def test_an_empty_form(house):
    house.emulator.switch(connector_config="empty")
    assert house.link()["failure"]["code"] == "field_unfilled"


def test_a_form_that_asks_for_more(house):
    region = {"key": "region", "label": "Region", "type": "text", "required": True, "secret": False}
    pin = {"key": "pin", "label": "PIN", "type": "password", "required": True, "secret": True}
    house.emulator.switch(connector_fields=[DOMAIN, KEY, region, pin])
    result = house.link()
    assert result["failure"]["code"] == "field_unfilled"
    assert result["failure"]["details"]["fields"] == ["region", "pin"]
    house.known.add("a-secret-pin-0815")
    fields = {"extra": {"region": "eu"}, "extra_secrets": {"pin": "a-secret-pin-0815"}}
    assert house.converge(credential_fields=fields)["actions"] == ["create"]
    moved = {**fields, "extra": {"region": "us"}}
    result = house.converge(credential_fields=moved)
    assert result["actions"] == ["relink"]
    assert result["diff"]["after"]["credential_fields"] == {"region": "changed"}


def test_a_form_that_cannot_be_understood_without_help(house):
    fields = [{**DOMAIN, "key": "one", "label": "One"}, {**DOMAIN, "key": "two", "label": "Two", "required": True}, KEY]
    house.emulator.switch(connector_fields=fields)
    assert house.link()["failure"]["code"] == "field_ambiguous"
    chosen = {"domain": "one", "api_key": "apiKey", "extra": {"two": "acme"}}
    assert house.converge(credential_fields=chosen)["actions"] == ["create"]


@pytest.mark.parametrize("answer", ["html_404", "redirect", "json_404", "refused"])
def test_an_unknown_tenant(house, answer):
    house.emulator.switch(unknown_tenant=answer)
    verdict = "unreachable" if answer == "refused" else "domain_not_found"
    assert house.key_info("acmee")["key_check"]["status"] == verdict


@pytest.mark.parametrize("answer", ["json_403", "html_403", "redirect"])
def test_a_suspended_tenant(house, answer):
    house.emulator.switch(suspended_answer=answer)
    verdict = "domain_not_found" if answer == "redirect" else "tenant_suspended"
    assert house.key_info("umbrella")["key_check"]["status"] == verdict


@pytest.mark.parametrize("form", ["seconds", "http_date", "iso_date"])
def test_the_forms_of_retry_after(house, form):
    house.emulator.switch(freshservice_retry_after=form)
    house.emulator.set_tenant("globex", rate_limit=1, retry_after=1)
    first, second = house.key_info("globex"), house.key_info("globex", retries=3)
    assert (first["key_check"]["status"], second["key_check"]["status"]) == ("valid", "valid")
    assert "HTTP 429" in second["warnings"][0]
