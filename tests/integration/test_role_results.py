# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role says what it did itself: in loops, after other runs in the play, and when other hosts or secret stores fail."""

from __future__ import annotations

import csv
import json

import pytest
import yaml
from ansible.release import __version__

from tests.support.written_reports import earlier_report, too_deep

ROLE = "tenantlink.stackone.freshservice_link"
NAMES = ("acme", "globex")
LISTED = [{"domain": name, "origin_owner_id": f"customer-{name}", "label": name} for name in NAMES]
UNREADABLE = "{{ lookup('ansible.builtin.file', '/nonexistent/key') }}"
ONCE = """
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        with open(terms[0] + "/calls", "a+") as calls:
            calls.seek(0)
            if calls.read():
                raise ValueError("too many requests")
            calls.write("x")
        with open(terms[0] + "/keys.json") as keys:
            return [keys.read()]
"""


def variables(runner, **more):
    return {
        **{f"freshservice_link_{name}": value for name, value in runner.connection().items()},
        "freshservice_link_api_keys": {name: runner.tenant_key(name) for name in NAMES},
        "freshservice_link_tenants": LISTED,
        **more,
    }


def included(tasks_from="main", **more):
    # The validation evaluates all variables first, as the playbooks of the collection do not.
    role = {"name": ROLE, "tasks_from": tasks_from, "rolespec_validate": False}
    return {"ansible.builtin.include_role": role, **more}


@pytest.mark.parametrize("form", ["yml", "csv"])
def test_an_export_in_a_loop_takes_the_callers_item(runner, form):
    export = included(
        "export",
        loop=[*NAMES],
        vars={
            "freshservice_link_export": f"{runner.folder}/{{{{ item }}}}.{form}",
            "freshservice_link_export_labels": ["{{ item }}"],
        },
    )
    run = runner.run_tasks(included(), export, secret=variables(runner))
    assert run.code == 0, run.output
    for name in NAMES:
        (path,) = runner.folder.glob(f"{name}*.{form}")
        text = path.read_text()
        assert [f"customer-{each}" in text for each in NAMES] == [each == name for each in NAMES]


def test_healing_nothing_reports_nothing_of_an_earlier_run(runner):
    event = {"origin_owner_id": "customer-unknown"}
    path = runner.folder / "healed.json"
    heal = included("heal", vars={"freshservice_link_event": event, "freshservice_link_report": str(path)})
    shown = {"ansible.builtin.debug": {"msg": "left {{ freshservice_link_result.results | length }}"}}
    run = runner.run_tasks(included(), heal, shown, secret=variables(runner))
    assert run.code == 0, run.output
    assert set(runner.linked()) == {f"customer-{name}" for name in NAMES}
    document = json.loads(path.read_text())
    assert (document["rows"], document["totals"]["changed"]) == ([], 0)
    assert "left 0" in run.output


def hosts_file(runner, **hosts):
    """An inventory of tenants with these keys, and the report of a run over it."""
    report = runner.folder / "run.csv"
    common = {f"freshservice_link_{name}": value for name, value in runner.connection().items()}
    common |= {"ansible_connection": "local", "ansible_python_interpreter": runner.python}
    declared = {
        name: {"freshservice_link_api_key": key, "freshservice_link_origin_owner_id": f"customer-{name}"}
        for name, key in hosts.items()
    }
    inventory = {"tenants": {"hosts": declared, "vars": {**common, "freshservice_link_report": str(report)}}}
    path = runner.folder / "hosts.yml"
    runner.secret_files.add(path)
    path.write_text(yaml.safe_dump(inventory))
    return path, report


def outcomes_in(report):
    return {row["domain"]: row["outcome"] for row in csv.DictReader(report.open())}


def test_hosts_that_were_linked_stay_linked_if_another_ends_the_play(runner):
    path, report = hosts_file(runner, **{name: runner.tenant_key(name) for name in NAMES}, initech=UNREADABLE)
    run = runner.ansible_playbook(
        "-i", str(path), "tenantlink.stackone.link_by_host", env={"ANSIBLE_ANY_ERRORS_FATAL": "1"}
    )
    assert run.code == 2
    assert set(runner.linked()) == {f"customer-{name}" for name in NAMES}
    assert outcomes_in(report) == {"acme": "linked", "globex": "linked", "initech": "failed"}


def test_a_verified_host_that_fails_before_its_turn_is_not_reported_as_linked(runner):
    path, report = hosts_file(runner, **{name: runner.tenant_key(name) for name in NAMES})
    fail = {"ansible.builtin.fail": {}, "when": "inventory_hostname == 'globex'"}
    linking = {"hosts": "tenants", "gather_facts": False, "pre_tasks": [fail], "tasks": [included()]}
    book = runner.folder / "book.yml"
    verify = {"ansible.builtin.import_playbook": "tenantlink.stackone.verify_by_host"}
    book.write_text(yaml.safe_dump([verify, linking]))
    run = runner.ansible_playbook("-i", str(path), str(book))
    assert run.code == 2
    assert set(runner.linked()) == {"customer-acme"}
    assert outcomes_in(report) == {"acme": "linked", "globex": "failed"}


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_hosts_that_mean_one_account_leave_no_report_of_an_earlier_run(runner, strategy):
    path, report = hosts_file(runner, **{name: runner.tenant_key(name) for name in NAMES})
    metrics = report.with_suffix(".prom")
    earlier_report(metrics)
    shown = {"ansible.builtin.debug": {"msg": "code {{ freshservice_link_result.failure.code }}"}}
    block = {"block": [included()], "rescue": [shown]}
    book = runner.folder / "book.yml"
    book.write_text(
        yaml.safe_dump([{"hosts": "tenants", "gather_facts": False, "strategy": strategy, "tasks": [block]}])
    )
    extra = {"report": [str(report), str(metrics)], "origin_owner_id": "customer-acme"}
    given = json.dumps({f"freshservice_link_{name}": value for name, value in extra.items()})
    run = runner.ansible_playbook("-i", str(path), str(book), "-e", given)
    assert "code invalid_argument" in run.output
    assert runner.changing() == []
    assert outcomes_in(report) == dict.fromkeys(NAMES, "failed")
    assert "of_an_earlier_run" not in metrics.read_text()


def test_a_host_that_runs_ahead_is_in_the_report_of_the_entry_point_before(runner):
    path, _report = hosts_file(runner, **{name: runner.tenant_key(name) for name in NAMES})
    flag, verified, linked = (runner.folder / name for name in ("flag", "verified.csv", "linked.csv"))
    tasks = [
        {"ansible.builtin.wait_for": {"path": str(flag)}, "when": "inventory_hostname == 'globex'"},
        included("verify", vars={"freshservice_link_report": str(verified)}),
        included(vars={"freshservice_link_report": str(linked)}),
        {"ansible.builtin.file": {"path": str(flag), "state": "touch"}},
    ]
    book = runner.folder / "book.yml"
    book.write_text(yaml.safe_dump([{"hosts": "tenants", "gather_facts": False, "strategy": "free", "tasks": tasks}]))
    run = runner.ansible_playbook("-i", str(path), str(book))
    assert run.code == 0, run.output
    assert outcomes_in(verified) == dict.fromkeys(NAMES, "valid")
    assert outcomes_in(linked) == dict.fromkeys(NAMES, "linked")


@pytest.mark.parametrize("entry_point", ["main", "verify"])
def test_a_role_that_runs_once_reports_the_one_host_on_which_it_ran(runner, entry_point):
    path, report = hosts_file(runner, **{name: runner.tenant_key(name) for name in NAMES})
    book = runner.folder / "book.yml"
    task = included(entry_point, run_once=True)
    once = {"ansible.builtin.include_role": {**task["ansible.builtin.include_role"], "apply": {"run_once": True}}}
    book.write_text(yaml.safe_dump([{"hosts": "tenants", "gather_facts": False, "tasks": [{**task, **once}]}]))
    run = runner.ansible_playbook("-i", str(path), str(book))
    assert run.code == 0, run.output
    assert list(runner.linked()) == (["customer-acme"] if entry_point == "main" else [])
    assert outcomes_in(report)["globex"] == "not started"
    assert outcomes_in(report)["acme"] != "not started"


def test_a_host_whose_key_is_gone_can_be_unlinked(runner):
    for key in (runner.tenant_key("acme"), UNREADABLE):
        path, _report = hosts_file(runner, acme=key)
        book = "unlink" if runner.linked() else "link_by_host"
        run = runner.ansible_playbook("-i", str(path), f"tenantlink.stackone.{book}", "--limit", "acme")
        assert run.code == 0, run.output
    assert runner.linked() == {}


@pytest.mark.parametrize("entry_point", ["main", "verify"])
def test_a_store_that_answers_once_is_enough(runner, tmp_path_factory, entry_point):
    """One tenant lacks a key, so the keys are wanted again for a hint."""
    store = tmp_path_factory.mktemp("store")
    (store / "once.py").write_text(ONCE)
    (store / "keys.json").write_text(json.dumps({"acme": runner.tenant_key("acme")}))
    first = runner.run_tasks(included(), secret=variables(runner))
    assert first.code == 0, first.output
    fetched = variables(runner, freshservice_link_api_keys=f"{{{{ lookup('once', '{store}') | from_json }}}}")
    run = runner.run_tasks(included(entry_point), secret=fetched, env={"ANSIBLE_LOOKUP_PLUGINS": str(store)})
    assert run.code == 0, run.output
    assert "1 tenant without a declared key" in run.output


def test_a_report_that_cannot_be_written_leaves_no_other_as_it_was(runner):
    metrics = runner.folder / "run.prom"
    earlier_report(metrics)
    reports = [str(too_deep(runner.folder, "a.csv")), str(metrics)]
    run = runner.run_tasks(included(), secret=variables(runner, freshservice_link_report=reports))
    assert run.code == 2
    assert "File name too long" in run.output
    assert "of_an_earlier_run" not in metrics.read_text()


@pytest.mark.parametrize("hosts", [False, True], ids=["list", "hosts"])
def test_a_report_that_cannot_be_written_does_not_hide_what_was_done(runner, hosts):
    folder = runner.folder / "run.prom"
    folder.mkdir()
    report = json.dumps({"freshservice_link_report": str(too_deep(runner.folder, "a.csv"))})
    if hosts:
        path, _report = hosts_file(runner, acme=runner.tenant_key("acme"))
        run = runner.ansible_playbook("-i", str(path), "tenantlink.stackone.link_by_host", "-e", report)
    else:
        run = runner.run_tasks(included(), secret=variables(runner) | json.loads(report))
    assert run.code == 2
    assert "customer-acme" in runner.linked()
    assert "File name too long" in run.output
    assert ("acme: linked" if hosts else "2 linked") in run.output


def test_a_refusal_is_told_although_its_report_cannot_be_written(runner):
    folder = runner.folder / "run.prom"
    folder.mkdir()
    wrong = {"freshservice_link_report": str(folder), "freshservice_link_tenants_file": "tenants.csv"}
    run = runner.run_tasks(included(), secret=variables(runner, **wrong))
    assert run.code == 2
    assert "freshservice_link_tenants and freshservice_link_tenants_file" in run.output


@pytest.mark.skipif(
    tuple(map(int, __version__.split(".")[:2])) < (2, 19),
    reason="Ansible before 2.19 evaluates a template that its own error quotes, which fails again",
)
def test_a_module_that_could_not_be_run_leaves_a_failure(runner):
    shown = {"ansible.builtin.debug": {"msg": "code {{ freshservice_link_result.failure.code }}"}}
    block = {"block": [included()], "rescue": [shown]}
    run = runner.run_tasks(block, secret=variables(runner, freshservice_link_stackone_api_key=UNREADABLE))
    assert run.code == 0, run.output
    assert "code invalid_argument" in run.output
