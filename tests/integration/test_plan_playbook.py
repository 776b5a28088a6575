# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change is reviewed before it is made: the playbook `plan`, its exit code, and `link` with the plan."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.support.playbook_runner import recap


@pytest.fixture
def estate(runner):
    """Two tenants linked already, of which one has another label than declared, and one new one."""
    tenants = [
        {"domain": domain, "origin_owner_id": f"customer-{domain}", "label": label}
        for domain, label in (("acme", None), ("globex", "New {{ 7 * 7 }}"), ("initech", None))
    ]
    for tenant in tenants[:2]:
        runner.by_hand(
            tenant["domain"], api_key=runner.tenant_key(tenant["domain"]), label="Old" if tenant["label"] else None
        )
    runner.emulator.set_tenant("initech", api_key_enabled=True)
    variables = {
        "freshservice_link_tenants": [{k: v for k, v in tenant.items() if v} for tenant in tenants],
    }
    return declare(runner, variables)


def declare(runner, variables):
    path = runner.folder / "tenants.yml"
    # A label that looks like a template is a text.
    text = yaml.safe_dump(variables, sort_keys=False).replace(
        "label: New {{ 7 * 7 }}", "label: !unsafe 'New {{ 7 * 7 }}'"
    )
    path.write_text(text)
    secrets = {
        "freshservice_link_stackone_api_key": runner.emulator.stackone_api_key,
        "freshservice_link_api_keys": runner.keys,
    }
    runner.encrypt(runner.folder / "vault.yml", yaml.safe_dump(secrets))
    return path


def play(runner, name, *arguments, **variables):
    urls = {f"freshservice_link_{each}": url for each, url in runner.connection().items() if each.endswith("_url")}
    extra = [text for pair in {**urls, **variables}.items() for text in ("-e", "{}={}".format(*pair))]
    files = ["-e", f"@{runner.folder}/tenants.yml", "-e", f"@{runner.folder}/vault.yml"]
    password = ["--vault-password-file", str(runner.folder / "password")]
    return runner.ansible_playbook(f"tenantlink.stackone.{name}", *arguments, *files, *password, *extra)


def labels(runner):
    return {account["origin_owner_id"]: account["label"] for account in runner.emulator.accounts()}


def test_a_change_is_planned_reviewed_and_made(runner, estate):
    before = labels(runner)
    path = runner.folder / "plan.json"
    planned = play(runner, "plan", freshservice_link_plan=path)
    assert planned.code == 0, planned.output
    assert recap(planned)["localhost"][0] == 0
    assert "globex (owner customer-globex) would be updated: label: Old → New {{ 7 * 7 }}." in planned.output
    assert "The account has another label than declared." in planned.output
    assert "initech (owner customer-initech) would be linked. The tenant has no account." in planned.output
    assert f"Plan written to {path}" in planned.output
    assert labels(runner) == before
    assert runner.changing() == []
    assert [step["actions"] for step in json.loads(path.read_text())["tenants"]] == [[], ["update"], ["create"]]
    runner.emulator.change_account(account_of(runner, "acme"), label="By hand")
    done = play(runner, "link", freshservice_link_plan=path)
    assert done.code == 0, done.output
    assert labels(runner) == {
        "customer-acme": "By hand",
        "customer-globex": "New {{ 7 * 7 }}",
        "customer-initech": None,
    }
    again = play(runner, "link", freshservice_link_plan=path)
    assert (again.code, recap(again)["localhost"][0]) == (0, 0), again.output
    runner.assert_no_secret()


def account_of(runner, domain):
    (found,) = [a["id"] for a in runner.emulator.accounts() if a["origin_owner_id"] == f"customer-{domain}"]
    return found


def test_a_tenant_that_changed_after_the_review_is_left_alone(runner, estate):
    path = runner.folder / "plan.json"
    assert play(runner, "plan", freshservice_link_plan=path).code == 0
    runner.emulator.change_account(account_of(runner, "globex"), label="By hand")
    done = play(runner, "link", freshservice_link_plan=path)
    assert done.code == 2
    assert "globex (owner customer-globex): account" in done.output
    assert "has changed since the plan was made (label was Old, and is By hand), so nothing was done." in done.output
    assert labels(runner) == {"customer-acme": None, "customer-globex": "By hand", "customer-initech": None}


@pytest.mark.parametrize("playbook", ["plan", "report", "link"])
def test_the_exit_code_says_whether_anything_differs(runner, estate, playbook):
    extra = {"freshservice_link_detailed_exitcode": "true"}
    extra |= {"freshservice_link_report": runner.folder / "report.json"} if playbook == "report" else {}
    check = ["--check"] if playbook == "link" else []
    differs = play(runner, playbook, *check, **extra)
    assert differs.code == 2
    assert "2 accounts differ from what is declared, and nothing failed." in differs.output
    assert runner.changing() == []
    assert play(runner, "link").code == 0
    same = play(runner, playbook, *check, **extra)
    assert same.code == 0, same.output
    assert "Nothing differs from what is declared." in same.output
    runner.emulator.set_tenant("initech", api_key_enabled=False)
    runner.emulator.change_account(account_of(runner, "globex"), label="By hand")
    fails = play(runner, playbook, *check, **extra)
    assert fails.code == 2
    assert (
        "1 of 3 tenants failed: the lines above say why. Besides, 1 account differs from what is declared."
        in fails.output
    )


@pytest.mark.parametrize(
    ("playbook", "variables", "word"),
    [
        ("link", {"freshservice_link_detailed_exitcode": "true"}, "runs over a list that change nothing"),
        ("verify", {"freshservice_link_detailed_exitcode": "true"}, "runs over a list that change nothing"),
        ("plan", {"freshservice_link_detailed_exitcode": "yess"}, "must be true or false"),
        ("heal", {"freshservice_link_plan": "plan.json"}, "is for the playbooks plan"),
        ("link", {"freshservice_link_plan": "no/plan.json"}, "cannot be read (No such file or directory)"),
        ("plan", {"freshservice_link_plan": "no/plan.json"}, "the folder for the plan"),
        ("link", {"freshservice_link_plan": ""}, "freshservice_link_plan is empty. Give it a value"),
        ("link", {"freshservice_link_only": ""}, "freshservice_link_only is empty"),
        ("link", {"freshservice_link_stackone_project_id": " "}, "freshservice_link_stackone_project_id is empty"),
        *(
            ("link", {name: "{{ nope }}"}, f"{name} refers to a variable that is not set")
            for name in (
                "freshservice_link_purge_scope",
                "freshservice_link_stackone_project_id",
                "freshservice_link_only",
            )
        ),
        (
            "plan",
            {"freshservice_link_plan": "a.json", "freshservice_link_report": "a.json"},
            "a.json is freshservice_link_plan as well",
        ),
        (
            "link",
            {
                "freshservice_link_report": "k.csv",
                "freshservice_link_api_keys_file": "k.csv",
                "freshservice_link_api_keys": "",
            },
            "k.csv is freshservice_link_api_keys_file",
        ),
    ],
)
def test_a_variable_that_would_not_be_heard_is_refused(runner, estate, playbook, variables, word):
    refused = play(runner, playbook, **variables)
    assert refused.code == 2
    assert word in refused.output
    assert runner.changing() == []
