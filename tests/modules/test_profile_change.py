# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account is linked under another connector profile than the declared one (N1): refuse, relink or replace."""

from __future__ import annotations

import pytest

from tests.support.module_runner import Hooks
from tests.support.playbook_runner import CREATE, DELETE, EDIT, PATCH, actions

OLD_KEY = "an-old-key-0815"


@pytest.fixture(params=["session", "all"])
def profiles(request, runner):
    """The declared profile and the account's; the Hub lists one or all of them."""
    runner.emulator.switch(hub_connectors=request.param)
    first, second = runner.emulator.profiles()
    return first["integration_id"], second["integration_id"]


@pytest.fixture(params=["one", "list"])
def run(request, runner, profiles):
    """Return how the tenant is run, by the module for one or in a list; the result has the same fields."""
    declared = {"integration_id": profiles[0]}

    def one(**options):
        return runner.link(**declared, **options)

    def listed(**options):
        check = options.pop("check", False)
        run_options = {name: options.pop(name) for name in ("verify_link",) if name in options}
        (entry,) = runner.tenants("acme", **declared)
        entry = {name: value for name, value in {**entry, **options}.items() if value is not None}
        bulk = runner.bulk([entry], **run_options)
        result = runner.play({**bulk, "check": check}, module="tenantlink.stackone.freshservice_links").results[0]
        (row,) = result["results"]
        return {**row, "failed": "failure" in row, "msg": row.get("failure", {}).get("msg", "")}

    return one if request.param == "one" else listed


@pytest.fixture
def former(runner, profiles):
    return runner.by_hand(integration_id=profiles[1], label="Desk", type="test", origin_username="u@x", shared=False)


def stored(runner):
    return {account["id"]: account["integration_id"] for account in runner.emulator.accounts()}


def code(result):
    return result.get("failure", {}).get("code")


@pytest.mark.parametrize(
    "options", [{}, {"api_key": None}, {"update_credentials": "always"}, {"update_credentials": "on_create"}]
)
def test_by_default_it_is_refused(runner, run, profiles, former, options):
    for check in (True, False):
        result = run(label="New", check=check, **options)
        assert (code(result), result["failure"]["phase"], result["changed"]) == ("profile_differs", "observe", False)
        for word in ("acme", former["id"], *profiles, "Nothing was changed", "relink", "replace"):
            assert word in result["msg"]
        assert result["profile_drift"] == {"declared": profiles[0], "account": profiles[1]}
    assert (runner.changing(), runner.emulator.accounts()) == ([], [former])


@pytest.mark.parametrize("how", ["relink", "replace"])
def test_a_key_is_needed_to_change_it(runner, run, former, how):
    assert code(run(profile_change=how, api_key=None)) == "key_missing"
    assert runner.emulator.accounts() == [former]


@pytest.mark.parametrize("how", ["refuse", "relink", "replace"])
def test_the_declared_profile_is_no_difference(runner, run, profiles, how):
    runner.by_hand(integration_id=profiles[0])
    result = run(profile_change=how)
    assert (result["failed"], result["changed"], "profile_drift" in result) == (False, False, False)


def test_a_tenant_without_a_profile_costs_nothing(runner, former):
    before = runner.count("stackone")
    runner.link(profile_change="replace", api_key=None)
    plain = runner.count("stackone") - before
    assert [row for row in runner.emulator.requests() if row["service"] == "hub"] == []
    runner.emulator.clear_requests()
    runner.link(api_key=None)
    assert runner.count("stackone") == plain


class TestRelink:
    def test_the_account_moves(self, runner, run, profiles, former):
        planned = run(profile_change="relink", check=True)
        assert (planned["changed"], runner.changing()) == (True, [])
        result = run(profile_change="relink", label="New")
        assert (result["failed"], result["changed"]) == (False, True), result
        assert runner.changing() == [EDIT, PATCH]
        assert stored(runner) == {former["id"]: profiles[0]}
        again = run(profile_change="relink", label="New")
        assert (again["failed"], again["changed"]) == (False, False)

    def test_a_diff_shows_it(self, runner, profiles, former):
        result = runner.converge(profile_change="relink", integration_id=profiles[0])
        assert result["actions"] == ["relink"]
        sides = [result["diff"][side]["integration_id"] for side in ("before", "after")]
        assert sides == [profiles[1], profiles[0]]

    @pytest.mark.parametrize(("how", "expected"), [("refused", "stackone_rejected"), ("ignored", "change_not_kept")])
    def test_a_hub_that_does_not_is_told(self, runner, run, profiles, former, how, expected):
        runner.emulator.switch(hub_profile_change=how)
        for _time in range(2):
            result = run(profile_change="relink")
            assert (code(result), result["changed"]) == (expected, False), result
            for word in ("acme", former["id"], profiles[0], "replace"):
                assert word in result["msg"]
        assert stored(runner) == {former["id"]: profiles[1]}
        assert runner.emulator.account(former["id"])["status"] == "active"

    def test_on_create_does_not_keep_it(self, runner, run, profiles, former):
        assert not run(profile_change="relink", update_credentials="on_create")["failed"]
        assert stored(runner) == {former["id"]: profiles[0]}

    def test_a_refused_key_is_said_to_be_refused(self, runner, run, profiles, former):
        runner.emulator.set_tenant("acme", role="IT Agent")
        result = run(profile_change="relink")
        assert code(result) == "credentials_refused"
        assert stored(runner) == {former["id"]: profiles[1]}


class TestReplace:
    @pytest.mark.parametrize(
        "switches",
        [{}, {"hub_existing_triple": "duplicate"}, {"hub_test": "async"}, {"setup_information_in_accounts": False}],
        ids=str,
    )
    @pytest.mark.parametrize("verify", ["status", "call"])
    def test_the_new_one_comes_first(self, runner, run, profiles, former, switches, verify):
        runner.emulator.switch(**switches)
        planned = run(profile_change="replace", check=True)
        assert (planned["changed"], planned["replaced"], runner.changing()) == (True, [former["id"]], [])
        result = run(profile_change="replace", verify_link=verify)
        assert (result["failed"], result["changed"], result["replaced"]) == (False, True, [former["id"]]), result
        assert runner.changing() == [CREATE, DELETE]
        (account,) = runner.emulator.accounts()
        assert (account["id"] != former["id"], account["integration_id"], account["status"]) == (
            True,
            profiles[0],
            "active",
        )
        kept = (
            "origin_owner_id",
            "origin_owner_name",
            "origin_username",
            "label",
            "type",
            "shared",
            "setup_information",
        )
        assert {name: account[name] for name in kept} == {name: former[name] for name in kept}
        again = run(profile_change="replace")
        assert (again["failed"], again["changed"], again.get("replaced")) == (False, False, None)

    def test_it_is_proved_before_the_former_one_is_unlinked(self, runner, run, former):
        run(profile_change="replace", verify_link="call")
        rows = runner.emulator.requests()
        paths = [(row["method"], row["path"]) for row in rows]
        unlinked = paths.index(("DELETE", f"/accounts/{former['id']}"))
        assert ("POST", "/actions/rpc") in paths[:unlinked]
        (account,) = runner.emulator.accounts()
        assert ("GET", f"/hub/accounts/{account['id']}") in paths[:unlinked]

    def test_a_run_that_is_stopped_before_names_both(self, runner, profiles, former):
        """One tenant has its new account, and the former one is still linked: that is not what was declared."""
        hooks = Hooks()

        def after(_number):
            if runner.emulator.requests(method="POST", path="/hub/accounts"):
                hooks.stops[0].cancel("by SIGTERM")

        hooks.after = after
        declared = runner.tenants("acme", profile_change="replace", integration_id=profiles[0])
        run = runner.modules.enter("freshservice_links", runner.bulk(declared), False, hooks)
        (row,) = run.result["results"]
        assert (row["failure"]["code"], row["failure"]["phase"]) == ("stopped", "confirm")
        made = next(iter(stored(runner).keys() - {former["id"]}))
        assert (
            f"Account {former['id']} under the former connector profile is kept, in addition" in row["failure"]["msg"]
        )
        assert made in row["failure"]["msg"]
        assert run.result["summary"]["actions"].get("replace", 0) == 0
        result = runner.links(declared)
        assert "failure" not in result
        assert list(stored(runner)) == [made]

    @pytest.mark.parametrize("shown", [True, False])
    @pytest.mark.parametrize("domain", ["globex", "acme.freshservice.com"])
    def test_what_somebody_else_has_linked_with_the_former_one_is_kept(self, runner, profiles, former, shown, domain):
        """Another run of the same owner can use the account by then."""
        runner.emulator.switch(setup_information_in_accounts=shown)
        linked = []

        def after(_number):
            if not linked and runner.emulator.requests(method="POST", path="/hub/accounts"):
                linked.append(runner.emulator.change_account(former["id"], setup_information={"domain": domain}))

        options = runner.options("acme", profile_change="replace", integration_id=profiles[0])
        run = runner.modules.enter("freshservice_link", options, False, Hooks(after=after))
        assert linked
        if domain != "globex":
            assert run.failures == []
            assert former["id"] not in stored(runner)
            return
        (failure,) = run.failures
        assert failure["code"] == "account_mismatch"
        for word in (former["id"], "links the domain globex by now", "not unlinked"):
            assert word in failure["message"]
        assert stored(runner)[former["id"]] == profiles[1]

    def test_a_diff_shows_it(self, runner, profiles, former):
        declared = {"profile_change": "replace", "integration_id": profiles[0], "label": "New"}
        result = runner.converge(**declared)
        assert result["actions"] == ["create", "delete"]
        differing = {
            name for name, value in result["diff"]["after"].items() if result["diff"]["before"].get(name) != value
        }
        assert differing == {"integration_id", "label", "api_key"}

    def test_of_an_owner_with_several_domains(self, runner, run, profiles, former):
        other = runner.by_hand("globex", origin_owner_id="customer-acme", integration_id=profiles[1])
        result = run(profile_change="replace", allow_multiple=True)
        assert result["replaced"] == [former["id"]]
        assert stored(runner)[other["id"]] == profiles[1]
        assert sorted(stored(runner).values()) == sorted(profiles)

    def test_a_pinned_account_is_not_replaced(self, runner, run, former):
        result = run(profile_change="replace", account_id=former["id"])
        assert code(result) == "profile_differs"
        assert "Leave account_id out" in result["msg"]
        assert runner.changing() == []

    @pytest.mark.parametrize("leaves", [False, True])
    def test_a_refused_link_keeps_the_former_one(self, runner, run, profiles, former, leaves):
        runner.emulator.switch(hub_failed_create_leaves_account=leaves)
        runner.emulator.set_tenant("acme", role="IT Agent")
        result = run(profile_change="replace")
        assert code(result) == "credentials_refused"
        assert f"Account {former['id']} under the former connector profile is kept" in result["msg"]
        assert runner.emulator.account(former["id"]) == former
        assert len(stored(runner)) == 1 + leaves
        runner.emulator.set_tenant("acme", role="IT Supervisor")
        assert not run(profile_change="replace")["failed"]
        assert list(stored(runner).values()) == [profiles[0]]

    def test_a_link_that_turns_out_not_to_work_keeps_both_and_says_so(self, runner, run, profiles, former):
        runner.emulator.switch(hub_test="async", hub_async_delay_ms=10)
        runner.emulator.set_tenant("acme", role="IT Agent")
        result = run(profile_change="replace")
        assert result["failed"]
        (new,) = set(stored(runner)) - {former["id"]}
        assert former["id"] in result["msg"]
        assert new in result["msg"]
        assert runner.emulator.account(former["id"]) == former
        runner.emulator.switch(hub_test="sync")
        runner.emulator.set_tenant("acme", role="IT Supervisor")
        result = run(profile_change="replace")
        assert (result["failed"], result["replaced"]) == (False, [former["id"]]), result
        assert stored(runner) == {new: profiles[0]}

    def test_a_link_that_is_not_waited_for_is_not_proved(self, runner, run, former):
        runner.emulator.switch(hub_test="async", hub_async_delay_ms=60_000)
        result = run(profile_change="replace", verify_link="none")
        assert code(result) == "account_not_active"
        assert former["id"] in stored(runner)
        assert len(stored(runner)) == 2

    @pytest.mark.parametrize("lost", ["before", "after"])
    def test_a_lost_answer(self, runner, run, profiles, former, lost):
        runner.emulator.fault(service="hub", method="POST", path="/hub/accounts", drop=lost, call=1)
        result = run(profile_change="replace")
        assert code(result) == (None if lost == "after" else "create_uncertain"), result
        assert not run(profile_change="replace")["failed"]
        assert list(stored(runner).values()) == [profiles[0]]
        assert runner.changing().count(CREATE) == (1 if lost == "after" else 2)

    def test_the_former_one_that_cannot_be_unlinked(self, runner, run, profiles, former):
        runner.emulator.fault(service="stackone", method="DELETE", path="/accounts/*", status=403, call=1)
        result = run(profile_change="replace")
        assert code(result) == "stackone_forbidden"
        assert former["id"] in result["msg"]
        assert len(stored(runner)) == 2
        planned = run(profile_change="replace", check=True)
        assert (planned["changed"], planned["replaced"]) == (True, [former["id"]])
        result = run(profile_change="replace")
        assert (result["failed"], result["replaced"]) == (False, [former["id"]])
        assert list(stored(runner).values()) == [profiles[0]]

    def test_two_under_the_former_profile_are_ambiguous(self, runner, run, profiles, former):
        runner.by_hand(integration_id=profiles[1])
        assert code(run(profile_change="replace")) == "ambiguous_account"
        assert runner.changing() == []

    @pytest.mark.parametrize("how", ["refuse", "relink"])
    def test_without_replace_a_half_done_one_is_ambiguous(self, runner, run, profiles, former, how):
        runner.by_hand(integration_id=profiles[0])
        assert code(run(profile_change=how)) == "ambiguous_account"
        assert runner.changing() == []


class TestList:
    def listed(self, runner, profiles, *domains, **options):
        return runner.tenants(*domains, integration_id=profiles[0], profile_change="replace", **options)

    def test_a_purge_spares_what_is_not_replaced_yet(self, runner, profiles, former):
        runner.emulator.switch(hub_test="async", hub_async_delay_ms=10)
        runner.emulator.set_tenant("acme", role="IT Agent")
        result = runner.links(self.listed(runner, profiles, "acme"), purge=True, purge_limit=9)
        assert (result["failed"], result["purged"]) == (True, [])
        assert former["id"] in stored(runner)

    def test_a_purge_in_check_mode(self, runner, profiles, former):
        bulk = runner.bulk(self.listed(runner, profiles, "acme"), purge=True, purge_limit=9)
        result = runner.play({**bulk, "check": True}, module="tenantlink.stackone.freshservice_links").results[0]
        assert (result["failed"], result["purged"], actions(result)) == (False, [], ["create"])

    def test_duplicates_are_not_resolved_in_favour_of_the_former_one(self, runner, profiles, former):
        new = runner.by_hand(integration_id=profiles[0])
        result = runner.links(
            self.listed(runner, profiles, "acme"), resolve_duplicates=True, resolve_duplicates_limit=9
        )
        assert (result["failed"], result["resolved"]) == (False, [])
        assert stored(runner) == {new["id"]: profiles[0]}

    def test_fingerprints_remember_the_profile(self, runner, profiles, former):
        options = {"fingerprints": str(runner.folder / "fingerprints.json")}
        listed = self.listed(runner, profiles, "acme")
        assert actions(runner.links(listed, **options)) == ["create"]
        runner.emulator.clear_requests()
        assert actions(runner.links(listed, **options)) == ["none"]
        assert runner.emulator.requests(service="hub") == []
        moved = [{**entry, "integration_id": profiles[1], "profile_change": "refuse"} for entry in listed]
        result = runner.links(moved, **options)
        assert result["results"][0]["failure"]["code"] == "profile_differs"
        assert runner.emulator.requests(service="hub") == []
        without = [{**entry, "integration_id": None} for entry in listed]
        assert actions(runner.links(without, **options)) == ["none"]
        assert runner.emulator.requests(service="hub") == []
        assert actions(runner.links(listed, **options)) == ["none"]
        (account,) = runner.emulator.accounts()
        runner.emulator.change_account(account["id"], integration_id=profiles[1], label="By hand")
        keyless = [{**entry, "api_key": None} for entry in listed]
        assert runner.links(keyless, **options)["results"][0]["failure"]["code"] == "key_missing"
        assert actions(runner.links(listed, **options)) == ["create"]
        assert list(stored(runner).values()) == [profiles[0]]


def test_many_are_replaced_at_once(many):
    first, second = (profile["integration_id"] for profile in many.emulator.profiles())
    domains = [f"t{number:05}" for number in range(1, 21)]
    for domain in domains:
        linked = {"domain": domain, "api_key": many.keys[domain], "integration_id": second}
        many.emulator.add_account(origin_owner_id=f"customer-{domain}", **linked)
    result = many.links(many.tenants(*domains, integration_id=first, profile_change="replace"))
    assert (result["failed"], set(actions(result))) == (False, {"create"})
    assert set(stored(many).values()) == {first}
    assert len(many.linked()) == 20


@pytest.mark.parametrize(("status", "kept"), [("active", "declared"), ("error", None)])
def test_of_duplicates_the_one_under_the_declared_profile_is_kept(runner, profiles, former, status, kept):
    """It is the younger one. If it does not work while the other one does, neither is unlinked."""
    declared = runner.by_hand(integration_id=profiles[0], status=status)
    (tenant,) = runner.tenants("acme", integration_id=profiles[0])
    result = runner.links([tenant], resolve_duplicates=True, resolve_duplicates_limit=9)
    if kept:
        assert set(stored(runner)) == {declared["id"]}
        assert not result["failed"]
    else:
        assert set(stored(runner)) == {declared["id"], former["id"]}
        assert code(result["results"][0]) == "ambiguous_account"


def test_a_profile_that_is_not_shown_is_told(runner, profiles):
    runner.by_hand(integration_id=profiles[0])

    def hidden(method, path, content):
        return (
            {name: value for name, value in content.items() if name != "integrationId"}
            if "/hub/accounts/" in path
            else content
        )

    bulk = runner.bulk(runner.tenants("acme", integration_id=profiles[0]))
    (row,) = runner.modules.enter("freshservice_links", bulk, False, Hooks(rewrite=hidden)).result["results"]
    assert "StackOne does not show the connector profile of account" in row["warnings"][0]


def test_an_account_of_the_former_owner_is_replaced_as_well(runner, run, profiles):
    """A run was killed after it had made the new account, for the new id of the customer, and before it unlinked this one."""
    runner.by_hand(origin_owner_id="customer-former", integration_id=profiles[1])
    made = runner.by_hand(integration_id=profiles[0])
    result = run(profile_change="replace", previous_origin_owner_id="customer-former")
    assert (result["failed"], stored(runner)) == (False, {made["id"]: profiles[0]}), result
    assert run(profile_change="replace", previous_origin_owner_id="customer-former")["changed"] is False


def test_an_account_that_is_named_after_the_former_id_is_replaced_by_one_that_is_not(runner, run, profiles):
    runner.by_hand(origin_owner_id="customer-former", origin_owner_name="customer-former", integration_id=profiles[1])
    wanted = {"profile_change": "replace", "previous_origin_owner_id": "customer-former"}
    assert run(**wanted)["failed"] is False
    (account,) = runner.emulator.accounts()
    assert (account["origin_owner_id"], account["origin_owner_name"]) == ("customer-acme", "customer-acme")
    assert run(**wanted)["changed"] is False
