# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role in own plays: with keywords of Ansible that change what its tasks do, and after results of earlier runs."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.support.playbook_runner import run_by_host

LISTED = [{"domain": "acme", "origin_owner_id": "customer-acme"}]
ROLE = {"ansible.builtin.import_role": {"name": "tenantlink.stackone.freshservice_link"}}
INCLUDED = {"name": "tenantlink.stackone.freshservice_link"}


def variables(runner, **more):
    return {
        **{f"freshservice_link_{name}": value for name, value in runner.connection().items()},
        "freshservice_link_api_keys": {"acme": runner.tenant_key("acme")},
        "freshservice_link_tenants": LISTED,
        "freshservice_link_report": str(runner.folder / "run.json"),
        **more,
    }


CHECK_MODE = {
    "play": ({"check_mode": True}, ROLE),
    "task": ({}, {**ROLE, "check_mode": True}),
    "block": ({}, {"block": [ROLE], "check_mode": True}),
    "apply": ({}, {"ansible.builtin.include_role": {**INCLUDED, "apply": {"check_mode": True}}}),
}


@pytest.mark.parametrize("where", CHECK_MODE)
def test_check_mode_of_a_play_or_a_task_is_told_as_what_it_is(runner, where):
    play, task = CHECK_MODE[where]
    run = runner.run_tasks(task, secret=variables(runner), **play)
    assert run.code == 0, run.output
    assert runner.emulator.accounts() == []
    document = json.loads((runner.folder / "run.json").read_text())
    assert document["check_mode"] is True
    assert [row["outcome"] for row in document["rows"]] == ["would be linked"]


def test_a_play_that_is_never_in_check_mode_says_what_it_did(runner):
    path = runner.folder / "real.json"
    path.write_text(json.dumps(runner.local_play(ROLE, check_mode=False)))
    runner.keep_secret(variables(runner))
    run = runner.ansible_playbook(str(path), "-e", f"@{runner.secrets}", "--check")
    assert run.code == 0, run.output
    assert set(runner.linked()) == {"customer-acme"}
    document = json.loads((runner.folder / "run.json").read_text())
    assert document["check_mode"] is False
    assert [row["outcome"] for row in document["rows"]] == ["linked"]


def test_a_host_in_the_check_mode_of_its_play_is_told_as_what_it_is(runner, inventory):
    play = [{"hosts": "tenants", "gather_facts": False, "check_mode": True, "tasks": [ROLE]}]
    (runner.folder / "hosts_play.yml").write_text(yaml.safe_dump(play))
    run = run_by_host(runner, inventory, str(runner.folder / "hosts_play"), "--limit", "acme")
    assert run.code == 0, run.output
    assert runner.changing() == []
    assert "acme: would be linked" in run.output


@pytest.mark.parametrize("keywords", [{"ignore_errors": True}, {"ignore_errors": True, "strategy": "free"}], ids=str)
@pytest.mark.parametrize(
    "task", [ROLE, {"ansible.builtin.include_role": {**INCLUDED, "apply": {"ignore_errors": True}}}]
)
def test_hosts_that_mean_one_account_are_left_alone_even_if_errors_are_ignored(runner, inventory, task, keywords):
    play = [{"hosts": "acme:globex", "gather_facts": False, "tasks": [task], **keywords}]
    (runner.folder / "hosts_play.yml").write_text(yaml.safe_dump(play))
    extra = json.dumps({"freshservice_link_origin_owner_id": "customer-acme"})
    run = run_by_host(runner, inventory, str(runner.folder / "hosts_play"), "-e", extra)
    assert run.code == 2
    assert "The hosts acme and globex mean the same account" in run.output
    assert runner.changing() == []


@pytest.mark.parametrize("playbook", ["link_by_host", "verify_by_host", "unlink"])
def test_a_playbook_for_hosts_without_hosts_does_not_end_well(runner, playbook):
    runner.keep_secret(variables(runner))
    run = runner.ansible_playbook(f"tenantlink.stackone.{playbook}", "-e", f"@{runner.secrets}")
    assert run.code == 2
    assert "The inventory has no host in the group tenants" in run.output
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("entry_point", ["main", "verify"])
def test_a_result_that_is_given_does_not_replace_that_of_the_run(runner, entry_point):
    role = {"ansible.builtin.import_role": {**INCLUDED, "tasks_from": entry_point}}
    given = {"changed": False, "results": []}
    run = runner.run_tasks(role, secret=variables(runner, freshservice_link_result=given))
    assert run.code == 2
    assert "freshservice_link_result is a result of the role" in run.output
    assert runner.emulator.requests() == []


@pytest.mark.parametrize("given", [{"msg": "", "actions": ["delete"]}, {"changed": False, "actions": []}])
def test_a_result_that_is_given_does_not_replace_that_of_a_host(runner, inventory, given):
    extra = json.dumps({"freshservice_link_result": given})
    run = run_by_host(runner, inventory, "link_by_host", "--limit", "acme", "-e", extra)
    assert run.code == 2
    assert "freshservice_link_result is a result of the role" in run.output
    assert runner.emulator.requests() == []


def test_a_refused_run_leaves_no_result_of_an_earlier_one(runner):
    again = {"block": [{**ROLE, "vars": {"freshservice_link_labl": "x"}}], "rescue": []}
    shown = {"ansible.builtin.debug": {"msg": "left {{ freshservice_link_result.results | default('nothing') }}"}}
    run = runner.run_tasks(ROLE, {**again, "rescue": [shown]}, secret=variables(runner))
    assert run.code == 0, run.output
    assert "left nothing" in run.output


def test_auth_links_do_not_speak_of_the_report_of_an_earlier_run(runner):
    links = str(runner.folder / "links.csv")
    invite = {"ansible.builtin.import_role": {**INCLUDED, "tasks_from": "auth_links"}}
    run = runner.run_tasks(ROLE, invite, secret=variables(runner, freshservice_link_auth_links_file=links))
    assert run.code == 0, run.output
    shown = run.output.rpartition("Show what was done")[2]
    assert "1 customer: 1 was linked already" in shown
    assert "Report written to" in run.output
    assert "Report written to" not in shown


CLOSED = """
from pathlib import Path
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

class LookupModule(LookupBase):
    def run(self, terms, variables=None, **options):
        Path(__file__).with_name("asked").touch()
        raise AnsibleError("the store is closed")
"""
STORED = "{{ lookup('closed', 'x') }}"


@pytest.fixture
def closed_store(runner):
    """A lookup of a secret store that does not answer; the file that says whether it was asked."""
    folder = runner.folder / "lookup_plugins"
    folder.mkdir()
    (folder / "closed.py").write_text(CLOSED)
    return folder / "asked"


@pytest.mark.parametrize(
    ("entry_point", "stored"),
    [
        ("rotate", {"freshservice_link_api_keys": {"acme": STORED}}),
        ("auth_links", {"freshservice_link_api_keys": {"acme": STORED}}),
        ("verify", {"freshservice_link_stackone_api_key": STORED}),
    ],
)
def test_a_store_is_not_asked_for_keys_that_a_run_does_not_use(runner, closed_store, entry_point, stored):
    more = {"freshservice_link_auth_links_file": str(runner.folder / "l.csv")} if entry_point == "auth_links" else {}
    runner.secret_files.add(runner.folder / "l.csv")
    keys = {"freshservice_link_new_api_keys": {"acme": runner.tenant_key("acme")}} if entry_point == "rotate" else {}
    role = {"ansible.builtin.import_role": {**INCLUDED, "tasks_from": entry_point}}
    run = runner.run_tasks(role, secret=variables(runner, **stored, **more, **keys))
    assert run.code == 0, run.output
    assert not closed_store.exists()


def test_a_store_that_does_not_answer_is_the_only_thing_that_is_told(runner, closed_store):
    # As the playbooks include it: the check of the arguments would evaluate all of them.
    role = {"ansible.builtin.import_role": {**INCLUDED, "rolespec_validate": False}}
    run = runner.run_tasks(role, secret=variables(runner, freshservice_link_api_keys={"acme": STORED}))
    assert run.code == 2
    assert closed_store.exists()
    assert "the store is closed" in run.output
    assert "concatenate" not in run.output
    assert json.loads((runner.folder / "run.json").read_text())["totals"]["tenants"] == 0


def test_a_refusal_has_a_code(runner):
    shown = {"ansible.builtin.debug": {"msg": "code {{ freshservice_link_result.failure.code }}"}}
    refused = {"block": [{**ROLE, "vars": {"freshservice_link_labl": "x"}}], "rescue": [shown]}
    run = runner.run_tasks(refused, secret=variables(runner))
    assert run.code == 0, run.output
    assert "code invalid_argument" in run.output
