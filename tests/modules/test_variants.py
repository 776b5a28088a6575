# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody knows of the two services for sure, where it shows. The whole way under all of it is in tests/trust."""

from __future__ import annotations

import pytest

DOMAIN = {"key": "domain", "label": "Domain", "type": "text", "required": True, "secret": False}
KEY = {"key": "apiKey", "label": "API Key", "type": "password", "required": True, "secret": True}


@pytest.mark.parametrize("message", ["plain", "nested"])
@pytest.mark.parametrize("status", [400, 422, 502, 401, 403])
def test_refused_credentials_in_every_form(runner, status, message):
    runner.emulator.set_tenant("acme", role="IT Agent")
    runner.emulator.switch(hub_refused_status=status, hub_refused_message=message)
    result = runner.link()
    assert result["failure"]["code"] == "credentials_refused", result["msg"]
    assert result["changed"] is False
    assert runner.emulator.accounts() == []
    assert "not authorized" in result["msg"]


@pytest.mark.parametrize("keeps_old", [True, False])
def test_a_refused_relink(runner, keeps_old):
    runner.link()
    runner.emulator.set_tenant("acme", role="IT Agent")
    runner.emulator.switch(hub_patch_failure_keeps_old=keeps_old)
    result = runner.link(update_credentials="always")
    assert result["failure"]["code"] == "credentials_refused"
    runner.emulator.set_tenant("acme", role="IT Supervisor")
    assert not runner.link().get("failed")
    assert runner.emulator.accounts()[0]["status"] == "active"


@pytest.mark.parametrize("variant", ["object_only", "ignored"])
def test_a_label_that_cannot_be_changed_in_place(runner, variant):
    runner.link(label="Old")
    runner.emulator.switch(patch_label=variant)
    result = runner.link(label="New", account_type="test")
    assert not result.get("failed"), result["msg"]
    assert result["actions"] == ["update"]
    assert any("label" in warning for warning in result["warnings"])
    again = runner.link(label="New", account_type="test")
    assert again["changed"] is False
    assert runner.emulator.accounts()[0]["type"] == "test"


def test_an_empty_form(runner):
    runner.emulator.switch(connector_config="empty")
    assert runner.link()["failure"]["code"] == "field_unfilled"


def test_a_form_that_asks_for_more(runner):
    region = {"key": "region", "label": "Region", "type": "text", "required": True, "secret": False}
    pin = {"key": "pin", "label": "PIN", "type": "password", "required": True, "secret": True}
    runner.emulator.switch(connector_fields=[DOMAIN, KEY, region, pin])
    result = runner.link()
    assert result["failure"]["code"] == "field_unfilled"
    assert result["failure"]["details"]["fields"] == ["region", "pin"]
    runner.known.add("a-secret-pin-0815")
    fields = {"extra": {"region": "eu"}, "extra_secrets": {"pin": "a-secret-pin-0815"}}
    assert runner.converge(credential_fields=fields)["actions"] == ["create"]
    moved = {**fields, "extra": {"region": "us"}}
    result = runner.converge(credential_fields=moved)
    assert result["actions"] == ["relink"]
    assert result["diff"]["after"]["credential_fields"] == {"region": "changed"}


def test_a_form_that_cannot_be_understood_without_help(runner):
    fields = [{**DOMAIN, "key": "one", "label": "One"}, {**DOMAIN, "key": "two", "label": "Two", "required": True}, KEY]
    runner.emulator.switch(connector_fields=fields)
    assert runner.link()["failure"]["code"] == "field_ambiguous"
    chosen = {"domain": "one", "api_key": "apiKey", "extra": {"two": "acme"}}
    assert runner.converge(credential_fields=chosen)["actions"] == ["create"]


SECRET = "a-secret-pin-0815"
LACKING = [{"domain": "nope"}, {"api_key": "nope"}, {"extra": {"nope": "x"}}, {"extra_secrets": {"nope": SECRET}}]
NAMED = {"credential_fields": {"domain": "domain", "api_key": "apiKey"}}


@pytest.mark.parametrize("remembered", [False, True])
@pytest.mark.parametrize("chosen", LACKING, ids=str)
def test_a_field_that_the_form_lacks_is_refused_for_a_linked_tenant_too(runner, chosen, remembered):
    runner.known.add(SECRET)
    runner.emulator.switch(connector_fields=[DOMAIN, KEY])
    path = str(runner.folder / "fingerprints.json")
    runner.links(runner.tenants("acme", **NAMED), fingerprints=path)
    runner.links(runner.tenants("acme", **NAMED), fingerprints=path)
    more = {"fingerprints": path} if remembered else {}
    for check in (True, False, False):
        (row,) = runner.links(runner.tenants("acme", credential_fields=chosen), check=check, **more)["results"]
        assert row["failure"]["code"] == "field_unfilled", row
    again = runner.links(runner.tenants("acme"), fingerprints=path)
    assert (again["changed"], again["results"][0]["action"]) == (False, "none")


@pytest.mark.parametrize("how", ["on_drift", "on_doubt", "always"])
@pytest.mark.parametrize("chosen", LACKING, ids=str)
def test_and_by_the_module_for_one_tenant(runner, chosen, how):
    runner.known.add(SECRET)
    runner.link()
    for check in (True, False):
        result = runner.link(credential_fields=chosen, update_credentials=how, check=check)
        assert result["failure"]["code"] == "field_unfilled"


def test_fields_that_the_form_has_cost_one_look_at_it_in_a_run(runner):
    runner.emulator.switch(connector_fields=[DOMAIN, KEY])
    path = str(runner.folder / "fingerprints.json")
    declared = runner.tenants("acme", "globex", "initech", **NAMED)
    runner.links(declared, fingerprints=path)
    runner.links(declared, fingerprints=path)
    runner.emulator.clear_requests()
    assert runner.links(declared, fingerprints=path)["changed"] is False
    assert len(runner.emulator.requests(path="/connect_sessions")) == 1
    assert len([each for each in runner.emulator.requests() if each["path"].startswith("/hub/")]) == 3


ABSENT = [
    "claim_page_404", "claim_page_200", "claim_page_410", "html_404", "html_410", "redirect", "json_404", "refused",
]  # fmt: skip


@pytest.mark.parametrize("answer", ABSENT)
def test_an_unknown_tenant(runner, answer):
    runner.emulator.switch(unknown_tenant=answer)
    verdict = "unreachable" if answer == "refused" else "domain_not_found"
    assert runner.key_info("acmee")["key_check"]["status"] == verdict


@pytest.mark.parametrize("answer", [answer for answer in ABSENT if answer != "refused"])
@pytest.mark.parametrize("form", ["both", "provider_errors"])
def test_an_unknown_tenant_that_only_stackone_asks(runner, form, answer):
    """Its page passes through StackOne's error: never sent twice, never uncertain (F8, F8b)."""
    runner.emulator.switch(unknown_tenant=answer, refusal_form=form, hub_refused_status=502)
    result = runner.link("acmee", verify_key=False)
    assert result["failure"]["code"] == "credentials_refused", result["msg"]
    assert runner.changing() == ["POST /hub/accounts"]


@pytest.mark.parametrize("answer", ["json_403", "html_403", "redirect"])
def test_a_suspended_tenant(runner, answer):
    runner.emulator.switch(suspended_answer=answer)
    verdict = "domain_not_found" if answer == "redirect" else "tenant_suspended"
    assert runner.key_info("umbrella")["key_check"]["status"] == verdict


@pytest.mark.parametrize("form", ["seconds", "http_date", "iso_date"])
def test_the_forms_of_retry_after(runner, form):
    runner.emulator.switch(freshservice_retry_after=form)
    runner.emulator.set_tenant("globex", rate_limit=1, retry_after=1)
    first, second = runner.key_info("globex"), runner.key_info("globex", retries=3)
    assert (first["key_check"]["status"], second["key_check"]["status"]) == ("valid", "valid")
    assert "HTTP 429" in second["warnings"][0]
