# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example for AWX and Event-Driven Ansible as it stands in files. What setup.yml makes of a controller is tested in
tests/awx, the project's runs in tests/integration/test_awx.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader

from tests.support.collection import ROOT
from tests.support.role import entry_points

AWX = ROOT / "docs" / "examples" / "awx"
PROJECT = AWX / "project"
HANDED_ON = {"freshservice_link_failed_tenants", "freshservice_link_summary"}
"""What the role hands on, and notifications name."""


def using(tasks, collection):
    """Yield (module, options, task) for every task with a module of a collection."""
    for task in tasks:
        for name, options in task.items():
            if name.startswith(collection):
                yield name.removeprefix(f"{collection}."), options, task


def options_of(module):
    """Return the options of every task of setup.yml with a module of awx.awx."""
    tasks = [task for path in sorted((AWX / "tasks").glob("*.yml")) for task in DataLoader().load_from_file(str(path))]
    return [options for name, options, _task in using(tasks, "awx.awx") if name == module]


def test_every_playbook_of_the_project_has_its_template():
    run = {options["playbook"] for options in options_of("job_template") if "playbook" in options}
    assert run == {path.name for path in PROJECT.glob("*.yml")}


def test_no_inventory_source_needs_the_vault():
    """A controller reads an inventory source without the vault's password, with the group_vars in the same folder."""
    sources = [PROJECT / options["source_path"] for options in options_of("inventory_source")]
    assert len(sources) == 2
    assert all(path.is_file() for path in sources)
    assert not [path for path in sources for kind in ("group_vars", "host_vars") if path.with_name(kind).exists()]


def test_the_role_knows_its_variables():
    known = {name for options in entry_points().values() for name in options} | HANDED_ON
    used = {name for path in AWX.rglob("*.yml") for name in re.findall(r"\bfreshservice_link_\w+", path.read_text())}
    assert used <= known
    assert {"freshservice_link_tenants", "freshservice_link_api_keys", "freshservice_link_new_api_keys"} <= used


def test_nothing_is_the_latest():
    """Of an image or a package: what is the latest can change between two jobs."""
    for path in sorted((ROOT / "docs").rglob("*.yml")):
        found = re.findall(r"[\w./-]+:latest\b", path.read_text())
        assert found == [], path


OPTIONS = yaml.safe_load((Path(__file__).parent / "eda_options.yml").read_text())
KINDS = {"str": str, "bool": bool, "int": int, "dict": dict, "list": list}
RULEBOOK = PROJECT / "rulebooks" / "heal_links.yml"
THEIRS = ROOT / "extensions" / "eda" / "rulebooks" / "heal_links.yml"
SECRETS = ("eda_webhook_secret", "eda_controller_token", "awx_stackone_api_key")


(PLAY,) = DataLoader().load_from_file(str(AWX / "eda.yml"))
TASKS = list(using(PLAY["tasks"], "ansible.eda"))


@pytest.mark.parametrize("module, options, task", TASKS, ids=[task["name"] for _module, _options, task in TASKS])
def test_the_module_takes_the_options(module, options, task):
    known = OPTIONS[module]
    kinds = {name: kind for word, kind in KINDS.items() for name in known.get(word, ())}
    assert set(options) <= set(kinds)
    assert set(known["required"]) <= set(options)
    for name, value in options.items():
        assert isinstance(value, kinds[name]), name
        assert value in known.get("choices", {}).get(name, [value]), name


def test_every_known_module_is_used():
    assert {module for module, _options, _task in TASKS} == set(OPTIONS)


def test_a_task_with_a_secret_shows_nothing():
    """The modules do not hide it themselves."""
    holding = [task for _module, options, task in TASKS if any(name in str(options) for name in SECRETS)]
    assert [task.get("no_log") for task in holding] == [True, True]


def test_the_credential_gives_what_the_rulebook_reads():
    (injectors,) = [options["injectors"] for module, options, _task in TASKS if module == "credential_type"]
    text = RULEBOOK.read_text()
    for name in injectors["extra_vars"]:
        assert f"{{{{ {name} |" in text
    (activation,) = [options for module, options, _task in TASKS if module == "rulebook_activation"]
    for line in activation["extra_vars"].splitlines():
        assert f"{{{{ {line.partition(':')[0]} |" in text
    assert (RULEBOOK.parent / activation["rulebook_name"]).is_file()


def test_the_rulebook_starts_the_template_that_asks_for_variables():
    (rulebook,) = yaml.safe_load(RULEBOOK.read_text())
    (rule,) = rulebook["rules"]
    action = rule["action"]["run_job_template"]
    (template,) = [options for options in options_of("job_template") if options["name"] == action["name"]]
    assert template["ask_variables_on_launch"] is True
    assert set(action["job_args"]["extra_vars"]) == {"freshservice_link_event"}


def test_the_rulebook_is_the_collection_s_but_for_what_it_starts():
    (ours,), (theirs,) = (yaml.safe_load(path.read_text()) for path in (RULEBOOK, THEIRS))
    assert [rule["condition"] for rule in ours["rules"]] == [rule["condition"] for rule in theirs["rules"]]
    name = "tenantlink.stackone.broken_accounts"
    options, known = ours["sources"][0][name], theirs["sources"][0][name]
    assert {option: value for option, value in known.items() if option in options} == options
