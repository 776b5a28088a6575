# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/playbook_variables.md has every playbook, and every variable that a playbook reads and the role does not."""

from __future__ import annotations

import re

import pytest
import yaml
from jinja2 import Environment
from jinja2.nodes import Name

from tests.support.collection import ROOT

PAGE = (ROOT / "docs" / "playbook_variables.md").read_text(encoding="utf-8")
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"), key=lambda path: path.stem)
ANSIBLES_OWN = re.compile(r"ansible_\w+|inventory_hostname|item")
EXPRESSIONS = {"when", "that", "failed_when", "until"}
"""Keywords of a task whose text is an expression without brackets."""
OF_THE_RULEBOOK = {"stackone_event", "heal_vars_files"}


def names_in(template):
    """Return the names that a template reads and does not set itself."""
    names = list(Environment().parse(template).find_all(Name))
    return {each.name for each in names if each.ctx == "load"} - {each.name for each in names if each.ctx == "store"}


def texts_in(value, keyword=""):
    """Yield every text of a playbook that can be a template, with the brackets that an expression lacks."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from texts_in(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner, keyword)
    elif isinstance(value, str):
        yield f"{{{{ {value} }}}}" if keyword in EXPRESSIONS else value


def set_in(value):
    """Yield the names that a playbook sets itself: variables of tasks and plays, and what is registered."""
    if isinstance(value, dict):
        yield from value.get("vars") or {}
        yield from [value["register"]] if "register" in value else []
        for inner in value.values():
            yield from set_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from set_in(inner)


def read_by(path):
    """Return the variables that a user can set for a playbook, apart from those of the role."""
    plays = yaml.safe_load(path.read_text())
    found = set().union(*map(names_in, texts_in(plays)))
    return {name for name in found - set(set_in(plays)) if not ANSIBLES_OWN.fullmatch(name)}


def documented(name):
    section = PAGE.partition(f"## {name}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_every_variable_is_explained(path):
    assert documented(path.stem) == read_by(path)


def test_something_is_found():
    """Or the test above compares nothing with nothing."""
    assert {path.stem for path in PLAYBOOKS if read_by(path)} == {"heal", "unlink", "vault_keys"}


def test_every_playbook_and_its_entry_point_are_listed():
    table = PAGE.partition("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| `?(\w+)`? \|", table, re.MULTILINE))
    assert told == {path.stem: entry_point(path) for path in PLAYBOOKS}


def entry_point(path):
    for task in yaml.safe_load(path.read_text())[0]["tasks"]:
        for word in ("ansible.builtin.import_role", "ansible.builtin.include_role"):
            if word in task:
                return task[word].get("tasks_from", "main")
    return "none"


def test_the_rulebook_passes_on_what_is_explained():
    (rulebook,) = yaml.safe_load((ROOT / "extensions/eda/rulebooks/heal_links.yml").read_text())
    passed = rulebook["rules"][0]["action"]["run_playbook"]["extra_vars"]
    assert set(passed) == OF_THE_RULEBOOK == documented("heal")
