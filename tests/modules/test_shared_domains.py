# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One domain for several owners: an account is not given another customer's domain, and a domain that two owners share is named."""

from __future__ import annotations

import pytest

from tests.support.module_runner import Hooks
from tests.support.playbook_runner import LINKS

OWNER = "customer-before"


@pytest.fixture(autouse=True, params=["update", "duplicate"])
def rule(request, runner):
    """What StackOne does with a new link for an owner that has an account."""
    runner.emulator.switch(hub_existing_triple=request.param)
    return request.param


def before(runner):
    return runner.by_hand("acme", origin_owner_id=OWNER)


def new(runner):
    """Declare another domain for the same owner."""
    (entry,) = runner.tenants("globex", origin_owner_id=OWNER)
    return entry


def run(runner, entries, check=False, **options):
    return runner.play({**runner.bulk(entries, **options), "check": check}, module=LINKS).results[0]


def rows_of(runner, entries):
    return {row["domain"]: row for row in run(runner, entries)["results"]}


def domains(runner):
    """Return the owner and the domain of each account."""
    return sorted(
        (account["origin_owner_id"], account["setup_information"]["domain"]) for account in runner.emulator.accounts()
    )


def without(account_id, listed):
    """Return an answer that does not show the domain of an account, if it is a listing."""
    if not isinstance(listed, list):
        return listed
    return [{**each, "setup_information": None} if each["id"] == account_id else each for each in listed]


@pytest.mark.parametrize("replace", [False, True], ids=["same profile", "another profile"])
@pytest.mark.parametrize("keyed", [True, False], ids=["with both keys", "the first has no key"])
def test_two_accounts_do_not_get_one_domain(runner, keyed, replace):
    """The first entry gets it, or nobody: the next run could not tell that the second customer lost its own domain."""
    accounts = [before(runner), runner.by_hand("initech", origin_owner_id="customer-initech")]
    first, second = new(runner), {**new(runner), "origin_owner_id": "customer-initech"}
    if replace:
        profile = runner.emulator.profiles()[1]["integration_id"]
        first, second = ({**each, "integration_id": profile, "profile_change": "replace"} for each in (first, second))
    if not keyed:
        del first["api_key"]
    for check in (True, False):
        rows = runner.play({**runner.bulk([first, second]), "check": check}, module=LINKS).results[0]["results"]
        assert rows[1]["failure"]["code"] == "domain_linked_elsewhere", rows[1]
        assert rows[0].get("failure", {}).get("code") == (None if keyed else "key_missing"), rows[0]
    assert accounts[1] in runner.emulator.accounts()
    assert keyed == ((OWNER, "globex") in domains(runner))


def test_a_domain_of_another_owner_is_kept_from_an_account_whose_own_is_not_listed(runner):
    """Only the Hub says what the account stores; the other customer's account is listed with its domain."""
    hidden = before(runner)
    accounts = [hidden, runner.by_hand("globex", origin_owner_id="customer-globex")]
    hooks = Hooks(
        rewrite=lambda method, path, data: without(hidden["id"], data) if path.endswith("/accounts") else data
    )
    for check in (True, False):
        played = runner.modules.enter(LINKS.rpartition(".")[2], runner.bulk([new(runner)]), check, hooks)
        (row,) = played.result["results"]
        assert row["failure"]["code"] == "domain_linked_elsewhere", row
    assert runner.emulator.accounts() == accounts


def test_unless_that_is_declared(runner):
    before(runner)
    runner.by_hand("globex", origin_owner_id="customer-globex")
    assert rows_of(runner, [{**new(runner), "allow_shared_domain": True}])["globex"]["action"] == "relink"


def test_an_account_that_keeps_its_domain_is_not_refused_another(runner):
    accounts = [before(runner), runner.by_hand("globex", origin_owner_id="customer-globex")]
    row = rows_of(runner, [{**new(runner), "update_credentials": "on_create"}])["globex"]
    assert (row["action"], row.get("failure")) == ("none", None), row
    assert "it is kept because update_credentials is on_create" in row["warnings"][0]
    assert runner.emulator.accounts() == accounts


@pytest.mark.parametrize("order", [1, -1], ids=["new first", "new last"])
@pytest.mark.parametrize("resolving", [False, True], ids=["left", "resolved"])
@pytest.mark.parametrize("part", ["whole list", "part of the list"])
def test_a_domain_of_which_another_owner_has_several_accounts(runner, order, resolving, part):
    """StackOne does not list the domains, and the Hub shows that both accounts of the other entry store this one."""
    runner.emulator.switch(setup_information_in_accounts=False)
    for _account in range(2):
        runner.by_hand("globex", origin_owner_id="customer-globex", api_key=runner.keys["globex"])
    (other,) = runner.tenants("globex", origin_owner_id="customer-globex")
    entries = [{**each, "position": number} for number, each in enumerate([new(runner), other][::order], 1)]
    options = {"resolve_duplicates": resolving, "resolve_duplicates_limit": 9}
    if part == "part of the list":
        apart = next(each for each in entries if each["origin_owner_id"] == "customer-globex")
        entries.remove(apart)
        options = {"other_tenants": [apart]}
    rows = {row["origin_owner_id"]: row for row in run(runner, entries, **options)["results"]}
    assert rows[OWNER]["failure"]["code"] == "domain_linked_elsewhere", rows
    assert {owner for owner, _domain in domains(runner)} == {"customer-globex"}


@pytest.mark.parametrize("other", [{"account_id": "0815"}, {"update_credentials": "on_create"}])
def test_an_entry_that_cannot_get_the_domain_keeps_it_from_nobody(runner, other):
    """It names an account that does not exist, or keeps the domain that its account has."""
    before(runner)
    (wanting,) = runner.tenants("globex", origin_owner_id="customer-globex")
    rows = {row["origin_owner_id"]: row for row in run(runner, [wanting, {**new(runner), **other}])["results"]}
    assert rows["customer-globex"]["action"] == "create", rows


def test_an_account_that_is_moved_by_its_id_does_not_get_a_domain_of_its_former_owner(runner):
    """The former owner keeps an account of that domain, so that two customers would have it."""
    accounts = [before(runner), runner.by_hand("globex", origin_owner_id=OWNER)]
    moved = {"origin_owner_id": "customer-globex", "previous_origin_owner_id": OWNER, "account_id": accounts[0]["id"]}
    (row,) = run(runner, [{**new(runner), **moved}])["results"]
    assert row["failure"]["code"] == "domain_linked_elsewhere", row
    assert runner.emulator.accounts() == accounts


def test_an_account_named_by_its_id_does_not_get_the_domain_of_its_owners_other_one(runner):
    """The owner would have two accounts of one link, and every later run without the id would be refused."""
    accounts = [before(runner), runner.by_hand("globex", origin_owner_id=OWNER)]
    for check in (True, False):
        (row,) = run(runner, [{**new(runner), "account_id": accounts[0]["id"]}], check)["results"]
        assert row["failure"]["code"] == "domain_linked_elsewhere", row
        for word in (accounts[1]["id"], f"not as account {accounts[0]['id']}", "Correct account_id"):
            assert word in row["failure"]["msg"]
    assert runner.emulator.accounts() == accounts
    # The one that has the domain may be named.
    (row,) = run(runner, [{**new(runner), "account_id": accounts[1]["id"]}])["results"]
    assert (row["account_id"], "failure" in row) == (accounts[1]["id"], False), row


def test_two_swapped_ids_change_nothing(runner):
    """Without previous_origin_owner_id, each account would get the other customer's domain and key."""
    accounts = [before(runner), runner.by_hand("globex", origin_owner_id="customer-globex")]
    (acme,) = runner.tenants("acme", origin_owner_id="customer-globex")
    rows = rows_of(runner, [acme, new(runner)])
    assert {row["failure"]["code"] for row in rows.values()} == {"domain_linked_elsewhere"}
    assert runner.emulator.accounts() == accounts


SHARED = "linked for another owner as well"


def shared_warnings(result):
    return [warning for warning in result.get("warnings", ()) if SHARED in warning]


@pytest.fixture
def two_owners(runner):
    """Let two owners have an account of one domain, as two runs make them that begin together."""
    theirs = runner.by_hand("acme", origin_owner_id="C-1", api_key=runner.keys["acme"])
    ours = runner.by_hand("acme", origin_owner_id="c-1", api_key=runner.keys["acme"])
    return ours, theirs


@pytest.mark.parametrize("check", [True, False])
def test_a_domain_of_two_owners_is_named_in_every_run(runner, two_owners, check):
    for _run in range(2):
        result = run(runner, runner.tenants("acme", "globex", origin_owner_id="c-1")[:1], check)
        assert result["failed"] is False
        (warning,) = shared_warnings(result)
        for word in ("acme", two_owners[1]["id"], "'C-1'", "allow_shared_domain"):
            assert word in warning


@pytest.mark.parametrize("declared_by", ["itself", "the other", "an entry that is not part of the run"])
def test_unless_either_entry_declares_that(runner, two_owners, declared_by):
    (mine,) = runner.tenants("acme", origin_owner_id="c-1")
    (other,) = runner.tenants("acme", origin_owner_id="C-1")
    sharing = {**(mine if declared_by == "itself" else other), "allow_shared_domain": True}
    if declared_by == "an entry that is not part of the run":
        result = run(runner, [mine], other_tenants=[{**sharing, "position": 7}])
    else:
        result = run(runner, [sharing] if declared_by == "itself" else [mine, sharing])
    assert result["failed"] is False
    assert not shared_warnings(result)


def test_nor_if_the_run_unlinks_the_other_account(runner, two_owners):
    for options in ({"check": True}, {}):
        result = run(runner, runner.tenants("acme", origin_owner_id="c-1"), purge=True, purge_limit=1, **options)
        assert [row["account_id"] for row in result["purged"]] == [two_owners[1]["id"]], result
        assert not shared_warnings(result)
    assert domains(runner) == [("c-1", "acme")]


def test_nor_if_the_other_account_gets_another_domain(runner, two_owners):
    (other,) = runner.tenants("globex", origin_owner_id="C-1")
    for check in (True, False):
        result = run(runner, [*runner.tenants("acme", origin_owner_id="c-1"), other], check)
        assert [row["action"] for row in result["results"]] == ["none", "relink"], result
        assert not shared_warnings(result)


def test_nor_if_the_other_account_has_another_domain(runner):
    runner.by_hand("globex", origin_owner_id="C-1")
    result = runner.links(runner.tenants("acme", origin_owner_id="c-1"))
    assert not shared_warnings(result)
    assert not shared_warnings(runner.links(runner.tenants("acme", origin_owner_id="c-1")))
