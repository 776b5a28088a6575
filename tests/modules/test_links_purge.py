# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run over many tenants: what is purged, and which accounts of the same owner or domain are told apart."""

from __future__ import annotations

import pytest

from tests.support.collection import LINKS
from tests.support.playbook_runner import actions


def purgeable(runner, count=3):
    """Accounts of customers who are in no list."""
    for number in range(count):
        runner.emulator.add_account(origin_owner_id=f"former-{number}", domain=f"former-{number}", api_key="an-old-key")
    runner.emulator.add_account(origin_owner_id="other", provider="hibob", integration_id="x")


def test_purge_unlinks_who_is_not_listed(runner):
    purgeable(runner)
    declared = runner.bulk(runner.tenants("acme", "globex"), purge=True, purge_limit=3)
    check, run, again = runner.play({**declared, "check": True}, declared, declared, module=LINKS).results
    former = {f"former-{number}" for number in range(3)}
    for result in (check, run):
        assert {row["origin_owner_id"] for row in result["purged"]} == former
        assert [row["action"] for row in result["purged"]] == ["delete"] * 3
    assert check["diff"] == run["diff"]
    assert again["purged"] == []
    assert not again["changed"]
    owners = {account["origin_owner_id"] for account in runner.emulator.accounts()}
    assert owners == {"customer-acme", "customer-globex", "other"}


@pytest.mark.parametrize("limit", [2, 0.5])
def test_purge_never_goes_over_its_limit(runner, limit):
    purgeable(runner)
    result = runner.links(runner.tenants("acme"), purge=True, purge_limit=limit)
    assert result["failure"]["code"] == "purge_refused"
    allowed = "allows 2: " if limit == 2 else "allows 1 (0.5 of 3): "
    assert f"3 of 3 accounts are not in the list, but purge_limit {allowed}" in result["msg"]
    assert len(result["failure"]["details"]["accounts"]) == 3
    assert "set purge_limit to 3." in result["msg"]
    assert actions(result) == ["create"]
    assert len(runner.emulator.accounts()) == 5


def test_purge_stays_within_its_scope(runner):
    """StackOne's list does not show the connector profile: the Hub is asked for those that would be unlinked."""
    purgeable(runner)
    runner.emulator.add_account(origin_owner_id="crm-1", domain="crm-1", api_key="an-old-key", label="Ours")
    (profile,) = {account["integration_id"] for account in runner.emulator.accounts() if account["label"] == "Ours"}
    scope = {"labels": ["Ours"], "owner_ids": ["crm-*"], "profiles": [profile]}
    declared = {"purge": True, "purge_limit": 1, "purge_scope": {**scope, "profiles": ["another"]}}
    assert runner.links(runner.tenants("acme"), **declared)["purged"] == []
    result = runner.links(runner.tenants("acme"), **{**declared, "purge_scope": scope})
    assert [row["origin_owner_id"] for row in result["purged"]] == ["crm-1"]
    assert len(runner.emulator.accounts()) == 5


@pytest.mark.parametrize("scope", [{"label": ["Ours"]}, {"labels": [["Ours"]]}, ["Ours"], "Ours", {}, {"labels": None}])
def test_a_scope_that_is_not_one_is_refused(runner, scope):
    purgeable(runner, 1)
    result = runner.links(runner.tenants("acme"), purge=True, purge_limit=9, purge_scope=scope)
    assert result["failure"]["code"] == "invalid_argument"
    assert "purge_scope" in result["msg"]
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("name", ["labels", "owner_ids", "profiles"])
@pytest.mark.parametrize("nothing", [None, "", " "])
def test_a_condition_of_the_scope_that_was_not_filled_in_is_refused(runner, name, nothing):
    """Without it, the scope would be wider than it was meant to be, and the accounts of others would be unlinked."""
    purgeable(runner, 1)
    other = "labels" if name != "labels" else "owner_ids"
    scope = {name: nothing, other: ["Ours"]}
    result = runner.links(runner.tenants("acme"), purge=True, purge_limit=9, purge_scope=scope)
    assert result["failure"]["code"] == "invalid_argument"
    assert f"purge_scope.{name} is empty. Give it a value, or leave it out." in result["msg"]
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("name", ["labels", "owner_ids", "profiles"])
@pytest.mark.parametrize(
    ("written", "number"),
    [("Ours,", 2), (",Ours", 1), ("Ours,,Others", 2), (",", 1), ([""], 1), (["Ours", " "], 2), (["\u200b"], 1)],
)
def test_an_empty_item_of_the_scope_does_not_mean_the_accounts_without_a_value(runner, name, written, number):
    """It comes from a comma at the end, or from a variable that was not filled in."""
    purgeable(runner, 1)
    result = runner.links(runner.tenants("acme"), purge=True, purge_limit=9, purge_scope={name: written})
    assert f"item {number} of purge_scope.{name} is empty. Give it a value, or remove it." in result["msg"]
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("pattern", ["*", "**", "?*", "??"])
def test_a_pattern_of_every_owner_does_not_limit_a_purge(runner, pattern):
    purgeable(runner, 1)
    scope = {"labels": ["Ours"], "owner_ids": ["crm-*", pattern]}
    result = runner.links(runner.tenants("acme"), purge=True, purge_limit=9, purge_scope=scope)
    assert f"purge_scope.owner_ids has the pattern {pattern}, " in result["msg"]
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("name", ["plan", "save_plan", "stackone_project_id", "purge_scope"])
@pytest.mark.parametrize("nothing", [None, "", " "])
def test_what_guards_a_run_is_refused_if_it_is_empty(runner, name, nothing):
    purgeable(runner, 1)
    result = runner.links(runner.tenants("acme"), purge=True, purge_limit=9, **{name: nothing})
    assert result["failure"]["code"] == "invalid_argument"
    assert f"{name} is empty. Give it a value, or leave it out." in result["msg"]
    assert runner.emulator.requests() == []


def test_purge_spares_owners_whose_tenants_fail_before_they_are_found(runner):
    purgeable(runner, 1)
    runner.emulator.add_account(origin_owner_id="customer-initech", domain="initech", api_key="a-key")
    result = runner.links(runner.tenants("initech"), purge=True, purge_limit=9)
    assert [row["origin_owner_id"] for row in result["purged"]] == ["former-0"]
    assert {account["origin_owner_id"] for account in runner.emulator.accounts()} == {"customer-initech", "other"}


@pytest.mark.parametrize("unsound", [{"domain": "acme", "api_key": "k"}, {"state": "absent"}])
def test_purge_does_nothing_while_an_entry_could_mean_any_account(runner, unsound):
    purgeable(runner)
    result = runner.links([*runner.tenants("globex"), unsound], purge=True, purge_limit=9)
    assert result["failure"]["code"] == "purge_refused"
    assert "entry 2" in result["msg"]
    assert len(runner.emulator.accounts()) == 5


def test_purge_with_an_empty_list_is_refused(runner):
    purgeable(runner)
    result = runner.links([], purge=True)
    assert result["failure"]["code"] == "invalid_argument"
    assert len(runner.emulator.accounts()) == 4


def test_two_domains_of_one_owner(runner):
    tenants = runner.tenants("acme", "globex", origin_owner_id="customer-1", allow_multiple=True)
    declared = runner.bulk(tenants)
    first, again = runner.play(declared, declared, module=LINKS).results
    assert actions(first) == ["create"] * 2
    assert "warnings" not in first["results"][0]
    assert len({row["account_id"] for row in first["results"]}) == 2
    assert actions(again) == ["none"] * 2
    domains = {account["setup_information"]["domain"] for account in runner.emulator.accounts()}
    assert domains == {"acme", "globex"}


def test_one_domain_is_linked_for_one_owner(runner):
    """The owner's id was written differently: without a word the customer would be linked twice."""
    other = runner.tenants("acme", origin_owner_id="customer-acme.0")
    for listed in ([*runner.tenants("acme"), *other], other):
        result = runner.links(listed)
        assert result["results"][-1]["failure"]["code"] == "domain_linked_elsewhere"
        assert not result["results"][-1]["changed"]
        (account,) = runner.emulator.accounts()
        assert account["origin_owner_id"] == "customer-acme"
    assert f"as account {account['id']} of owner 'customer-acme' (active)" in result["msg"]


def test_one_domain_for_two_owners_can_be_declared(runner):
    tenants = [*runner.tenants("acme"), *runner.tenants("acme", origin_owner_id="customer-2", allow_shared_domain=True)]
    first, again = runner.play(runner.bulk(tenants), runner.bulk(tenants), module=LINKS).results
    assert actions(first) == ["create"] * 2
    assert actions(again) == ["none"] * 2
    assert not [*first.get("warnings", ()), *again.get("warnings", ())]


def test_a_domain_moves_to_another_owner_where_the_first_one_leaves(runner):
    runner.links(runner.tenants("acme"))
    moved = [*runner.tenants("acme", origin_owner_id="customer-2"), *runner.tenants("acme", state="absent")]
    assert actions(runner.links(moved)) == ["create", "delete"]
    (account,) = runner.emulator.accounts()
    assert account["origin_owner_id"] == "customer-2"


def test_purge_spares_the_account_of_a_tenant_whose_owner_was_written_differently(runner):
    runner.links(runner.tenants("acme", "globex"))
    before = runner.emulator.accounts()
    result = runner.links(
        [*runner.tenants("acme", origin_owner_id="Customer-acme"), *runner.tenants("globex")], purge=True, purge_limit=9
    )
    assert result["results"][0]["failure"]["code"] == "domain_linked_elsewhere"
    assert result["purged"] == []
    assert runner.emulator.accounts() == before


@pytest.mark.parametrize(
    "pinned", [{"label": "A"}, {"state": "absent"}, {"state": "absent", "domain": None, "origin_owner_id": None}]
)
def test_two_entries_that_mean_one_account_are_refused(runner, pinned):
    """Pinned beside unpinned: the label would flip in every run, or one entry would be green and the other unlink it."""
    runner.links(runner.tenants("acme"))
    (account,) = before = runner.emulator.accounts()
    runner.emulator.clear_requests()
    listed = [*runner.tenants("acme", label="B"), {**runner.tenants("acme", account_id=account["id"])[0], **pinned}]
    for entries in (listed, listed[::-1]):
        result = runner.links(
            [{name: value for name, value in entry.items() if value is not None} for entry in entries]
        )
        assert result["failure"]["code"] == "duplicate_tenant"
        assert result["failure"]["details"] == {"positions": [1, 2]}
        assert account["id"] in result["msg"]
    assert runner.emulator.accounts() == before
    assert {row["method"] for row in runner.emulator.requests(caller="client")} == {"GET"}


def test_an_owner_moves_to_another_domain_with_the_old_one_absent(runner):
    runner.links(runner.tenants("acme", origin_owner_id="customer-1"))
    old = runner.tenants("acme", origin_owner_id="customer-1", state="absent")
    new = runner.tenants("globex", origin_owner_id="customer-1")
    for listed in ([*old, *new], [*new, *old]):
        runner.links(listed)
        (account,) = runner.emulator.accounts()
        assert account["setup_information"] == {"domain": "globex"}


def test_an_absent_owner_who_stays_linked_is_told(runner):
    runner.links(runner.tenants("acme", origin_owner_id="customer-1"))
    result = runner.links(runner.tenants("globex", origin_owner_id="customer-1", state="absent"))
    assert result["summary"]["still_linked"] == 1
    (account,) = runner.emulator.accounts()
    (warning,) = result["results"][0]["warnings"]
    assert account["id"] in warning
    assert any("customer-1" in text for text in result["warnings"])


@pytest.mark.parametrize("hidden", [False, True])
def test_an_absent_tenant_whose_account_id_is_wrong_is_told(runner, hidden):
    """All three name the link, and two of them an account that stays."""
    runner.emulator.switch(setup_information_in_accounts=not hidden)
    runner.links(runner.tenants("acme", "globex"))
    wrong = runner.tenants("acme", account_id="12345", state="absent")
    result = runner.links(wrong)
    (warning,) = result["results"][0]["warnings"]
    assert warning.startswith("StackOne has no account 12345, but its owner still has others, which are kept: ")
    assert (result["summary"]["still_linked"], len(runner.emulator.accounts())) == (1, 2)
    assert runner.link("acme", account_id="12345", state="absent", api_key=None)["warnings"] == [warning]
    # The account of another domain is not the one that was meant.
    other = runner.tenants("hooli", origin_owner_id="customer-acme", account_id="12345", state="absent")
    assert runner.links(other)["summary"]["still_linked"] == 0


def duplicates(runner, *statuses, owner="customer-acme", domain="acme"):
    """Accounts of one link, the oldest first."""
    for second, status in enumerate(statuses):
        # Two that were made in the same millisecond would have no order.
        made = {"status": status, "created_at": f"2026-11-01T08:00:0{second}.000Z"}
        runner.emulator.add_account(origin_owner_id=owner, domain=domain, api_key=runner.tenant_key("acme"), **made)
    return [account["id"] for account in runner.emulator.accounts()]


def test_duplicates_are_told_and_left(runner):
    ids = duplicates(runner, "active", "active")
    result = runner.links(runner.tenants("acme"))
    assert result["results"][0]["failure"]["code"] == "ambiguous_account"
    assert "resolve_duplicates" in result["results"][0]["failure"]["remediation"]
    assert [account["id"] for account in runner.emulator.accounts()] == ids


@pytest.mark.parametrize(
    ("statuses", "kept"), [(("active", "active"), 0), (("error", "active", "active"), 1), (("error", "error"), 0)]
)
def test_a_repair_keeps_the_oldest_account_that_works(runner, statuses, kept):
    ids = duplicates(runner, *statuses)
    declared = runner.bulk(runner.tenants("acme"), resolve_duplicates=True, resolve_duplicates_limit=9)
    check, run, again = runner.play({**declared, "check": True}, declared, declared, module=LINKS).results
    unlinked = [one for one in ids if one != ids[kept]]
    for result in (check, run):
        assert [row["account_id"] for row in result["resolved"]] == unlinked
        assert {row["duplicate_of"] for row in result["resolved"]} == {ids[kept]}
        assert f"with domain acme, a duplicate of {ids[kept]}, which is kept" in result["diff"]["before"]
        assert result["summary"]["duplicates_resolved"] == len(unlinked)
    assert check["diff"] == run["diff"]
    assert again["resolved"] == []
    assert not again["changed"]
    (account,) = runner.emulator.accounts()
    assert (account["id"], account["status"]) == (ids[kept], "active")


def test_a_repair_never_goes_over_its_limit(runner):
    ids = duplicates(runner, "active", "active")
    result = runner.links(runner.tenants("acme"), resolve_duplicates=True)
    assert result["failure"]["code"] == "duplicates_refused"
    assert result["results"][0]["failure"]["code"] == "ambiguous_account"
    assert [account["id"] for account in runner.emulator.accounts()] == ids


def test_a_repair_leaves_the_owners_other_links(runner):
    ids = duplicates(runner, "active", "active")
    (other,) = set(duplicates(runner, "active", domain="globex")) - set(ids)
    tenants = runner.tenants("acme", "globex", origin_owner_id="customer-acme", allow_multiple=True)
    result = runner.links(tenants, resolve_duplicates=True, resolve_duplicates_limit=9)
    assert [row["account_id"] for row in result["resolved"]] == ids[1:]
    assert {account["id"] for account in runner.emulator.accounts()} == {ids[0], other}


def test_a_purged_account_is_no_tenant_in_any_count(runner):
    runner.emulator.add_account(origin_owner_id="former", domain="globex", api_key="an-old-key-0815")
    runner.known.add("an-old-key-0815")
    runner.emulator.fault(service="stackone", method="DELETE", path="/accounts/*", status=422)
    result = runner.links(runner.tenants("acme", "initech"), purge=True, purge_limit=1)
    assert "1 of 2 tenants failed: initech" in result["msg"]
    assert "Unlinking 1 of 1 other accounts failed: " in result["msg"]
    assert (result["summary"]["tenants"], result["summary"]["failed"]) == (2, 1)
