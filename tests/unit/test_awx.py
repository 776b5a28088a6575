# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that sets a controller up, checked against what awx.awx's modules take."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from jinja2.nativetypes import NativeEnvironment

ROOT = Path(__file__).resolve().parents[2]
AWX = ROOT / "docs" / "examples" / "awx"
OPTIONS = yaml.safe_load((Path(__file__).parent / "awx_options.yml").read_text())
SETTINGS = yaml.safe_load((AWX / "settings.yml").read_text())
SECRETS = {"awx_stackone_api_key": "the-key", "awx_vault_password": "the-password"}
KINDS = {"str": str, "bool": bool, "int": int, "dict": dict, "list": list}


def rendered(value):
    """A value as the module gets it; what is marked as unsafe is no template for Ansible, either."""
    if isinstance(value, dict):
        return {name: each if name == "injectors" else rendered(each) for name, each in value.items()}
    if isinstance(value, list):
        return [rendered(each) for each in value]
    if isinstance(value, str):
        return NativeEnvironment().from_string(value).render({**SETTINGS, **SECRETS})
    return value


def tasks():
    """(module, options) of every task."""
    (play,) = DataLoader().load_from_file(str(AWX / "setup.yml"))
    for task in play["tasks"]:
        ((module, options),) = [(name, value) for name, value in task.items() if name != "name"]
        yield module, rendered(options)


TASKS = list(tasks())


def made(module, name):
    """The options of the task that makes an object."""
    return next(options for each, options in TASKS if each == f"awx.awx.{module}" and options["name"] == name)


def names(module):
    return {options["name"] for each, options in TASKS if each == f"awx.awx.{module}"}


@pytest.mark.parametrize("module, options", TASKS, ids=[f"{module} {options['name']}" for module, options in TASKS])
def test_the_module_takes_the_options(module, options):
    known = OPTIONS[module.removeprefix("awx.awx.")]
    assert set(options) <= set(known["options"])
    assert set(known["required"]) <= set(options)
    for name, value in options.items():
        assert isinstance(value, KINDS[known["options"][name]]), name
        assert value in known.get("choices", {}).get(name, [value]), name


def test_every_known_module_is_used():
    assert {module.removeprefix("awx.awx.") for module, _options in TASKS} == set(OPTIONS)


def test_secrets_go_only_where_they_are_hidden():
    for module, options in TASKS:
        hidden = OPTIONS[module.removeprefix("awx.awx.")].get("hidden", [])
        shown = json.dumps({name: value for name, value in options.items() if name not in hidden})
        assert not any(secret in shown for secret in SECRETS.values())
    stackone = made("credential", "StackOne key")
    assert stackone["inputs"] == {"stackone_api_key": "the-key"}
    fields = made("credential_type", stackone["credential_type"])["inputs"]["fields"]
    assert [(field["id"], field["secret"]) for field in fields] == [("stackone_api_key", True)]


def test_what_is_named_is_made_before():
    seen = {module: set() for module in OPTIONS}
    # Of the controller's own.
    seen["credential_type"].add("Vault")
    named = {
        "credential_type": "credential_type",
        "credential": "credential",
        "default_environment": "execution_environment",
        "execution_environment": "execution_environment",
        "inventory": "inventory",
        "project": "project",
        "source_project": "project",
        "unified_job_template": "job_template",
    }
    for module, options in TASKS:
        for option, kind in named.items():
            assert options.get(option) in {None, *seen[kind]}, (options["name"], option)
        assert set(options.get("credentials", [])) <= seen["credential"]
        seen[module.removeprefix("awx.awx.")].add(options["name"])


def test_the_project_has_what_is_run():
    project = AWX / "project"
    for name in names("job_template"):
        assert (project / made("job_template", name)["playbook"]).is_file()
    for name in names("inventory_source"):
        assert (project / made("inventory_source", name)["source_path"]).is_file()


def test_no_inventory_source_needs_the_vault():
    """A controller reads an inventory source without the vault's password, with the group_vars beside it."""
    sources = [AWX / "project" / made("inventory_source", name)["source_path"] for name in names("inventory_source")]
    assert not [path for path in sources for kind in ("group_vars", "host_vars") if path.with_name(kind).exists()]


def test_slices_and_forks_share_the_quota():
    template = made("job_template", "Link Freshservice tenants")
    share = template["extra_vars"]["freshservice_link_requests_per_minute"]
    parts = template["job_slice_count"] * template["forks"]
    assert parts > 1
    assert share * parts <= SETTINGS["awx_requests_per_minute"] < (share + 1) * parts
    assert SETTINGS["awx_requests_per_minute"] < 1000


def test_the_schedule_says_when_it_starts_and_how_often():
    """A controller wants a start with a time zone, and an interval besides the frequency."""
    (name,) = names("schedule")
    rule = r"DTSTART;TZID=[A-Za-z]+/[A-Za-z_]+:\d{8}T\d{6} RRULE:FREQ=[A-Z]+;INTERVAL=\d+"
    assert re.fullmatch(rule, made("schedule", name)["rrule"])


def test_the_survey_asks_for_the_role_s_variables():
    """A key is asked for as a password, so that the controller encrypts it."""
    role = yaml.safe_load((ROOT / "roles/freshservice_link/meta/argument_specs.yml").read_text())
    questions = made("job_template", "Link one Freshservice tenant")["survey_spec"]["spec"]
    assert {question["variable"] for question in questions} <= set(role["argument_specs"]["main"]["options"])
    hidden = {question["variable"] for question in questions if question["type"] == "password"}
    assert hidden == {"freshservice_link_api_key"}


def test_ansible_understands_it():
    pytest.importorskip("ansible_collections.awx.awx")
    command = [sys.executable, "-m", "ansible", "playbook", "--syntax-check", "setup.yml", "-e", "@settings.yml"]
    process = subprocess.run(command, cwd=AWX, capture_output=True, text=True, check=False, timeout=120)
    assert process.returncode == 0, process.stderr
