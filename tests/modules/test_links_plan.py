# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that is saved, and carried out exactly: nothing that is not in it is done, and what has changed since fails."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from tests.support.collection import ROOT
from tests.support.module_runner import Hooks
from tests.support.playbook_runner import actions

SCHEMA = ROOT / "docs" / "examples" / "plan.schema.json"
DOMAINS = [f"t{number:05d}" for number in range(1, 6)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "plan.json"


def of_all_kinds(runner):
    """One tenant for each action, and one that needs none. Return the list; the accounts of the others exist."""
    add = runner.emulator.add_account
    create, same, update, relink, delete = runner.tenants(*DOMAINS)
    for tenant in (same, update, delete):
        add(origin_owner_id=tenant["origin_owner_id"], domain=tenant["domain"], api_key=tenant["api_key"])
    add(origin_owner_id=relink["origin_owner_id"], domain=relink["domain"], api_key="an-old-key-0123456789")
    update["label"] = "New"
    return [create, same, update, relink, {**delete, "state": "absent"}]


def save(runner, tenants, path, **options):
    return runner.links(tenants, save_plan=str(path), **options)


def carry_out(runner, tenants, path, **options):
    return runner.links(tenants, plan=str(path), **options)


def stale(result):
    """The rows that fail as stale."""
    return [row for row in result["results"] if row.get("failure", {}).get("code") == "plan_stale"]


def test_a_plan_is_carried_out(many, path):
    tenants = of_all_kinds(many)
    before = many.emulator.accounts()
    made = save(many, tenants, path)
    assert many.emulator.accounts() == before
    assert many.changing() == []
    assert actions(made) == ["create", "none", "update", "relink", "delete"]
    assert made["plan"] == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert not any(key in path.read_text() for key in (*many.keys.values(), many.emulator.stackone_api_key))
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(json.loads(path.read_text()))
    steps = json.loads(path.read_text())["tenants"]
    assert [step["actions"] for step in steps] == [["create"], [], ["update"], ["relink"], ["delete"]]
    assert all(step["reasons"] for step in steps if step["actions"])
    assert steps[2]["changes"] == {"label": {"before": None, "after": "New"}}
    done = carry_out(many, tenants, path)
    assert actions(done) == actions(made)
    assert not done["failed"]
    assert [row.get("reasons") for row in done["results"]] == [row.get("reasons") for row in made["results"]]
    again = carry_out(many, tenants, path)
    assert not again["failed"]
    assert not again["changed"]


def declared_label(tenants, runner):
    tenants[2]["label"] = "Newer"
    return 2


def declared_key(tenants, runner):
    tenants[3]["api_key"] = runner.emulator.set_tenant(DOMAINS[3], rotate_key=True)["new_api_key"]
    return 3


def account_label(tenants, runner):
    runner.emulator.change_account(account_of(runner, tenants[2]), label="By hand")
    return 2


def account_status(tenants, runner):
    runner.emulator.change_account(account_of(runner, tenants[1]), status="expired")
    return 1


def account_to_unlink(tenants, runner):
    runner.emulator.change_account(account_of(runner, tenants[4]), label="By hand")
    return 4


def linked_meanwhile(tenants, runner):
    runner.emulator.add_account(
        origin_owner_id=tenants[0]["origin_owner_id"], domain="acme", api_key="an-other-key-01234"
    )
    return 0


def unlinked_meanwhile(tenants, runner):
    runner.emulator.remove_account(account_of(runner, tenants[2]))
    return 2


def account_of(runner, tenant):
    (account,) = [a for a in runner.emulator.accounts() if a["origin_owner_id"] == tenant["origin_owner_id"]]
    return account["id"]


WORDS = {
    "declared_label": "its declaration or key has changed",
    "declared_key": "its declaration or key has changed",
    "account_label": "(label was unset, and is By hand)",
    "account_status": "it needed no change when the plan was made, and would be re-linked now",
    "account_to_unlink": "(label was unset, and is By hand)",
    "linked_meanwhile": "its account was none when the plan was made, and is account ",
    "unlinked_meanwhile": ", and is none now",
}
CHANGES = [
    *(
        declared_label,
        declared_key,
        account_label,
        account_status,
        account_to_unlink,
        linked_meanwhile,
        unlinked_meanwhile,
    )
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("check_mode", [False, True])
def test_only_what_has_changed_since_is_left_alone(many, path, change, check_mode):
    tenants = of_all_kinds(many)
    planned = actions(save(many, tenants, path))
    position = change(tenants, many)
    before = [a for a in many.emulator.accounts() if a["origin_owner_id"] == tenants[position]["origin_owner_id"]]
    result = carry_out(many, tenants, path, check=check_mode)
    (row,) = stale(result)
    assert row == result["results"][position]
    assert WORDS[change.__name__] in row["failure"]["msg"]
    assert "so nothing was done. Make a new plan" in row["failure"]["msg"]
    assert tenants[position]["domain"] in row["failure"]["msg"]
    assert row["action"] == "none"
    planned[position] = "none"
    assert actions(result) == planned
    after = [a for a in many.emulator.accounts() if a["origin_owner_id"] == tenants[position]["origin_owner_id"]]
    assert after == before


def meanwhile(runner, change, **options):
    """The result of a run during which somebody else changes something, right after its listing."""

    def after(number):
        if number == 1:
            change()

    run = runner.modules.enter("freshservice_links", runner.bulk(**options), False, Hooks(after=after))
    return run.result


@pytest.mark.parametrize("position", [2, 3, 4])
def test_an_account_is_looked_at_once_more_right_before_it_is_changed(many, path, position):
    tenants = of_all_kinds(many)
    save(many, tenants, path)
    account = account_of(many, tenants[position])
    result = meanwhile(
        many, lambda: many.emulator.change_account(account, label="By hand"), tenants=tenants, plan=str(path)
    )
    (row,) = stale(result)
    assert row == result["results"][position]
    assert "(label was unset, and is By hand)" in row["failure"]["msg"]
    assert many.emulator.account(account)["label"] == "By hand"


def test_an_account_to_purge_is_looked_at_once_more(runner, path):
    """With a plan and without one, in which a scope counts."""
    (kept,) = runner.tenants("acme")
    former = runner.emulator.add_account(origin_owner_id="former", domain="former", api_key="an-old-key", label="Ours")

    def relabel():
        runner.emulator.change_account(former["id"], label="Theirs")

    save(runner, [kept], path, purge=True, purge_limit=1)
    result = meanwhile(runner, relabel, tenants=[kept], plan=str(path))
    assert [row["failure"]["code"] for row in result["purged"]] == ["plan_stale"]
    runner.emulator.change_account(former["id"], label="Ours")
    scope = {"purge": True, "purge_limit": 1, "purge_scope": {"labels": ["Ours"]}}
    result = meanwhile(runner, relabel, tenants=[kept], **scope)
    assert [row["failure"]["code"] for row in result["purged"]] == ["account_mismatch"]
    assert "was not unlinked, because it is outside purge_scope by now" in result["msg"]
    assert runner.emulator.account(former["id"])["label"] == "Theirs"


@pytest.mark.parametrize("planned", [False, True])
@pytest.mark.parametrize("change", ["unlinked", "error", "moved", "kept moved", "kept of another"])
def test_a_duplicate_stays_if_the_account_that_is_kept_has_changed(runner, path, planned, change):
    (tenant,) = runner.tenants("acme")
    first, second = (
        runner.emulator.add_account(origin_owner_id=tenant["origin_owner_id"], domain="acme", api_key=tenant["api_key"])
        for _each in range(2)
    )

    def do():
        if change == "unlinked":
            runner.emulator.remove_account(first["id"])
        elif change == "error":
            runner.emulator.change_account(first["id"], status="error")
        elif change == "kept moved":
            runner.emulator.change_account(first["id"], setup_information={"domain": "globex"})
        elif change == "kept of another":
            runner.emulator.change_account(first["id"], origin_owner_id="somebody-else")
        else:
            runner.emulator.change_account(second["id"], setup_information={"domain": "globex"})

    options = {"resolve_duplicates": True, "resolve_duplicates_limit": 9}
    if planned:
        save(runner, [tenant], path, **options)
        options = {"plan": str(path)}
    result = meanwhile(runner, do, tenants=[tenant], **options)
    (row,) = result["resolved"]
    assert row["failure"]["code"] in ("account_mismatch", "plan_stale")
    assert second["id"] in {account["id"] for account in runner.emulator.accounts()}


def test_nothing_that_is_not_planned_is_done(many, path):
    tenants = of_all_kinds(many)
    save(many, tenants[:1], path)
    result = carry_out(many, tenants, path, purge=True, purge_limit=99, resolve_duplicates=True)
    assert actions(result) == ["create", "none", "none", "none", "none"]
    assert len(stale(result)) == 4
    assert "it is not in the plan" in stale(result)[0]["failure"]["msg"]
    assert len(many.emulator.accounts()) == 5


def test_planned_duplicates_stay_if_they_are_forbidden(runner, path):
    (tenant,) = runner.tenants("acme")
    for _each in range(2):
        runner.emulator.add_account(origin_owner_id=tenant["origin_owner_id"], domain="acme", api_key=tenant["api_key"])
    save(runner, [tenant], path, resolve_duplicates=True, resolve_duplicates_limit=9)
    result = carry_out(runner, [tenant], path, resolve_duplicates=False)
    assert result["results"][0]["failure"]["code"] == "ambiguous_account"
    assert len(runner.emulator.accounts()) == 2
    assert not carry_out(runner, [tenant], path)["failed"]
    assert len(runner.emulator.accounts()) == 1


def test_a_tenant_of_the_plan_that_left_the_list_is_told(many, path):
    tenants = of_all_kinds(many)
    save(many, tenants, path)
    result = carry_out(many, tenants[1:], path)
    assert result["failure"]["code"] == "plan_stale"
    assert (
        "1 tenant of the plan is not in the list, and was left alone: t00001 (owner customer-t00001)" in result["msg"]
    )
    assert actions(result) == ["none", "update", "relink", "delete"]
    # Nothing was planned for it.
    assert not carry_out(many, tenants[:1] + tenants[2:], path)["failed"]


def test_what_failed_when_it_was_planned_is_not_done_later(runner, path):
    tenants = runner.tenants("acme", "initech")
    made = save(runner, tenants, path)
    assert [row.get("failure", {}).get("code") for row in made["results"]] == [None, "key_refused"]
    assert json.loads(path.read_text())["tenants"][1]["failure"]["code"] == "key_refused"
    runner.emulator.set_tenant("initech", api_key_enabled=True)
    result = carry_out(runner, tenants, path)
    assert "could not be planned (key_refused)" in stale(result)[0]["failure"]["msg"]
    assert actions(result) == ["create", "none"]


def test_a_purge_is_planned_and_carried_out(runner, path):
    (kept,) = runner.tenants("acme")
    for number in range(3):
        runner.emulator.add_account(origin_owner_id=f"former-{number}", domain=f"former-{number}", api_key="an-old-key")
    made = save(runner, [kept], path, purge=True, purge_limit=3)
    assert [row["reasons"] for row in made["purged"]] == [["No tenant of the list has it"]] * 3
    runner.emulator.add_account(origin_owner_id="later", domain="later", api_key="an-old-key")
    touched = next(a for a in runner.emulator.accounts() if a["origin_owner_id"] == "former-1")
    runner.emulator.change_account(touched["id"], label="Somebody's")
    result = carry_out(runner, [kept], path)
    codes = {row["origin_owner_id"]: row.get("failure", {}).get("code") for row in result["purged"]}
    assert codes == {"former-0": None, "former-1": "plan_stale", "former-2": None}
    owners = {account["origin_owner_id"] for account in runner.emulator.accounts()}
    assert owners == {"customer-acme", "former-1", "later"}


def test_an_account_to_purge_that_somebody_declared_since_is_kept(runner, path):
    (kept, later) = runner.tenants("acme", "globex")
    runner.emulator.add_account(origin_owner_id=later["origin_owner_id"], domain="globex", api_key=later["api_key"])
    runner.emulator.add_account(origin_owner_id="former", domain="former", api_key="an-old-key")
    save(runner, [kept], path, purge=True, purge_limit=2)
    result = carry_out(runner, [kept, later], path)
    assert (
        "2 accounts to purge are not purged, because the list is not, or not all of, the list of the plan"
        in result["msg"]
    )
    assert result["failure"]["code"] == "plan_stale"
    assert len(runner.emulator.accounts()) == 3


def test_a_purge_is_not_wider_than_the_scope_of_either_run(runner, path):
    (kept,) = runner.tenants("acme")
    for label in ("Ours", "Theirs"):
        runner.emulator.add_account(origin_owner_id=label, domain=label.lower(), api_key="an-old-key", label=label)
    save(runner, [kept], path, purge=True, purge_limit=2)
    result = carry_out(runner, [kept], path, purge_scope={"labels": ["Ours"]})
    assert result["failure"]["code"] == "plan_stale"
    assert (
        "1 account to purge is not purged, because the list may mean them, or they are outside purge_scope"
        in result["msg"]
    )
    assert sorted(a["origin_owner_id"] for a in runner.emulator.accounts()) == ["Theirs", "customer-acme"]


def test_a_part_of_the_list_purges_nothing(runner, path):
    """`freshservice_link_only` says so with `purge: false`: which accounts belong to no tenant is not seen in a part."""
    (kept,) = runner.tenants("acme")
    runner.emulator.add_account(origin_owner_id="former", domain="former", api_key="an-old-key")
    save(runner, [kept], path, purge=True, purge_limit=2)
    result = carry_out(runner, [kept], path, purge=False)
    assert result["failure"]["code"] == "plan_stale"
    assert "1 account to purge is not purged, because purge is false" in result["msg"]
    assert [a["origin_owner_id"] for a in runner.emulator.accounts()] == ["former", "customer-acme"]


def test_duplicates_are_planned_and_resolved(runner, path):
    (tenant, other) = runner.tenants("acme", "globex")
    for each in (tenant, tenant, other, other):
        runner.emulator.add_account(
            origin_owner_id=each["origin_owner_id"], domain=each["domain"], api_key=each["api_key"]
        )
    made = save(runner, [tenant, other], path, resolve_duplicates=True, resolve_duplicates_limit=9)
    assert len(made["resolved"]) == 2
    runner.emulator.add_account(origin_owner_id=other["origin_owner_id"], domain="globex", api_key=other["api_key"])
    result = carry_out(runner, [tenant, other], path)
    assert [row["origin_owner_id"] for row in result["resolved"]] == [tenant["origin_owner_id"]]
    assert "duplicates are no longer those of the plan" in stale(result)[0]["failure"]["msg"]
    assert len(runner.emulator.accounts()) == 4


@pytest.mark.parametrize(
    ("spoil", "code", "word"),
    [
        (
            lambda plan: {**plan, "purged": [{"account_id": "1", "actions": ["delete"]}]},
            "plan_stale",
            "was changed since",
        ),
        (lambda plan: {**plan, "version": 99}, "invalid_argument", "not a plan of version 1"),
        (lambda plan: {**plan, "kind": "other"}, "invalid_argument", "not a plan of version 1"),
        (lambda plan: {name: plan[name] for name in plan if name != "seal"}, "invalid_argument", "is not a plan"),
        (lambda plan: [plan], "invalid_argument", "is not a plan"),
        (lambda plan: "", "invalid_argument", "is not a plan"),
        (lambda plan: {**plan, "seal": "\u00e9\ud800"}, "plan_stale", "was changed since"),
    ],
)
def test_a_plan_that_is_not_the_reviewed_one_is_refused(many, path, spoil, code, word):
    tenants = of_all_kinds(many)
    save(many, tenants, path)
    path.write_text(json.dumps(spoil(json.loads(path.read_text()))))
    many.emulator.clear_requests()
    result = carry_out(many, tenants, path)
    assert result["failure"]["code"] == code
    assert word in result["msg"]
    assert many.emulator.requests() == []


def test_a_name_that_is_there_twice_is_refused(many, path):
    """Of two values, another program may show the first, and this one would use the last."""
    tenants = of_all_kinds(many)
    save(many, tenants, path)
    path.write_text(path.read_text().replace('"salt":', '"salt": "another", "salt":', 1))
    assert "is not a plan" in carry_out(many, tenants, path)["msg"]


def test_a_plan_of_another_key_is_refused(many, path):
    tenants = of_all_kinds(many)
    save(many, tenants, path)
    result = carry_out(many, tenants, path, stackone_api_key=many.emulator.stackone_small_quota_api_key)
    assert result["failure"]["code"] == "plan_stale"
    assert "another StackOne key" in result["msg"]


def test_a_plan_for_another_stackone_is_refused(many, path):
    tenants = of_all_kinds(many)
    save(many, tenants, path)
    other = many.emulator.stackone_url.replace("127.0.0.1", "localhost")
    result = carry_out(many, tenants, path, stackone_url=other)
    assert result["failure"]["code"] == "plan_stale"
    assert f"not for {other}" in result["msg"]


def test_an_older_plan_never_stands_for_one_that_could_not_be_made(runner, path):
    tenants = runner.tenants("acme")
    save(runner, tenants, path)
    save(runner, tenants, path, stackone_api_key="a-key-that-is-refused-0123456789")
    assert not path.exists()
    assert "cannot be read" in carry_out(runner, tenants, path)["msg"]


def test_a_file_of_another_kind_is_kept(runner, path):
    path.write_text('{"my": "notes"}')
    result = save(runner, runner.tenants("acme"), path)
    assert result["failure"]["code"] == "invalid_argument"
    assert path.read_text() == '{"my": "notes"}'
    assert runner.emulator.requests() == []


def test_a_plan_is_either_made_or_carried_out(runner, path):
    result = runner.links(runner.tenants("acme"), plan=str(path), save_plan=str(path))
    assert "exclude each other" in result["msg"]
