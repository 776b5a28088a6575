# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation, argument specs, role variables, action group and README say the same."""

from __future__ import annotations

import importlib
import json
import re

import pytest
import yaml

from ansible_collections.tenantlink.stackone.plugins.action import report_files, vault_keys
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.key_status import KeyStatus
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.text import RESULT_KEYS
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.messages import Service
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action
from tests.support.collection import ROOT
from tests.support.documented import documented
from tests.support.generate.__main__ import blocks, generated, outdated
from tests.support.generate.blocks import names_in
from tests.support.module_specs import GROUPS, SPECS, action_groups
from tests.support.role import entry_points

ON_FILES = {"report_files": report_files.SPEC, "vault_keys": vault_keys.SPEC}
"""Work on files of the controller, share no options with the others, and have tests of their own."""
MODULES = sorted({path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")} - set(ON_FILES))
FILTERS = sorted({path.stem for path in (ROOT / "plugins" / "filter").glob("*.yml")} - {"report_ending"})
"""All whose options are arguments with names of their own."""
PACKAGE = "ansible_collections.tenantlink.stackone.plugins.modules"
FILTER_PACKAGE = "ansible_collections.tenantlink.stackone.plugins.filter"
ACTIONS = "ansible_collections.tenantlink.stackone.plugins.action"


@pytest.mark.programs
@pytest.mark.parametrize("module", MODULES)
def test_options_are_documented_as_they_are(module):
    compare(documented("module", module)["options"], SPECS[module])


@pytest.mark.parametrize("module", ON_FILES)
def test_what_works_on_files_is_documented_as_it_is(module):
    compare(yaml.safe_load(importlib.import_module(f"{PACKAGE}.{module}").DOCUMENTATION)["options"], ON_FILES[module])


def compare(options, spec):
    assert set(options) == set(spec)
    for name, about in options.items():
        for key in ("type", "elements", "default", "choices", "aliases"):
            assert about.get(key) == spec[name].get(key), (name, key)
        assert bool(about.get("required")) == bool(spec[name].get("required")), name
        assert about["description"]
        compare(about.get("suboptions", {}), spec[name].get("options", {}))


@pytest.mark.parametrize("module", MODULES)
def test_examples_and_returns_are_yaml(module):
    loaded = importlib.import_module(f"{PACKAGE}.{module}")
    for task in yaml.safe_load(loaded.EXAMPLES):
        options = task.get(f"tenantlink.stackone.{module}", {})
        assert set(options) <= set(SPECS[module]) | {"connector_profile_id"}
    assert yaml.safe_load(loaded.RETURN)


def keys_of(about):
    """All words that a RETURN documents, and those that its samples use as keys."""
    for name, inner in about.items():
        yield name
        yield from keys_of(inner.get("contains", {}))
        yield from keys_in(inner.get("sample"))


def keys_in(value):
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys_in(inner)


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_is_documented_as_it_is(name):
    [(named, function)] = importlib.import_module(f"{FILTER_PACKAGE}.{name}").FilterModule().filters().items()
    document = yaml.safe_load((ROOT / "plugins" / "filter" / f"{name}.yml").read_text())
    about, code = document["DOCUMENTATION"], function.__code__
    assert about["name"] == named == name
    _first, *rest = code.co_varnames[: code.co_argcount]
    assert list(about["options"]) == ["_input", *rest]
    positional = about.get("positional", "_input").split(", ")
    assert positional == ["_input", *rest][: len(positional)]
    defaults = dict(zip(reversed(rest), reversed(function.__defaults__ or ())))
    for option in rest:
        assert about["options"][option].get("required", False) == (option not in defaults), option
        told, default = about["options"][option].get("default"), defaults.get(option)
        assert told == default or (told in ([], {}) and not default), option
    assert document["RETURN"]["_value"]["description"]
    assert f"tenantlink.stackone.{name}" in document["EXAMPLES"]
    assert all("tenantlink.stackone." in json.dumps(task) for task in yaml.safe_load(document["EXAMPLES"]))


def test_words_that_results_use_as_keys_are_never_masked():
    documents = [yaml.safe_load(importlib.import_module(f"{PACKAGE}.{module}").RETURN) for module in MODULES]
    words = {key for document in documents for key in keys_of(document)}
    counted = {word.value for kind in (FailureCode, KeyStatus, Action, Service) for word in kind}
    # Statuses and what changes are StackOne's words.
    assert (words | counted) - RESULT_KEYS - {"error"} == set()
    assert {"changed", "failed", "msg", "diff", "warnings", "before", "after", "uncertain", "candidates"} <= RESULT_KEYS


def test_an_action_group_holds_every_module_that_takes_its_options():
    """And no other: Ansible hands a group's options to each member, which refuses those that it does not know."""
    assert set(action_groups()) == set(GROUPS)
    for group, options in GROUPS.items():
        assert action_groups()[group] == [module for module in MODULES if options <= set(SPECS[module])], group


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_which_action_groups_it_is_in(module):
    document = yaml.safe_load(importlib.import_module(f"{PACKAGE}.{module}").DOCUMENTATION)
    told = [name.removeprefix("tenantlink.stackone.") for name in document["attributes"]["action_group"]["membership"]]
    assert told == sorted(group for group, members in action_groups().items() if module in members)


ROLE = ROOT / "roles" / "freshservice_link"
ROLES_OWN = {
    **{name: {"type": "path"} for name in ("tenants_file", "api_keys_file", "new_api_keys_file")},
    **{name: {"type": "dict"} for name in ("api_keys", "admin_api_keys", "new_api_keys")},
    **{name: {"type": "path"} for name in ("auth_links_file", "auth_links_password_file")},
    **{name: {"type": "int"} for name in ("wait", "wait_interval")},
    "ignore_columns": {"type": "list"},
    "own_variables": {"type": "list"},
    **{name: {"type": "raw"} for name in ("report", "report_files", "fingerprints", "event", "only")},
    "detailed_exitcode": {"type": "bool"},
    "report_title": {"type": "str"},
    "export": {"type": "path"},
    **{name: {"type": "list"} for name in ("export_labels", "export_owner_ids", "export_statuses")},
}
"""Variables that are not an option of a module, or take more than it does."""


def role_variables():
    """Name without prefix -> what the argument specs say of it; an option means the same at every entry point."""
    variables = {}
    for name, about in (item for spec in entry_points().values() for item in spec.items()):
        assert variables.setdefault(name.removeprefix("freshservice_link_"), about) == about, name
    return variables


def test_every_option_is_a_role_variable():
    modules = ("freshservice_links", "freshservice_link", "freshservice_keys_info", "auth_links")
    options = {name: about for module in modules for name, about in SPECS[module].items()}
    del options["progress_path"], options["fail_on_refused"], options["save_plan"], options["other_tenants"]
    options.update(ROLES_OWN)
    variables = role_variables()
    assert set(variables) == set(options)
    for name, about in variables.items():
        # A survey's empty text means unset, whatever the type: what else there can be, the modules check.
        text = options[name]["type"] in ("str", "path", "list") and "choices" not in options[name]
        assert about["type"] == (options[name]["type"] if text else "raw"), name
        assert "choices" not in about, name
        for choice in options[name].get("choices", ()):
            assert f"C({choice})" in about["description"], name


def test_every_role_variable_is_used_where_it_is_specified():
    text = "".join(path.read_text() for folder in ("tasks", "vars") for path in (ROLE / folder).glob("*.yml"))
    checks = "".join(path.read_text() for path in (ROOT / "plugins" / "plugin_utils" / "_role").glob("*.py"))
    for name in role_variables():
        assert re.search(rf"\bfreshservice_link_{name}\b", text) or f'"{name}"' in checks, name
    assert set(re.findall(r"\btasks_from: (\w+)", (ROOT / "README.md").read_text())) <= set(entry_points())


def test_defaults_are_those_that_the_specs_tell():
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    told = {
        f"freshservice_link_{name}": about["default"] for name, about in role_variables().items() if "default" in about
    }
    assert defaults == told


def test_generated_documentation_is_up_to_date():
    assert list(outdated()) == [], "run: make generate"


def test_every_generated_block_is_used():
    """A block whose `begin` or `end` is misspelt is not one."""
    assert {name for text in generated().values() for name in names_in(text)} == set(blocks())


def test_every_failure_code_is_documented():
    module = importlib.import_module(f"{PACKAGE}.freshservice_link")
    others = [importlib.import_module(f"{PACKAGE}.{name}") for name in ("freshservice_key_info", "freshservice_links")]
    for code in FailureCode:
        assert any(f"V({code.value})" in each.RETURN for each in [module, *others]), code


@pytest.mark.programs
@pytest.mark.parametrize("module", MODULES)
def test_attributes_are_complete_and_say_what_the_action_plugin_does(module):
    attributes = documented("module", module)["attributes"]
    assert set(attributes) == {"action", "action_group", "async", "check_mode", "diff_mode", "idempotent"}
    assert all(about["description"] and about["support"] for about in attributes.values())
    plugin = ROOT / "plugins" / "action" / f"{module}.py"
    assert attributes["action"]["support"] == ("full" if plugin.exists() else "none")
    action = importlib.import_module(f"{ACTIONS}.{module}").ActionModule if plugin.exists() else None
    assert attributes["async"]["support"] == ("full" if action is None or action._supports_async else "none")


def test_everything_that_documentation_names_can_be_had():
    """What the examples, the playbooks and the role use is Ansible's own, ours, or a declared dependency."""
    declared = yaml.safe_load((ROOT / "galaxy.yml").read_text())["dependencies"]
    known = {"ansible.builtin", "tenantlink.stackone", *declared}
    pages = [
        *(ROOT / "plugins" / "modules").glob("*.py"),
        *(ROOT / "plugins" / "inventory").glob("*.py"),
        *(ROOT / "plugins" / "filter").glob("*.py"),
        *(path for folder in ("playbooks", "roles", "extensions") for path in (ROOT / folder).rglob("*.y*ml")),
        *(path for path in (ROOT / "docs").glob("*.md")),
        ROOT / "README.md",
    ]
    used = {
        (name, path.name)
        for path in pages
        for name in re.findall(r"(?m)^\s*-?\s*([a-z_]+\.[a-z_]+)\.[a-z_0-9]+:(?:\s|$)", path.read_text())
    }
    assert {(name, page) for name, page in used if name not in known} == set()
    assert {name for name, _page in used} >= {"ansible.builtin", "tenantlink.stackone"}
