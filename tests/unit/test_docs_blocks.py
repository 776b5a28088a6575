# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every block of code in the documentation is what it says it is, and names only what exists."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import sys
from dataclasses import dataclass

import pytest
from ansible.parsing.yaml.loader import AnsibleLoader

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.role_words import HANDED_ON, OF_PLAYBOOKS
from tests.support.collection import ROOT
from tests.support.documented import documented
from tests.support.role import entry_points

PAGES = [
    path
    for pattern in ("README.md", "CONTRIBUTING.md", "docs/*.md", "roles/*/README.md", "tests/*/README.md")
    for path in sorted(ROOT.glob(pattern))
]
NAMED = re.compile(r"^(.*)\n\n```\w+ ([^\n]*\.\w+)$", re.MULTILINE)
"""The paragraph above a block, and the name of the file that the block is, which the fence hides."""
FENCED = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
RESULT = "freshservice_link_result"
"""What the role registers: a variable to read, and no option."""
OWN = "freshservice_link_team"
"""The upgrade guide's example of a user's own variable."""


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, the language it claims, its text."""

    place: str
    language: str
    text: str


def blocks_of(page):
    text = page.read_text()
    for match in FENCED.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Block(f"{page.relative_to(ROOT)}:{line}", match[1], match[2])


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def written_in(language):
    return [block for block in BLOCKS if block.language == language]


def documents_in(block):
    """What a YAML block holds; Ansible's own tags are understood."""
    loader = AnsibleLoader(block.text)
    while loader.check_data():
        yield loader.get_data()


def documents(kind):
    """(place, document) of every document in YAML that is a list, or a mapping."""
    return [
        (block.place, each) for block in written_in("yaml") for each in documents_in(block) if isinstance(each, kind)
    ]


def listed():
    """(place, entries) of every list: plays, tasks, or a rulebook."""
    return documents(list)


def is_rulebook(entries):
    return any("rules" in entry for entry in entries)


def as_play(place, entry):
    """A play as it is; a task in a play of its own."""
    if "hosts" in entry or "ansible.builtin.import_playbook" in entry:
        return {"name": place, **entry}
    return {"name": place, "hosts": "localhost", "gather_facts": False, "tasks": [entry]}


def test_there_is_something_of_each_kind():
    """Or the tests below look at nothing."""
    assert len(written_in("yaml")) > 20
    assert len(written_in("sh")) > 30
    assert any(not is_rulebook(entries) for _place, entries in listed())


@pytest.mark.parametrize("block", BLOCKS, ids=[block.place for block in BLOCKS])
def test_the_language_is_known_and_the_text_is_in_it(block):
    """A word that is not here has nobody who checks it."""
    assert block.language in {"csv", "ini", "json", "python", "sh", "text", "yaml"}
    if block.language == "yaml":
        assert None not in documents_in(block)
    elif block.language == "ini":
        configparser.ConfigParser(interpolation=None).read_string(block.text)
    elif block.language == "json":
        json.loads(block.text)
    elif block.language == "python":
        compile(block.text, block.place, "exec")


def test_a_reader_sees_the_name_of_each_file():
    named = [(page.name, above, name) for page in PAGES for above, name in NAMED.findall(page.read_text())]
    assert len(named) >= sum(len(re.findall(r"^```\w+ .*\.\w+$", page.read_text(), re.MULTILINE)) for page in PAGES)
    assert ("walkthrough.md", "**`tenants.yml`**", "tenants.yml") in named
    assert [(page, name) for page, above, name in named if f"{name}`" not in above] == []


@pytest.mark.programs
def test_ansible_understands_the_plays_and_tasks(tmp_path):
    """All of them in one go, and the playbooks of the examples besides."""
    plays = [as_play(place, entry) for place, entries in listed() if not is_rulebook(entries) for entry in entries]
    playbook = tmp_path / "blocks.json"
    playbook.write_text(json.dumps(plays))
    examples = [str(path) for path in sorted((ROOT / "docs" / "examples" / "awx" / "project").glob("*.yml"))]
    command = [sys.executable, "-m", "ansible", "playbook", "--syntax-check", str(playbook), *examples]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert process.returncode == 0, process.stderr


@pytest.mark.programs
def test_inventory_sources_have_only_options_of_the_plugin():
    known = set(documented("inventory", "accounts")["options"])
    sources = {place: document for place, document in documents(dict) if "plugin" in document}
    assert sources
    assert {place: set(document) - known for place, document in sources.items() if set(document) - known} == {}


def test_rulebooks_have_sources_and_rules():
    for place, entries in listed():
        if is_rulebook(entries):
            for entry in entries:
                assert {"name", "hosts", "sources", "rules"} <= set(entry), place


def test_the_shell_understands_the_commands():
    for block in written_in("sh"):
        process = subprocess.run(["sh", "-n"], input=block.text, capture_output=True, text=True, check=False)
        assert process.returncode == 0, (block.place, process.stderr)


def test_playbooks_that_are_named_exist():
    named = {
        name
        for block in written_in("sh")
        for command in block.text.replace("\\\n", " ").splitlines()
        if command.startswith("ansible-playbook")
        for name in re.findall(r"\stenantlink\.stackone\.(\w+)", command)
    }
    assert "link" in named
    assert named <= {path.stem for path in (ROOT / "playbooks").glob("*.yml")}


def test_targets_that_are_named_exist():
    """In blocks, and in the text."""
    texts = [block.text for block in written_in("sh")]
    texts += [code for page in PAGES for code in INLINE.findall(FENCED.sub("", page.read_text()))]
    named = {target for text in texts for target in re.findall(r"(?:^|[\s;&])make ([a-z-]+)", text)}
    assert "sandbox" in named
    assert named <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_variables_of_the_role_that_are_named_exist():
    known = (
        {option for options in entry_points().values() for option in options} | {RESULT, OWN} | HANDED_ON | OF_PLAYBOOKS
    )
    named = {page.name: set(re.findall(r"\bfreshservice_link_\w+", page.read_text())) for page in PAGES}
    assert {page: names - known for page, names in named.items() if names - known} == {}
