# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that sets an Event-Driven Ansible controller up, against what ansible.eda's modules take, and the rulebook that it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader

from tests.support.collection import ROOT

AWX = ROOT / "docs" / "examples" / "awx"
OPTIONS = yaml.safe_load((Path(__file__).parent / "eda_options.yml").read_text())
KINDS = {"str": str, "bool": bool, "int": int, "dict": dict, "list": list}
RULEBOOK = AWX / "project" / "rulebooks" / "heal_links.yml"
THEIRS = ROOT / "extensions" / "eda" / "rulebooks" / "heal_links.yml"
SECRETS = ("eda_webhook_secret", "eda_controller_token", "awx_stackone_api_key")


def tasks():
    """(module, options, task) of every task with a module of ansible.eda."""
    (play,) = DataLoader().load_from_file(str(AWX / "eda.yml"))
    for task in play["tasks"]:
        for name, options in task.items():
            if name.startswith("ansible.eda."):
                yield name.removeprefix("ansible.eda."), options, task


TASKS = list(tasks())


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
    holding = {
        task["name"]: task.get("no_log")
        for _module, options, task in TASKS
        if any(name in str(options) for name in SECRETS)
    }
    assert len(holding) == 2
    assert set(holding.values()) == {True}


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
    templates = DataLoader().load_from_file(str(AWX / "tasks" / "templates.yml"))
    (template,) = [
        each["awx.awx.job_template"] for each in templates if each["awx.awx.job_template"]["name"] == action["name"]
    ]
    assert template["ask_variables_on_launch"] is True
    assert set(action["job_args"]["extra_vars"]) == {"freshservice_link_event"}


def test_the_rulebook_is_the_collection_s_but_for_what_it_starts():
    (ours,), (theirs,) = (yaml.safe_load(path.read_text()) for path in (RULEBOOK, THEIRS))
    assert [rule["condition"] for rule in ours["rules"]] == [rule["condition"] for rule in theirs["rules"]]
    name = "tenantlink.stackone.broken_accounts"
    options, known = ours["sources"][0][name], theirs["sources"][0][name]
    assert {option: value for option, value in known.items() if option in options} == options
