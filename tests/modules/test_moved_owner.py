# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A customer's id changes: the account of the former one is given to the new one, and no second one is linked."""

from __future__ import annotations

import pytest

from tests.support.module_runner import Hooks
from tests.support.playbook_runner import CREATE, DELETE, EDIT, PATCH, actions, assert_failed

FORMER, NEW = "customer-former", "customer-acme"
MOVED = {"previous_origin_owner_id": FORMER}


def former(runner, domain="acme", **fields):
    return runner.by_hand(domain, origin_owner_id=FORMER, **fields)


def owners(runner):
    return {account["id"]: account["origin_owner_id"] for account in runner.emulator.accounts()}


def rows(result):
    return {row["domain"]: row for row in result["results"]}


@pytest.fixture(params=["one", "list"])
def run(request, runner):
    """Return how a tenant is run: by the module for one, or in a list; the result has the same fields."""

    def one(**options):
        return runner.link(**options)

    def listed(**options):
        check = options.pop("check", False)
        domain = options.pop("domain", "acme")
        key = {"api_key": options.pop("api_key")} if "api_key" in options else {}
        (entry,) = runner.tenants(domain, **options)
        entry = {name: value for name, value in {**entry, **key}.items() if value is not None}
        result = runner.play({**runner.bulk([entry]), "check": check}, module="tenantlink.stackone.freshservice_links")
        (row,) = result.results[0]["results"]
        failed = "failure" in row
        done = [] if row["action"] == "none" else [row["action"]]
        return {"warnings": [], **row, "failed": failed, "actions": done, "msg": row.get("failure", {}).get("msg", "")}

    return one if request.param == "one" else listed


@pytest.mark.parametrize("key", [{}, {"api_key": None}], ids=["with a key", "without one"])
@pytest.mark.parametrize("shown", [True, False])
def test_the_account_moves(runner, run, key, shown):
    runner.emulator.switch(setup_information_in_accounts=shown)
    account = former(runner, origin_owner_name="Acme Ltd")
    planned = run(**MOVED, **key, check=True)
    assert (planned["actions"], runner.changing()) == (["update"], [])
    moved = run(**MOVED, **key)
    assert (moved["failed"], moved["actions"], runner.changing()) == (False, ["update"], [PATCH])
    assert owners(runner) == {account["id"]: NEW}
    assert runner.emulator.account(account["id"])["origin_owner_name"] == "Acme Ltd"
    again = run(**MOVED, **key)
    assert (again["failed"], again["changed"], runner.changing()) == (False, False, [PATCH])
    assert again.get("warnings", []) == []


def test_check_mode_shows_the_owners(runner):
    former(runner, origin_owner_name="Old Ltd")
    result = runner.converge(**MOVED, origin_owner_name="New Ltd", label="Desk")
    changed = {name for name, value in result["diff"]["after"].items() if result["diff"]["before"].get(name) != value}
    assert changed == {"origin_owner_id", "origin_owner_name", "label"}
    assert result["account"]["origin_owner_id"] == NEW
    (account,) = runner.emulator.accounts()
    assert (account["origin_owner_name"], account["label"]) == ("New Ltd", "Desk")


def test_an_account_that_is_named_after_its_owner_is_named_after_the_new_one(runner, run):
    account = former(runner, origin_owner_name=FORMER)
    run(**MOVED)
    assert runner.emulator.account(account["id"])["origin_owner_name"] == NEW


def test_moves_come_first_in_the_actions(runner):
    former(runner, status="error")
    assert runner.converge(**MOVED)["actions"] == ["update", "relink"]


def test_it_is_linked_again_after_it_has_moved(runner, run):
    account = former(runner, status="error", api_key="an-older-key-of-acme")
    runner.known.add("an-older-key-of-acme")
    result = run(**MOVED)
    assert (result["failed"], runner.changing()) == (False, [PATCH, EDIT])
    assert owners(runner) == {account["id"]: NEW}
    assert runner.emulator.account(account["id"])["status"] == "active"


@pytest.mark.parametrize(("how", "code"), [("refused", "stackone_rejected"), ("ignored", "change_not_kept")])
def test_if_stackone_does_not_nothing_else_is_done(runner, run, how, code):
    runner.emulator.switch(patch_owner=how)
    account = former(runner, status="error", label="Old")
    for _time in range(2):
        result = run(**MOVED, label="New", origin_owner_name="New Ltd")
        assert (result["failed"], result["failure"]["code"], result["changed"]) == (True, code, False)
        assert result["failure"]["phase"] == "apply"
        for word in ("acme", account["id"], FORMER, "No second account"):
            assert word in result["msg"]
    assert runner.changing() == [PATCH, PATCH]
    assert runner.emulator.accounts() == [account]


def test_a_lost_answer_is_looked_up(runner, run):
    former(runner, label="Old")
    runner.emulator.fault(service="stackone", method="PATCH", path="/accounts/*", drop="after", call=1, count=2)
    result = run(**MOVED, label="New")
    assert (result["failed"], result["actions"]) == (False, ["update"])
    assert set(owners(runner).values()) == {NEW}


def test_if_both_have_one_the_former_is_left(runner, run):
    account, own = former(runner), runner.by_hand()
    for _time in range(2):
        result = run(**MOVED, label="New")
        assert not result["failed"]
        (warning,) = [text for text in result["warnings"] if FORMER in text]
        assert account["id"] in warning
    assert runner.changing() == [PATCH]
    assert owners(runner) == {account["id"]: FORMER, own["id"]: NEW}


def test_another_domain_of_the_new_owner_is_not_overwritten(runner, run):
    account, own = former(runner), runner.by_hand("globex", origin_owner_id=NEW)
    result = run(**MOVED)
    assert (result["failed"], result["failure"]["code"]) == (True, "ambiguous_account")
    assert {row["account_id"] for row in result["failure"]["details"]["candidates"]} == {account["id"], own["id"]}
    assert runner.changing() == []


def test_another_domain_of_the_former_owner_is_another_customers(runner, run):
    account = former(runner, "globex")
    result = run(**MOVED)
    assert (result["failed"], result["failure"]["code"]) == (True, "account_mismatch")
    assert account["id"] in result["msg"]
    assert runner.changing() == []
    assert not run(**MOVED, account_id=account["id"])["failed"]
    assert owners(runner) == {account["id"]: NEW}
    assert runner.emulator.account(account["id"])["setup_information"]["domain"] == "acme"


def test_two_of_the_former_owner_are_ambiguous(runner, run):
    former(runner), former(runner, origin_owner_name="Another name")
    assert run(**MOVED)["failure"]["code"] == "ambiguous_account"
    assert runner.changing() == []


def test_without_either_a_new_one_is_linked(runner, run):
    assert run(**MOVED)["actions"] == ["create"]
    assert set(owners(runner).values()) == {NEW}


def test_a_refused_key_moves_nothing(runner, run):
    account = former(runner, "initech")
    assert run(domain="initech", **MOVED)["failed"]
    assert owners(runner) == {account["id"]: FORMER}


def test_absent_unlinks_what_would_have_moved(runner, run):
    other, account = former(runner, "globex"), former(runner)
    absent = {**MOVED, "state": "absent", "api_key": None}
    assert run(**absent, check=True)["actions"] == ["delete"]
    assert run(**absent)["actions"] == ["delete"]
    assert (owners(runner), runner.changing()) == ({other["id"]: FORMER}, [DELETE])
    assert run(**absent)["changed"] is False
    assert account["id"] not in owners(runner)


def test_absent_with_an_account_of_each_owner_unlinks_none(runner, run):
    """The first run would leave one of them, and the second run would unlink it."""
    account, own = former(runner), runner.by_hand()
    for _each in range(2):
        result = run(**MOVED, state="absent", api_key=None)
        assert result["failure"]["code"] == "ambiguous_account"
        assert account["id"] in result["failure"]["message"]
    assert set(owners(runner)) == {account["id"], own["id"]}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"previous_origin_owner_id": NEW}, "same as origin_owner_id"),
        ({"previous_origin_owner_id": FORMER, "state": "absent", "domain": None}, "needs domain"),
        ({"previous_origin_owner_id": "1.23457E+11"}, "previous_origin_owner_id"),
    ],
)
def test_what_cannot_be_meant_is_refused(runner, options, words):
    result = runner.link(**{"domain": "acme", **options})
    assert_failed(result, "invalid_argument", "arguments")
    assert words in result["msg"]


class TestList:
    """What entries of one list do to each other."""

    @pytest.fixture
    def entries(self, runner):
        def listed(*entries):
            return [
                {**entry, **runner.tenants(domain)[0], "origin_owner_id": owner, **more}
                for domain, owner, more in entries
                for entry in ({},)
            ]

        return listed

    @pytest.mark.parametrize("backwards", [False, True])
    @pytest.mark.parametrize(
        "chain",
        [
            {"acme": ("a", "b"), "globex": ("b", "c")},
            {"acme": ("a", "b"), "globex": ("b", "c"), "hooli": ("c", "d")},
            {"acme": ("a", "b"), "globex": ("b", "a")},
            {"acme": ("a", "b"), "globex": ("b", "c"), "hooli": ("c", "a")},
        ],
        ids=["chain", "longer chain", "swap", "circle"],
    )
    @pytest.mark.parametrize("rule", ["update", "duplicate"])
    def test_a_chain(self, runner, entries, chain, backwards, rule):
        runner.emulator.switch(hub_existing_triple=rule)
        ids = {}
        for domain, (owner, _new) in chain.items():
            key = runner.tenant_key(domain)
            ids[domain] = runner.by_hand(domain, origin_owner_id=owner, api_key=key, origin_owner_name=owner)["id"]
        listed = entries(*((domain, new, {"previous_origin_owner_id": old}) for domain, (old, new) in chain.items()))
        listed = listed[::-1] if backwards else listed
        result = runner.links(listed, purge=True, purge_limit=9)
        assert not result["failed"], result
        assert set(actions(result)) == {"update"}
        assert {ids[domain]: new for domain, (_old, new) in chain.items()} == owners(runner)
        for domain, (_old, new) in chain.items():
            stored = runner.emulator.account(ids[domain])
            assert (stored["origin_owner_name"], stored["setup_information"]["domain"]) == (new, domain)
        assert runner.links(listed, purge=True, purge_limit=9)["changed"] is False

    @pytest.mark.parametrize("rule", ["update", "duplicate"])
    def test_a_former_id_is_given_to_a_new_customer(self, runner, entries, rule):
        """The Hub would take the new customer's request for the account that has not moved yet (S51)."""
        runner.emulator.switch(hub_existing_triple=rule)
        account = former(runner, origin_owner_name=FORMER)
        listed = entries(("globex", FORMER, {}), ("acme", NEW, MOVED))
        result = runner.links(listed)
        assert (result["failed"], actions(result)) == (False, ["create", "update"])
        assert runner.linked() == {NEW: "acme", FORMER: "globex"}
        assert owners(runner)[account["id"]] == NEW
        assert runner.changing() == [PATCH, CREATE] or runner.changing() == [PATCH, PATCH, CREATE]
        assert runner.links(listed)["changed"] is False

    def test_a_former_owner_with_two_domains_is_split(self, runner, entries):
        former(runner), former(runner, "globex", api_key=runner.tenant_key("globex"))
        result = runner.links(entries(("acme", "one", MOVED), ("globex", "two", MOVED)))
        assert actions(result) == ["update", "update"]
        assert set(owners(runner).values()) == {"one", "two"}

    @pytest.mark.parametrize(
        "second", [("acme", "two", MOVED), ("acme", FORMER, {}), ("acme", FORMER, {"state": "absent"})]
    )
    def test_two_entries_for_one_account_are_refused(self, runner, entries, second):
        account = former(runner)
        result = runner.links(entries(("acme", "one", MOVED), second))
        assert (result["failed"], result["failure"]["code"]) == (True, "duplicate_tenant")
        assert account["id"] in result["msg"]
        assert runner.changing() == []

    @pytest.mark.parametrize(
        "spoil", [{}, {"label": "a\tb"}, {"previous_origin_owner_id": 4711.5}, {"api_key": "a-wrong-key-0815"}]
    )
    def test_a_purge_spares_the_account(self, runner, entries, spoil):
        """Whatever is wrong with its entry, the account of the former owner is not one that no entry stands for."""
        account = former(runner)
        runner.known.discard("a-wrong-key-0815")
        listed = entries(("acme", NEW, {**MOVED, **spoil}), ("globex", "customer-globex", {}))
        result = runner.links(listed, purge=True, purge_limit=9)
        assert result["purged"] == []
        assert account["id"] in owners(runner)

    def test_a_purge_spares_what_the_former_owner_still_has(self, runner, entries):
        account, _own = former(runner), runner.by_hand()
        result = runner.links(entries(("acme", NEW, MOVED)), purge=True, purge_limit=9)
        assert (result["failed"], result["purged"]) == (False, [])
        assert account["id"] in owners(runner)

    def test_fingerprints_are_not_fooled(self, runner, entries):
        options = {"fingerprints": str(runner.folder / "fingerprints.json")}
        runner.links(entries(("acme", FORMER, {})), **options)
        listed = entries(("acme", NEW, MOVED))
        assert actions(runner.links(listed, **options)) == ["update"]
        runner.emulator.clear_requests()
        assert actions(runner.links(listed, **options)) == ["none"]
        assert runner.emulator.requests(service="hub") == []
        runner.emulator.set_tenant("acme", rotate_key=True)
        result = runner.links(entries(("acme", NEW, MOVED)), **options)
        assert actions(result) == ["relink"]

    def test_moved_tenants_cost_no_listing_each(self, many):
        listings = []
        for count in (2, 40):
            tenants = many.tenants(*(f"t{number:05}" for number in range(1, count + 1)))
            listed = [{**entry, "previous_origin_owner_id": f"x{entry['domain']}"} for entry in tenants]
            many.links(listed)
            many.emulator.clear_requests()
            assert many.links(listed)["changed"] is False
            listings.append(len(many.emulator.requests(method="GET", path="/accounts")))
        assert listings[1] <= listings[0] + 1


def test_an_auth_link_is_for_the_account_that_would_move(runner):
    former(runner)
    (entry,) = runner.tenants("acme", **MOVED)
    options = {name: value for name, value in runner.connection().items() if name != "freshservice_url"}
    run = runner.play({**options, "tenants": [entry]}, module="tenantlink.stackone.auth_links")
    assert run.results[0]["owners"][0]["linked"] is True
    assert run.results[0]["owners"][0]["auth_link_url"] is None


@pytest.mark.parametrize(
    ("stored", "declared"),
    [({"status": "error"}, {}), ({"api_key": "an-older-key"}, {}), ({}, {"label": "Desk"}), ({}, {"state": "absent"})],
    ids=["broken", "another key", "another label", "absent"],
)
@pytest.mark.parametrize("module", ["freshservice_link", "freshservice_links"])
def test_an_account_that_was_given_away_after_it_was_listed_is_left_as_it_is(runner, module, stored, declared):
    """Else another customer would get this one's key."""
    account = runner.by_hand(**stored)
    (tenant,) = runner.tenants("acme", **declared)
    options = runner.bulk([tenant]) if module.endswith("links") else runner.options("acme", **declared)
    given = []

    def after(_number):
        if not given and runner.emulator.requests(path="/accounts"):
            given.append(runner.emulator.change_account(account["id"], origin_owner_id="customer-other"))

    run = runner.modules.enter(module, options, False, Hooks(after=after))
    (failure,) = run.failures
    assert (failure["code"], failure["phase"]) == ("account_mismatch", "apply")
    for word in (account["id"], "was given to owner customer-other", "customer-acme", "left as it is"):
        assert word in failure["message"]
    assert runner.changing() == []
    assert (runner.emulator.accounts(), run.result["changed"]) == (given, False)


def test_an_account_that_is_given_away_while_it_moves_is_named_with_its_new_owner(runner):
    account = former(runner)
    given = []

    def after(_number):
        if not given and runner.emulator.requests(method="PATCH"):
            given.append(runner.emulator.change_account(account["id"], origin_owner_id="customer-other"))

    options = runner.options("acme", **MOVED)
    (failure,) = runner.modules.enter("freshservice_link", options, False, Hooks(after=after)).failures
    assert (failure["code"], failure["phase"]) == ("account_mismatch", "apply")
    assert "was given to owner customer-other while it was moved" in failure["message"]
    assert owners(runner) == {account["id"]: "customer-other"}
