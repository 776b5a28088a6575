# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account that one entry moves or unlinks is not overwritten for another entry of its owner, whatever happens to the first."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.filter.tenants import tenants
from ansible_collections.tenantlink.stackone.plugins.module_utils._module.reading import PROBLEM
from tests.support.playbook_runner import LINKS

OWNER = "customer-before"
MOVED = {"previous_origin_owner_id": OWNER}


@pytest.fixture(autouse=True, params=["update", "duplicate"])
def rule(request, runner):
    """What StackOne does with a new link for an owner that has an account."""
    runner.emulator.switch(hub_existing_triple=request.param)
    return request.param


@pytest.fixture(params=[True, False], ids=["domains are listed", "domains are not listed"])
def shown(request, runner):
    runner.emulator.switch(setup_information_in_accounts=request.param)


def before(runner, **fields):
    return runner.by_hand("acme", origin_owner_id=OWNER, **fields)


def new(runner):
    """Declare another domain for the same owner."""
    (entry,) = runner.tenants("globex", origin_owner_id=OWNER)
    return entry


def taking(runner, **options):
    """Declare the tenant that takes the account away."""
    (entry,) = runner.tenants("acme", **options)
    return entry


def run(runner, entries, check=False, **options):
    played = runner.play({**runner.bulk(entries, **options), "check": check}, module=LINKS)
    return {row["domain"]: row for row in played.results[0]["results"]}


def domains(runner):
    """Return the owner and the domain of each account."""
    return sorted(
        (account["origin_owner_id"], account["setup_information"]["domain"]) for account in runner.emulator.accounts()
    )


def assert_waits(runner, rows, account):
    """Assert that the new tenant failed, and that the account is as it was."""
    row = rows["globex"]
    assert (row["action"], row["failure"]["code"]) == ("none", "account_claimed")
    for word in (account["id"], "acme", "entry "):
        assert word in row["failure"]["msg"]
    assert row["failure"]["details"]["account_id"] == account["id"]
    assert runner.emulator.account(account["id"]) == account


TAKING = {"moved": MOVED, "unlinked": {"origin_owner_id": OWNER, "state": "absent"}}


@pytest.mark.parametrize("order", [1, -1], ids=["taken first", "taken last"])
@pytest.mark.parametrize("how", TAKING)
def test_the_owner_is_linked_once_the_account_is_taken_away(runner, how, order, shown):
    account = before(runner)
    entries = [taking(runner, **TAKING[how]), new(runner)][::order]
    for check in (True, False):
        rows = run(runner, entries, check)
        assert not any("failure" in row for row in rows.values())
        assert [rows[name]["action"] for name in ("acme", "globex")] == [
            "update" if how == "moved" else "delete",
            "create",
        ]
        if check:
            assert runner.emulator.accounts() == [account]
    assert domains(runner) == [*([("customer-acme", "acme")] if how == "moved" else []), (OWNER, "globex")]
    assert {row["action"] for row in run(runner, entries).values()} == {"none"}


@pytest.mark.parametrize("order", [1, -1], ids=["taken first", "taken last"])
def test_nor_before_the_account_is_replaced(runner, order, shown):
    """The former account is unlinked at the end, when the new one is seen to work."""
    declared, former = (profile["integration_id"] for profile in runner.emulator.profiles())
    before(runner, integration_id=former)
    replacing = taking(runner, **MOVED, integration_id=declared, profile_change="replace")
    rows = run(runner, [replacing, new(runner)][::order])
    assert not any("failure" in row for row in rows.values())
    assert domains(runner) == [("customer-acme", "acme"), (OWNER, "globex")]


REASONS = {
    "its key is refused": {"api_key": "a-wrong-key-0815"},
    "its entry cannot be read": {"label": "#N/A"},
    "its option is misspelt": {"previous_origin_owner": OWNER},
    "nothing of it can be read": {PROBLEM: "line 2 has too many values."},
    "its name cannot be read": {"origin_owner_id": 47.11},
    "its domain cannot be read": {"domain": "not a label"},
    "its former owner is ambiguous": {},
    "its change is refused": {},
    "its change is ignored": {},
}


FAILING = {
    "its former id is forgotten": {},
    "it names another account": {"origin_owner_id": OWNER, "state": "absent", "account_id": "of-another"},
    "both ids have an account": {**MOVED, "state": "absent"},
}


@pytest.mark.parametrize("order", [1, -1], ids=["taken first", "taken last"])
@pytest.mark.parametrize("why", FAILING)
def test_an_account_is_not_given_away_whose_tenant_failed(runner, why, order, shown):
    """Its entry declares the domain that the account stores, so that the owner's other entry does not mean this account."""
    account = before(runner)
    options = dict(FAILING[why])
    if "another" in why:
        options["account_id"] = runner.by_hand("initech", origin_owner_id="customer-other")["id"]
    if "both" in why:
        runner.by_hand("acme", origin_owner_id="customer-acme")
    for check in (True, False):
        rows = run(runner, [taking(runner, **options), new(runner)][::order], check)
        # If no listing shows domains, nobody can know that its domain is linked for another owner.
        assert "failure" in rows["acme"] or ("forgotten" in why and rows["acme"]["action"] in ("create", "none"))
        assert rows["globex"]["failure"]["code"] == "account_claimed"
        assert runner.emulator.account(account["id"]) == account


@pytest.mark.parametrize("order", [1, -1], ids=["taken first", "taken last"])
@pytest.mark.parametrize("why", REASONS)
def test_if_it_is_not_taken_away_the_owner_waits(runner, why, order, shown):
    account = before(runner)
    if "change" in why:
        runner.emulator.switch(patch_owner=why.rpartition(" ")[2])
    if "ambiguous" in why:
        before(runner)
    options = REASONS[why]
    taken = {**options, "line": 2} if PROBLEM in options else taking(runner, **{**MOVED, **options})
    entries = [taken, new(runner)][::order]
    rows = run(runner, entries)
    assert all("failure" in row for row in rows.values())
    row = rows["globex"]
    assert row["failure"]["code"] == "account_claimed"
    assert runner.emulator.account(account["id"]) == account
    assert len(runner.emulator.accounts()) == 1 + ("ambiguous" in why)


@pytest.mark.parametrize("how", TAKING)
def test_a_part_of_a_list_leaves_what_is_others(runner, how, shown):
    account = before(runner)
    others = [{**taking(runner, **TAKING[how]), "position": 2}, {**new(runner), "position": 1}]
    for entry in others:
        del entry["api_key"]
    for check in (True, False):
        rows = run(runner, [{**new(runner), "position": 1}], check, other_tenants=others)
        assert_waits(runner, rows, account)
        assert "not part of this run" in rows["globex"]["failure"]["msg"]
    runner.links([taking(runner, **TAKING[how])])
    rows = run(runner, [{**new(runner), "position": 1}], other_tenants=others)
    assert rows["globex"]["action"] == "create"


OTHERS = {
    "its option is misspelt": {"previous_origin_owner": OWNER},
    "its state is misspelt": {"origin_owner_id": OWNER, "state": "absnt"},
    "its state has white space": {"origin_owner_id": OWNER, "state": " absent "},
    "its former owner has white space": {"previous_origin_owner_id": f" {OWNER}\u200b"},
    "it names the account alone": {"origin_owner_id": None, "domain": None, "state": "absent"},
}


@pytest.mark.parametrize("why", OTHERS)
def test_however_the_others_are_written(runner, why, shown):
    """The filter hands on what the module must know."""
    account = before(runner)
    other = {**taking(runner), **OTHERS[why], **({"account_id": account["id"]} if "names" in why else {})}
    other = {name: value for name, value in other.items() if value is not None}
    others = tenants([new(runner), other, {"domain": "initech", "origin_owner_id": "x"}], without_keys=True)
    row = run(runner, [{**new(runner), "position": 1}], other_tenants=others)["globex"]
    assert row["failure"]["code"] == "account_claimed"
    assert runner.emulator.accounts() == [account]


@pytest.mark.parametrize("order", [1, -1], ids=["before", "after"])
def test_a_part_of_a_list_leaves_an_account_whose_former_id_was_forgotten(runner, order, shown):
    """Whose it is shows only by its domain, which the others declare."""
    account = before(runner)
    listed = [new(runner), taking(runner)][::order]
    part = [{**new(runner), "position": listed.index(new(runner)) + 1}]
    others = tenants(listed, without_keys=True)
    for check in (True, False):
        row = run(runner, part, check, other_tenants=others)["globex"]
        assert row["failure"]["code"] == "account_claimed"
        assert "customer-acme" in row["failure"]["msg"]
    assert runner.emulator.accounts() == [account]
    runner.by_hand("acme", origin_owner_id="customer-acme")
    # The other one has an account of its own by now, so that the first one is free.
    assert run(runner, part, other_tenants=others)["globex"]["action"] == "relink"


SAME_LINK = {
    "one owner": ({}, {}),
    "one owner, one of many": ({"allow_multiple": True}, {}),
    "an account and its owner": ({"allow_multiple": True, "account_id": ""}, {}),
    "one account": ({"allow_multiple": True, "account_id": ""}, {"allow_multiple": True, "account_id": ""}),
}


@pytest.mark.parametrize("order", [1, -1], ids=["before", "after"])
@pytest.mark.parametrize("how", SAME_LINK)
def test_a_part_of_a_list_is_refused_as_the_list_is(runner, how, order, shown):
    """Two entries mean one link: whichever is linked takes it from the other one."""
    account = before(runner)
    entries = []
    for entry, options in zip(runner.tenants("acme", "globex", origin_owner_id=OWNER), SAME_LINK[how]):
        entries.append({**entry, **options, **({"account_id": account["id"]} if "account_id" in options else {})})
    listed = entries[::order]
    part = {**entries[1], "position": listed.index(entries[1]) + 1}
    for given in ({**runner.bulk(listed)}, runner.bulk([part], other_tenants=tenants(listed, without_keys=True))):
        result = runner.play(given, module=LINKS).results[0]
        assert result["failure"]["code"] == "duplicate_tenant", result
        assert result["failure"]["details"]["positions"] == [1, 2]
    assert runner.emulator.accounts() == [account]


@pytest.mark.parametrize("options", [{}, {"account_id": "of-nobody"}], ids=["an owner", "an account"])
def test_so_is_a_part_whose_account_does_not_exist_yet(runner, options):
    entries = runner.tenants("acme", "globex", origin_owner_id=OWNER, **options)
    part = runner.bulk([{**entries[1], "position": 2}], other_tenants=tenants(entries, without_keys=True))
    result = runner.play(part, module=LINKS).results[0]
    assert result["failure"]["code"] == "duplicate_tenant", result
    assert runner.emulator.accounts() == []


def test_others_that_mean_one_link_do_not_stop_a_part(runner):
    """They stop the run over the whole list."""
    (acme,) = runner.tenants("acme")
    others = tenants([*runner.tenants("globex", "initech", origin_owner_id=OWNER), acme], without_keys=True)
    row = run(runner, [{**acme, "position": 3}], other_tenants=others)["acme"]
    assert row["action"] == "create"


UNREAD = {
    "its owner was forgotten": {"origin_owner_id": None},
    "its owner was forgotten, and its account is named": {"origin_owner_id": None, "account_id": ""},
}


@pytest.mark.parametrize("why", UNREAD)
def test_others_that_cannot_be_read_are_met_by_a_part_as_by_the_list(runner, why, shown):
    account = before(runner)
    other = {name: value for name, value in {**taking(runner), **UNREAD[why]}.items() if value is not None}
    other = {**other, "account_id": account["id"]} if "account_id" in other else other
    listed = [other, new(runner)]
    part = [{**new(runner), "position": 2}]
    for entries, others in ((listed, None), (part, tenants(listed, without_keys=True))):
        row = run(runner, entries, **({"other_tenants": others} if others else {}))["globex"]
        assert row["failure"]["code"] == "account_claimed", row
        assert "which cannot be read, may mean it" in row["failure"]["msg"]
    assert runner.emulator.accounts() == [account]


def test_an_entry_of_another_provider_means_no_account_of_this_one(runner, shown):
    before(runner)
    other = {**taking(runner, origin_owner_id="another"), "provider": "jira"}
    listed = [other, new(runner)]
    assert "failure" not in run(runner, listed)["globex"]
    runner.emulator.reset()
    before(runner)
    part = [{**new(runner), "position": 2}]
    assert "failure" not in run(runner, part, other_tenants=tenants(listed, without_keys=True))["globex"]


def test_an_account_is_not_given_a_domain_that_is_linked_for_another_owner(runner):
    """Somebody wrote the id of another customer: that customer's only account would link this domain then."""
    accounts = [before(runner), runner.by_hand("globex", origin_owner_id="customer-globex")]
    for check in (True, False):
        row = run(runner, [new(runner)], check)["globex"]
        assert row["failure"]["code"] == "domain_linked_elsewhere", row
        assert accounts[1]["id"] in row["failure"]["msg"]
    assert runner.emulator.accounts() == accounts
    leaving = {"domain": "globex", "origin_owner_id": "customer-globex", "state": "absent"}
    assert run(runner, [leaving, new(runner)])["globex"]["action"] == "relink"
    assert domains(runner) == [(OWNER, "globex")]


def test_a_former_owner_keeps_an_account_of_its_own(runner, shown):
    """The other one has moved long ago; then its former owner was linked once more, with the same domain."""
    runner.by_hand("acme", origin_owner_id="customer-acme", api_key=runner.keys["acme"])
    runner.by_hand("acme", origin_owner_id=OWNER, api_key=runner.keys["acme"])
    accounts = runner.emulator.accounts()
    entries = [
        taking(runner, **MOVED),
        *runner.tenants("acme", origin_owner_id=OWNER, allow_shared_domain=True),
    ]
    for listed in (entries, entries[::-1]):
        played = runner.links(listed)
        assert [row["action"] for row in played["results"]] == ["none", "none"], played
    assert runner.emulator.accounts() == accounts


def test_an_account_is_not_unlinked_for_one_entry_and_linked_for_another(runner, shown):
    account = before(runner)
    entries = [*runner.tenants("acme", origin_owner_id=OWNER), taking(runner, **MOVED, state="absent")]
    for listed in (entries, entries[::-1]):
        result = runner.play(runner.bulk(listed), module=LINKS).results[0]
        assert result["failure"]["code"] == "duplicate_tenant", result
    assert runner.emulator.accounts() == [account]


def test_an_account_of_its_own_is_never_waited_for(runner, shown):
    """Others may have moves of the same owner in their past, or faults in their entries."""
    runner.by_hand("globex", origin_owner_id=OWNER, api_key=runner.keys["globex"])
    runner.by_hand("acme", origin_owner_id="customer-acme")
    for options in (MOVED, {**MOVED, "label": "#N/A"}, {**MOVED, "api_key": "a-wrong-key-0815"}):
        rows = run(runner, [taking(runner, **options), new(runner)])
        assert "failure" not in rows["globex"], rows["globex"]
        rows = run(runner, [new(runner)], other_tenants=[{**taking(runner, **options), "position": 7}])
        assert "failure" not in rows["globex"], rows["globex"]


def test_an_owner_with_several_accounts_gets_one_more(runner, shown):
    account = before(runner)
    rows = run(runner, [taking(runner, **MOVED, api_key="a-wrong-key-0815"), {**new(runner), "allow_multiple": True}])
    assert rows["globex"]["action"] == "create"
    assert runner.emulator.account(account["id"]) == account
