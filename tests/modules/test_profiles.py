# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connector profiles: which one links and edits, and what is said where none can (H3, S52, S57, S60)."""

from __future__ import annotations

import pytest

ALL = {"hub_connectors": "all"}
SESSION = {"hub_connectors": "session"}


def profiles(runner, **changes):
    """The two usual profiles, changed: none of them the default unless told."""
    first, second = runner.emulator.profiles()
    listed = [
        {**first, "default": False, **changes.get("first", {})},
        {**second, "default": False, **changes.get("second", {})},
    ]
    runner.emulator.profiles(listed)
    return [profile["integration_id"] for profile in listed]


def stored_profile(runner):
    (account,) = runner.emulator.accounts()
    return account["integration_id"]


def failure(result, code="connector_profile_missing"):
    assert result["failure"]["code"] == code, result["msg"]
    assert result["changed"] is False
    return result["failure"]


@pytest.mark.parametrize("listing", [ALL, SESSION], ids=["all", "session"])
@pytest.mark.parametrize("one", [0, 1])
def test_an_account_under_a_declared_profile_is_managed(runner, listing, one):
    """Two are enabled and none is the default: each session needs the name, those that edit as well."""
    runner.emulator.switch(**listing)
    declared = {"integration_id": profiles(runner)[one]}
    assert runner.converge(**declared)["actions"] == ["create"]
    assert runner.converge(label="New", **declared)["actions"] == ["update"]
    assert runner.link(update_credentials="always", label="New", **declared)["actions"] == ["relink"]
    assert stored_profile(runner) == declared["integration_id"]
    assert runner.link(state="absent", **declared)["actions"] == ["delete"]


@pytest.mark.parametrize("listing", [ALL, SESSION], ids=["all", "session"])
def test_an_account_is_managed_where_no_profile_is_declared_and_none_is_the_default(runner, listing):
    runner.emulator.switch(**listing)
    second = profiles(runner)[1]
    runner.emulator.add_account(
        origin_owner_id="customer-acme", domain="globex", api_key="an-old-key-0815", integration_id=second
    )
    runner.known.add("an-old-key-0815")
    assert runner.converge()["actions"] == ["relink"]
    assert stored_profile(runner) == second


@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize("listing", [ALL, SESSION], ids=["all", "session"])
def test_a_declared_profile_that_does_not_exist(runner, listing, existing):
    runner.emulator.switch(**listing)
    first, second = profiles(runner, second={"active": False})
    if existing:
        runner.by_hand(integration_id=first)
    result = runner.link(integration_id="nobodys-profile")
    details = failure(result)["details"]
    assert "no connector profile 'nobodys-profile' for freshservice" in result["msg"]
    assert f"{first} (Freshservice)" in result["msg"]
    assert f"{second} (Freshservice (second), disabled)" in result["msg"]
    assert [profile["id"] for profile in details["connector_profiles"]] == [first, second]
    assert "No enabled connector configuration" in result["msg"], "StackOne's own words are kept"
    assert "No enabled connector configuration" in details["answer"]


def test_a_declared_profile_that_is_disabled(runner):
    _first, second = profiles(runner, first={"default": True}, second={"active": False})
    result = runner.link(integration_id=second)
    failure(result)
    assert f"the connector profile {second} (Freshservice (second), disabled) is disabled" in result["msg"]
    assert "Enable it" in result["msg"]


@pytest.mark.parametrize(("gone", "words"), [(False, "is disabled"), (True, "no connector profile")])
def test_an_account_whose_own_profile_cannot_be_used(runner, gone, words):
    _first, second = profiles(runner, first={"default": True}, second={"active": False})
    runner.by_hand(integration_id=second, api_key="an-old-key-0815")
    runner.known.add("an-old-key-0815")
    runner.emulator.switch(hub_connectors="all")
    if gone:
        runner.emulator.profiles(runner.emulator.profiles()[:1])
    result = runner.link()
    failure(result)
    assert words in result["msg"]
    assert second in result["msg"]
    assert "link it again under another" in result["msg"]
    assert stored_profile(runner) == second


@pytest.mark.parametrize("missing", ["missing", "forbidden"])
def test_where_the_platform_does_not_list_profiles_the_wrong_one_is_named_all_the_same(runner, missing):
    runner.emulator.switch(auth_configs=missing)
    result = runner.link(integration_id="nobodys-profile")
    failure(result)
    assert "profile 'nobodys-profile'" in result["msg"]
    assert "No enabled connector configuration" in result["msg"]


TOLD = {
    "by_the_session": {},
    "by_the_hub": {"session_profile": "untold", "hub_connectors_default": True, "auth_configs": "missing"},
    "by_the_platform": {"session_profile": "untold"},
}


@pytest.mark.parametrize("switches", TOLD.values(), ids=TOLD)
@pytest.mark.parametrize("default", ["first", "second"])
def test_of_several_profiles_the_default_one_links(runner, switches, default):
    runner.emulator.switch(hub_connectors="all", **switches)
    ids = profiles(runner, **{default: {"default": True}})
    assert runner.converge()["actions"] == ["create"]
    assert stored_profile(runner) == ids[["first", "second"].index(default)]
    asked = runner.emulator.requests(path="/auth_configs")
    assert bool(asked) is (switches == TOLD["by_the_platform"])


def test_of_several_profiles_none_is_guessed(runner):
    runner.emulator.switch(hub_connectors="all", session_profile="untold", auth_configs="missing")
    first, second = profiles(runner, first={"default": True})
    result = runner.link()
    failure(result)
    assert "several enabled connector profiles" in result["msg"]
    assert first in result["msg"]
    assert second in result["msg"]
    assert runner.emulator.accounts() == []


def test_several_profiles_of_which_none_is_the_default(runner):
    first, second = profiles(runner)
    result = runner.link()
    failure(result)
    assert (
        f"several enabled connector profiles for freshservice, and none is known to be the default: {first}"
        in result["msg"]
    )
    assert second in result["msg"]


def test_the_profiles_are_asked_for_once_in_a_run(runner):
    profiles(runner)
    result = runner.links(runner.tenants("acme", "globex", "hooli", integration_id="nobodys-profile"))
    assert [row["failure"]["code"] for row in result["results"]] == ["connector_profile_missing"] * 3
    assert len(runner.emulator.requests(path="/auth_configs")) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            400,
            '{"statusCode": 400, "message": "The provider of your e-mail is not known to the configured mail server"}',
        ),
        (422, '{"statusCode": 422, "message": "property provider_version should not exist"}'),
        (409, '{"statusCode": 409, "message": "The configuration of this project is locked"}'),
    ],
)
def test_other_errors_that_speak_of_a_provider_or_a_configuration_are_not_about_profiles(runner, status, body):
    runner.emulator.fault(service="stackone", path="/connect_sessions", status=status, body={"raw": body})
    result = runner.link()
    failure(result, "stackone_rejected")
    assert body.split('"')[-2][:40] in result["msg"]


def test_the_hub_may_demand_its_widgets_version(runner):
    runner.emulator.switch(require_hub_version=True)
    assert runner.converge()["actions"] == ["create"]
    assert runner.link(update_credentials="always")["actions"] == ["relink"]


def test_a_session_may_tell_of_an_earlier_attempt(runner):
    runner.emulator.switch(session_connection_attempt=True)
    assert runner.converge()["actions"] == ["create"]


@pytest.mark.parametrize("shape", ["array", "data"])
def test_a_listing_without_pages(runner, shape):
    runner.emulator.switch(accounts_paging="ignored", accounts_shape=shape)
    for number in range(130):
        runner.emulator.add_account(origin_owner_id=f"other-{number}", domain="d", api_key="k" * 20)
    (row,) = runner.links(runner.tenants("acme"))["results"]
    assert row["action"] == "create"
    (row,) = runner.links(runner.tenants("acme"))["results"]
    assert row["action"] == "none"


def test_the_time_of_a_refusal_does_not_mask_the_times_of_the_account(runner):
    """The error tells when it was made (S80): within a minute of the account's own times, of which that is the beginning."""
    runner.link()
    result = runner.link(integration_id="no-such-profile", profile_change="replace")
    failure(result)
    (account,) = runner.emulator.accounts()
    assert {name: result["account"][name] for name in ("created_at", "updated_at")} == {
        name: account[name] for name in ("created_at", "updated_at")
    }
