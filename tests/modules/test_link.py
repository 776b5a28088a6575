# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One tenant's life, case by case: drift, adoption, several accounts, pins. The way as users go it is in tests/integration."""

from __future__ import annotations

import pytest

from tests.support.playbook_runner import CREATE, EDIT, PATCH, assert_failed


def test_defaults_of_a_first_link(runner):
    result = runner.converge()
    assert result["account"]["origin_owner_name"] == "customer-acme"
    assert result["account"]["type"] == "production"


@pytest.mark.parametrize("text", ["ACME", "acme.freshservice.com", "https://acme.freshservice.com/a/tickets"])
def test_the_domain_in_every_form(runner, text):
    assert runner.link(text, api_key=runner.tenant_key("acme"), origin_owner_id="x")["account"]["domain"] == "acme"


def test_drift_of_the_domain(runner):
    account = runner.by_hand("globex", origin_owner_id="customer-acme", api_key=runner.tenant_key("globex"))
    result = runner.converge()
    assert result["actions"] == ["relink"]
    assert (result["diff"]["before"]["domain"], result["diff"]["after"]["domain"]) == ("globex", "acme")
    assert result["account"]["id"] == account["id"]
    assert result["account"]["domain"] == "acme"


@pytest.mark.parametrize("status", ["error", "expired"])
def test_drift_of_the_status(runner, status):
    account = runner.by_hand(status=status)
    result = runner.converge()
    assert result["actions"] == ["relink"]
    assert runner.changing() == [EDIT]
    assert runner.emulator.account(account["id"])["status"] == "active"


def test_a_rotated_key_is_seen_by_its_tail(runner):
    account = runner.by_hand(api_key="an-older-key-of-acme")
    runner.known.add("an-older-key-of-acme")
    result = runner.converge()
    assert result["actions"] == ["relink"]
    assert result["stored_key"] == "changed"
    assert result["diff"]["before"]["api_key"] == "unchanged"
    assert result["diff"]["after"]["api_key"] == "changed"
    assert runner.changing() == [EDIT]
    assert runner.tenant_key("acme") in str(runner.emulator.account(account["id"]))


def test_a_key_whose_tail_is_not_shown(runner):
    runner.emulator.switch(hub_secret_tail=0)
    account = runner.by_hand(api_key="an-older-key-of-acme")
    runner.known.add("an-older-key-of-acme")
    result = runner.converge()
    assert result["stored_key"] == "unknown"
    assert result["changed"] is False
    always = runner.options(update_credentials="always")
    check, run = runner.play({**always, "check": True}, always).results
    assert check["changed"] is run["changed"] is True
    assert check["diff"] == run["diff"]
    assert run["diff"]["before"]["api_key"] == "unknown"
    assert runner.tenant_key("acme") in str(runner.emulator.account(account["id"]))


def test_on_create_leaves_the_credentials(runner):
    runner.by_hand(api_key="an-older-key-of-acme")
    result = runner.converge(update_credentials="on_create", label="New")
    assert result["actions"] == ["update"]
    assert "an-older-key-of-acme" in str(runner.emulator.accounts())


def test_a_rename_makes_no_second_account(runner):
    runner.link(origin_owner_name="Before Ltd")
    result = runner.converge(origin_owner_name="After Ltd")
    assert result["actions"] == ["update"]
    assert [account["origin_owner_name"] for account in runner.emulator.accounts()] == ["After Ltd"]


def test_adoption_needs_no_relink_where_nothing_differs(runner):
    account = runner.by_hand()
    result = runner.converge()
    assert result["changed"] is False
    assert result["account"]["id"] == account["id"]
    assert runner.changing() == []


def test_adoption_of_an_account_that_the_listing_does_not_show_yet(runner):
    runner.emulator.switch(eventual_listing_ms=600_000)
    account = runner.by_hand(origin_owner_name="customer-acme")
    result = runner.link()
    assert result["account"]["id"] == account["id"]
    assert result["changed"] is False
    assert len(runner.emulator.accounts()) == 1


def test_ambiguity_changes_nothing(runner):
    accounts = [runner.by_hand(), runner.by_hand()]
    result = runner.link(label="New")
    assert result["failure"]["code"] == "ambiguous_account"
    assert result["failure"]["phase"] == "observe"
    listed = result["failure"]["details"]["candidates"]
    assert {item["account_id"] for item in listed} == {account["id"] for account in accounts}
    assert runner.changing() == []


def test_a_pinned_account(runner):
    accounts = [runner.by_hand(), runner.by_hand()]
    runner.converge(label="New", account_id=accounts[1]["id"])
    assert [runner.emulator.account(account["id"])["label"] for account in accounts] == [None, "New"]


def test_several_accounts_of_an_owner(runner):
    owner = {"origin_owner_id": "one-owner", "allow_multiple": True}
    assert runner.converge("acme", **owner)["actions"] == ["create"]
    assert runner.converge("globex", **owner)["actions"] == ["create"]
    assert runner.converge("acme", label="A", **owner)["actions"] == ["update"]
    runner.emulator.switch(setup_information_in_accounts=False)
    assert runner.converge("globex", label="G", **owner)["actions"] == ["update"]
    labels = {account["label"] for account in runner.emulator.accounts()}
    assert labels == {"A", "G"}


def test_another_owner_and_another_provider_are_left_alone(runner):
    others = [runner.by_hand(origin_owner_id="other"), runner.emulator.add_account(
        provider="hubspot", origin_owner_id="customer-acme", origin_owner_name="x", domain="acme", api_key="k" * 20
    )]  # fmt: skip
    assert runner.converge()["actions"] == ["create"]
    assert [runner.emulator.account(other["id"]) for other in others] == others


def test_unlink_by_id(runner):
    account = runner.by_hand()
    result = runner.converge(state="absent", api_key=None, domain=None, origin_owner_id=None, account_id=account["id"])
    assert result["actions"] == ["delete"]


def test_unlink_leaves_the_owners_other_domain(runner):
    runner.by_hand("globex", origin_owner_id="customer-acme")
    result = runner.converge(state="absent", api_key=None)
    assert result["changed"] is False
    assert "which are kept" in " ".join(result["warnings"])
    assert len(runner.emulator.accounts()) == 1


def test_a_profile_that_is_not_the_default(runner):
    other = next(profile for profile in runner.emulator.profiles() if not profile["default"])
    runner.converge(connector_profile_id=other["integration_id"])
    (stored,) = runner.emulator.accounts()
    assert stored["integration_id"] == other["integration_id"]


@pytest.mark.parametrize(
    ("declared", "field"),
    [
        ({"label": "New"}, "label"),
        ({"account_type": "test"}, "type"),
        ({"origin_owner_name": "New Ltd"}, "origin_owner_name"),
        ({"origin_username": "new@x"}, "origin_username"),
        ({"shared": False}, "shared"),
    ],
)
def test_drift_of_a_field(runner, declared, field):
    account = runner.by_hand(label="Old", type="production", origin_username="old@x", shared=True)
    result = runner.converge(**declared)
    value = next(iter(declared.values()))
    assert result["actions"] == ["update"]
    assert runner.changing() == [PATCH]
    assert result["diff"]["before"][field] == account[field]
    assert result["diff"]["after"][field] == value
    assert runner.emulator.account(account["id"])[field] == value
    assert {name: result["diff"]["after"][name] for name in result["diff"]["after"] if name != field} == {
        name: result["diff"]["before"][name] for name in result["diff"]["before"] if name != field
    }


@pytest.mark.parametrize("shared", [True, False])
def test_a_new_account_is_shared_or_not(runner, shared):
    result = runner.converge(shared=shared, verify_link="call")
    assert (result["actions"], result["diff"]["after"]["shared"], result["verified"]) == (["create"], shared, True)
    assert result["account"]["shared"] is shared
    assert runner.changing() == [CREATE]
    assert [account["shared"] for account in runner.emulator.accounts()] == [shared]


def test_without_a_hub_a_linked_tenant_is_managed(runner):
    runner.link()
    runner.emulator.switch(hub_api="missing")
    result = runner.link(label="New")
    assert result["actions"] == ["update"]
    assert any("Hub API" in warning for warning in result["warnings"])
    assert runner.link("globex")["failure"]["code"] == "hub_unavailable"


@pytest.mark.parametrize("page", ["html", {"raw": '{"statusCode": 404, "message": "Resource not found"}'}])
def test_an_account_is_gone_only_if_stackone_says_so(runner, page):
    """A wrong stackone_url, or a proxy before it, answers 404 to everything: that says nothing about the account."""
    runner.link()
    (account,) = runner.emulator.accounts()
    pinned = {"account_id": account["id"], "state": "absent", "domain": None, "api_key": None, "origin_owner_id": None}
    runner.emulator.fault(service="stackone", status=404, body=page)
    result = runner.link(**pinned)
    assert result["failed"]
    assert result["failure"]["code"] == "unexpected_answer" or result["failure"]["http_status"] == 404
    runner.emulator.clear_faults()
    assert runner.link(**pinned)["actions"] == ["delete"]
    assert runner.link(**pinned)["actions"] == []


def test_a_deletion_that_is_refused_with_not_found_is_no_deletion(runner):
    runner.link()
    words = '{"statusCode": 400, "message": "Account lock not found"}'
    runner.emulator.fault(service="stackone", method="DELETE", status=400, body={"raw": words})
    result = runner.link(state="absent")
    assert result["failure"]["code"] == "stackone_rejected"
    assert not result["changed"]
    assert len(runner.emulator.accounts()) == 1


def lost(runner, allow_multiple, hidden):
    """Every answer to a request to link is lost, and the listing does not show the account yet."""
    runner.emulator.switch(hub_existing_triple="duplicate", eventual_listing_ms=hidden)
    runner.emulator.fault(service="hub", method="POST", path="/hub/accounts", drop="after", call=1)
    return runner.link(allow_multiple=allow_multiple)


@pytest.mark.parametrize("allow_multiple", [False, True])
def test_a_lost_answer_makes_no_second_account(runner, allow_multiple):
    """With a listing that lags for longer than the run waits, there is one account, and the run says what it knows."""
    result = lost(runner, allow_multiple, 100_000)
    assert len(runner.emulator.accounts()) == 1
    posts = runner.emulator.requests(service="hub", method="POST", path="/hub/accounts")
    assert len(posts) == 1
    if allow_multiple:
        assert result["failure"]["code"] == "create_uncertain"
    else:
        # The Hub's own identity rule does not lag.
        assert result["actions"] == ["create"]
    runner.emulator.switch(eventual_listing_ms=0)


def test_a_request_to_link_that_never_arrived_is_repeated_once(runner):
    runner.emulator.fault(service="hub", method="POST", path="/hub/accounts", drop="before", call=1)
    assert runner.link()["actions"] == ["create"]
    runner.emulator.fault(service="hub", method="POST", path="/hub/accounts", drop="before")
    runner.emulator.clear_requests()
    result = runner.link("globex")
    assert result["failure"]["code"] == "create_uncertain"
    assert len(runner.emulator.requests(service="hub", method="POST", path="/hub/accounts")) == 2
    runner.emulator.clear_requests()
    result = runner.link("globex", allow_multiple=True)
    assert result["failure"]["code"] == "create_uncertain"
    assert len(runner.emulator.requests(service="hub", method="POST", path="/hub/accounts")) == 1


def test_two_tenants_of_one_owner_are_not_mistaken_for_each_other(runner):
    """Both answers are lost: each row names the account of its own domain."""
    runner.emulator.fault(service="hub", method="POST", path="/hub/accounts", drop="after")
    result = runner.links(runner.tenants("acme", "globex", origin_owner_id="customer-1", allow_multiple=True))
    runner.emulator.clear_faults()
    domains = {account["id"]: account["setup_information"]["domain"] for account in runner.emulator.accounts()}
    assert [domains[row["account_id"]] for row in result["results"]] == ["acme", "globex"]
    assert not result.get("failed")
    text = str(result["results"]) + str(result.get("warnings"))
    assert "unlink" not in text.lower()


def test_a_leaver_is_not_unlinked_where_the_named_account_stores_another_domain(runner):
    runner.link("globex", origin_owner_id="customer-1")
    (account,) = runner.emulator.accounts()
    for owner in ("customer-1", None):
        result = runner.link("acme", account_id=account["id"], state="absent", origin_owner_id=owner)
        assert result["failure"]["code"] == "account_mismatch"
        assert "globex" in result["msg"]
    assert runner.emulator.accounts() == [account]


def test_a_label_is_not_blamed_for_another_change_that_is_refused(runner):
    runner.link()
    runner.emulator.fault(caller="client", method="PATCH", path="/accounts/*", status=400)
    result = runner.link(label="New", account_type="test")
    assert_failed(result, "stackone_rejected", "apply")
    assert not any("label" in warning for warning in result.get("warnings", []))
