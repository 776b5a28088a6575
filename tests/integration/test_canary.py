# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys stay out of all that Ansible shows and keeps; and where Ansible itself does not let them, that is pinned down."""

from __future__ import annotations

import functools
import json
import stat

import pytest
import yaml

from tests.support.collection import ACCOUNT_INFO, KEY_INFO, KEYS_INFO, LINKS, MODULE, PLAYBOOKS, ROOT
from tests.support.playbook_runner import stackone_only
from tests.support.secret_search import forms


@pytest.fixture
def stage(runner):
    """Run tasks whose arguments are variables of a secret file; `options` are those of one good and one broken tenant."""
    good, broken = runner.options("acme"), runner.options("initech")
    freshservice = {"freshservice_url": runner.emulator.freshservice_url}
    tenants = runner.tenants("acme", "globex", "initech")
    values = {
        MODULE: good,
        LINKS: runner.bulk(tenants),
        KEY_INFO: {"domain": "acme", "api_key": good["api_key"], **freshservice},
        KEYS_INFO: {"tenants": tenants, **freshservice},
        ACCOUNT_INFO: stackone_only(runner),
    }
    return functools.partial(runner.run_tasks, secret={"options": values, "broken": broken})


def arguments(module):
    """A task's arguments, taken from the secret file."""
    names = {
        MODULE: ("domain", "api_key", "origin_owner_id", "stackone_api_key", "stackone_url", "freshservice_url"),
        LINKS: ("tenants", "stackone_api_key", "stackone_url", "freshservice_url"),
        KEY_INFO: ("domain", "api_key", "freshservice_url"),
        KEYS_INFO: ("tenants", "freshservice_url"),
        ACCOUNT_INFO: ("stackone_api_key", "stackone_url"),
    }
    return {name: f"{{{{ options['{module}']['{name}'] }}}}" for name in names[module]}


MODULES = [MODULE, LINKS, KEY_INFO, KEYS_INFO, ACCOUNT_INFO]


def every_way(module):
    """One task in each way in which Ansible shows or keeps a result."""
    task = {module: arguments(module), "ignore_errors": True, "register": "kept"}
    return [
        task,
        {"ansible.builtin.debug": {"var": "kept"}},
        {"ansible.builtin.set_fact": {"kept_fact": "{{ kept }}", "cacheable": True}},
        {**task, "loop": [1, 2], "delegate_to": "localhost"},
        {**task, "until": "kept.failed", "retries": 1, "delay": 0},
        {**task, "failed_when": True},
        {**task, "check_mode": True, "diff": True},
        {**task, "async": 60, "poll": 1},
    ]


@pytest.mark.parametrize("module", MODULES, ids=lambda name: name.rpartition(".")[2])
def test_no_key_in_anything_that_ansible_shows_or_keeps(runner, stage, module):
    env = {
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(runner.folder / "facts"),
        "ANSIBLE_ASYNC_DIR": str(runner.folder / "async"),
    }
    run = stage(*every_way(module), env=env)
    assert run.code == 0, run.output[-3000:]
    assert any("kept_fact" in path.read_text() for path in (runner.folder / "facts").iterdir())


def test_what_a_failing_task_says(runner, stage):
    failing = {MODULE: {name: f"{{{{ broken['{name}'] }}}}" for name in arguments(MODULE)}}
    run = stage(failing, env={"ANSIBLE_DISPLAY_FAILED_STDERR": "1"})
    assert run.code == 2
    assert "Freshservice refused the API key" in run.output


def test_arguments_that_are_wrong_are_not_shown(runner, stage):
    """Ansible fails before it knows what is secret, where a suboption is of the wrong type or unknown."""
    first = f"options['{LINKS}'].tenants[0]"
    wrong = (f"{{{{ {first}.api_key }}}}", f"{{{{ [{first} | combine({{'x': 1}})] }}}}")
    run = stage(*({LINKS: {**arguments(LINKS), "tenants": each}, "ignore_errors": True} for each in wrong))
    assert run.output.count("...ignoring") == 2


def test_a_list_under_ansible_runner(runner):
    tenants = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in ("acme", "globex", "initech")]
    connection = {f"freshservice_link_{name}": value for name, value in runner.connection().items()}
    path = runner.folder / "vault.yml"
    runner.encrypt(path, yaml.safe_dump({**connection, "freshservice_link_api_keys": runner.keys}))
    (runner.folder / "tenants.json").write_text(json.dumps({"freshservice_link_tenants": tenants}))
    arguments = f"-e @{runner.folder / 'tenants.json'} -e @{path} --vault-password-file {runner.folder / 'password'}"
    ended = runner.run_job(PLAYBOOKS / "link.yml", arguments, "--diff", verbosity=4)
    assert ended.status == "failed"
    assert ended.stats["changed"] == {"localhost": 1}
    assert list(runner.folder.rglob("artifacts/**/job_events/*.json"))
    runner.assert_no_secret()


def found(runner, secret):
    """The files of the run in which a secret stands, the secret file apart."""
    places = [*runner.folder.rglob("*"), *runner.temporary.rglob("*"), *runner.remote.rglob("*")]
    files = [path for path in places if path.is_file() and path not in runner.secret_files]
    return [path for path in files if any(form.encode() in path.read_bytes() for form in forms(secret))]


@pytest.mark.parametrize("module", [MODULE, LINKS], ids=lambda name: name.rpartition(".")[2])
def test_ansible_itself_prints_arguments_when_it_is_debugged(runner, stage, monkeypatch, module):
    """ANSIBLE_DEBUG shows a task's arguments before any module has seen them, and nothing else of ours does."""
    monkeypatch.setattr(runner, "assert_no_secret", lambda: None)
    run = stage({module: arguments(module)}, env={"ANSIBLE_DEBUG": "1"})
    told = [line for line in run.output.splitlines() if runner.tenant_key("acme") in line]
    assert told
    assert all("done with _execute_module (" in line for line in told)


def test_ansible_itself_prints_the_items_of_a_loop(runner, stage, monkeypatch):
    """This is why the documentation warns of loops, and why the role has none over tenants with keys."""
    monkeypatch.setattr(runner, "assert_no_secret", lambda: None)
    item = {name: f"{{{{ item['{name}'] }}}}" for name in arguments(MODULE)}
    stage({MODULE: item, "loop": ["{{ broken }}"], "ignore_errors": True})
    assert found(runner, runner.tenant_key("initech"))


def test_files_that_ansible_is_told_to_keep_are_for_their_owner_alone(runner, stage, monkeypatch):
    """With ANSIBLE_KEEP_REMOTE_FILES a task's arguments stay, in folders that nobody else can enter, and nowhere else."""
    runner.remote = runner.folder / "remote"
    monkeypatch.setattr(runner, "assert_no_secret", lambda: None)
    env = {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TEMP": str(runner.remote)}
    stage({MODULE: arguments(MODULE)}, env=env)
    kept = list(runner.remote.glob("ansible-tmp-*"))
    assert kept
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o700}
    outside = [path for path in found(runner, runner.tenant_key("acme")) if runner.remote not in path.parents]
    assert outside == []


@pytest.mark.parametrize("folder", ["roles", "playbooks"])
def test_nothing_of_ours_loops_over_keys(folder):
    for path in (ROOT / folder).rglob("*.yml"):
        for task in tasks_of(yaml.safe_load(path.read_text()) if "vault.yml" not in path.name else None):
            looped = str(task.get("loop", "")) + str(task.get("with_items", ""))
            assert not any(word in looped for word in ("tenants", "joined", "keys", "owners")), (path, task)


def tasks_of(content):
    """Every mapping in a YAML file that could be a task."""
    if isinstance(content, dict):
        yield content
        content = list(content.values())
    if isinstance(content, list):
        for entry in content:
            yield from tasks_of(entry)
