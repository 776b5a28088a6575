# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One tenant's life, case by case: drift, adoption, several accounts, pins. The way as users go it is in tests/integration."""

from __future__ import annotations

import pytest

from tests.integration.house import EDIT, PATCH


def test_defaults_of_a_first_link(house):
    result = house.converge()
    assert result["account"]["origin_owner_name"] == "customer-acme"
    assert result["account"]["type"] == "production"


@pytest.mark.parametrize("text", ["ACME", "acme.freshservice.com", "https://acme.freshservice.com/a/tickets"])
def test_the_domain_in_every_form(house, text):
    assert house.link(text, api_key=house.tenant_key("acme"), origin_owner_id="x")["account"]["domain"] == "acme"


def test_drift_of_the_domain(house):
    account = house.by_hand("globex", origin_owner_id="customer-acme", api_key=house.tenant_key("globex"))
    result = house.converge()
    assert result["actions"] == ["relink"]
    assert (result["diff"]["before"]["domain"], result["diff"]["after"]["domain"]) == ("globex", "acme")
    assert result["account"]["id"] == account["id"]
    assert result["account"]["domain"] == "acme"


@pytest.mark.parametrize("status", ["error", "expired"])
def test_drift_of_the_status(house, status):
    account = house.by_hand(status=status)
    result = house.converge()
    assert result["actions"] == ["relink"]
    assert house.changing() == [EDIT]
    assert house.emulator.account(account["id"])["status"] == "active"


def test_a_rotated_key_is_seen_by_its_tail(house):
    account = house.by_hand(api_key="an-older-key-of-acme")
    house.known.add("an-older-key-of-acme")
    result = house.converge()
    assert result["actions"] == ["relink"]
    assert result["stored_key"] == "changed"
    assert result["diff"]["before"]["api_key"] == "unchanged"
    assert result["diff"]["after"]["api_key"] == "changed"
    assert house.changing() == [EDIT]
    assert house.tenant_key("acme") in str(house.emulator.account(account["id"]))


def test_a_key_whose_tail_is_not_shown(house):
    house.emulator.switch(hub_secret_tail=0)
    account = house.by_hand(api_key="an-older-key-of-acme")
    house.known.add("an-older-key-of-acme")
    result = house.converge()
    assert result["stored_key"] == "unknown"
    assert result["changed"] is False
    always = house.options(update_credentials="always")
    check, run = house.play({**always, "check": True}, always).results
    assert check["changed"] is run["changed"] is True
    assert check["diff"] == run["diff"]
    assert run["diff"]["before"]["api_key"] == "unknown"
    assert house.tenant_key("acme") in str(house.emulator.account(account["id"]))


def test_on_create_leaves_the_credentials(house):
    house.by_hand(api_key="an-older-key-of-acme")
    result = house.converge(update_credentials="on_create", label="New")
    assert result["actions"] == ["update"]
    assert "an-older-key-of-acme" in str(house.emulator.accounts())


def test_a_rename_makes_no_second_account(house):
    house.link(origin_owner_name="Before Ltd")
    result = house.converge(origin_owner_name="After Ltd")
    assert result["actions"] == ["update"]
    assert [account["origin_owner_name"] for account in house.emulator.accounts()] == ["After Ltd"]


def test_adoption_needs_no_relink_where_nothing_differs(house):
    account = house.by_hand()
    result = house.converge()
    assert result["changed"] is False
    assert result["account"]["id"] == account["id"]
    assert house.changing() == []


def test_adoption_of_an_account_that_the_listing_does_not_show_yet(house):
    house.emulator.switch(eventual_listing_ms=600_000)
    account = house.by_hand(origin_owner_name="customer-acme")
    result = house.link()
    assert result["account"]["id"] == account["id"]
    assert result["changed"] is False
    assert len(house.emulator.accounts()) == 1


def test_ambiguity_changes_nothing(house):
    accounts = [house.by_hand(), house.by_hand()]
    result = house.link(label="New")
    assert result["failure"]["code"] == "ambiguous_account"
    assert result["failure"]["phase"] == "observe"
    listed = result["failure"]["details"]["candidates"]
    assert {item["account_id"] for item in listed} == {account["id"] for account in accounts}
    assert house.changing() == []


def test_a_pinned_account(house):
    accounts = [house.by_hand(), house.by_hand()]
    house.converge(label="New", account_id=accounts[1]["id"])
    assert [house.emulator.account(account["id"])["label"] for account in accounts] == [None, "New"]


def test_several_accounts_of_an_owner(house):
    owner = {"origin_owner_id": "one-owner", "allow_multiple": True}
    assert house.converge("acme", **owner)["actions"] == ["create"]
    assert house.converge("globex", **owner)["actions"] == ["create"]
    assert house.converge("acme", label="A", **owner)["actions"] == ["update"]
    house.emulator.switch(setup_information_in_accounts=False)
    assert house.converge("globex", label="G", **owner)["actions"] == ["update"]
    labels = {account["label"] for account in house.emulator.accounts()}
    assert labels == {"A", "G"}


def test_another_owner_and_another_provider_are_left_alone(house):
    others = [house.by_hand(origin_owner_id="other"), house.emulator.add_account(
        provider="hubspot", origin_owner_id="customer-acme", origin_owner_name="x", domain="acme", api_key="k" * 20
    )]  # fmt: skip
    assert house.converge()["actions"] == ["create"]
    assert [house.emulator.account(other["id"]) for other in others] == others


def test_unlink_by_id(house):
    account = house.by_hand()
    result = house.converge(state="absent", api_key=None, domain=None, origin_owner_id=None, account_id=account["id"])
    assert result["actions"] == ["delete"]


def test_unlink_leaves_the_owners_other_domain(house):
    house.by_hand("globex", origin_owner_id="customer-acme")
    result = house.converge(state="absent", api_key=None)
    assert result["changed"] is False
    assert "which were left" in " ".join(result["warnings"])
    assert len(house.emulator.accounts()) == 1


def test_a_profile_that_is_not_the_default(house):
    other = next(profile for profile in house.emulator.profiles() if not profile["default"])
    house.converge(connector_profile_id=other["integration_id"])
    (stored,) = house.emulator.accounts()
    assert stored["integration_id"] == other["integration_id"]


@pytest.mark.parametrize(
    ("declared", "field"),
    [
        ({"label": "New"}, "label"),
        ({"account_type": "test"}, "type"),
        ({"origin_owner_name": "New Ltd"}, "origin_owner_name"),
        ({"origin_username": "new@x"}, "origin_username"),
    ],
)
def test_drift_of_a_field(house, declared, field):
    account = house.by_hand(label="Old", type="production", origin_username="old@x")
    result = house.converge(**declared)
    value = next(iter(declared.values()))
    assert result["actions"] == ["update"]
    assert house.changing() == [PATCH]
    assert result["diff"]["before"][field] == account[field]
    assert result["diff"]["after"][field] == value
    assert house.emulator.account(account["id"])[field] == value
    assert {name: result["diff"]["after"][name] for name in result["diff"]["after"] if name != field} == {
        name: result["diff"]["before"][name] for name in result["diff"]["before"] if name != field
    }
