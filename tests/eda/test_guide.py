# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/event_driven.md shows is what there is."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
import yaml

from ansible_collections.tenantlink.stackone.extensions.eda.plugins.event_source.broken_accounts import LOOK_EVERY_S
from tests.eda.rulebook import COMMAND, RULEBOOK, need
from tests.support.collection import ROOT

GUIDE = (ROOT / "docs" / "event_driven.md").read_text(encoding="utf-8")
HEAL_LINKS = ROOT / "extensions" / "eda" / "rulebooks" / "heal_links.yml"
BLOCKS = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = [line for language, _title, text in BLOCKS if language == "sh" for line in text.splitlines()]


def yaml_blocks(name):
    return [yaml.safe_load(text) for language, title, text in BLOCKS if (language, title) == ("yaml", name)]


def test_every_variable_is_one_of_the_rulebook():
    rulebook = HEAL_LINKS.read_text(encoding="utf-8")
    known = set(re.findall(r"\b(?:stackone_(?:webhook|look)|heal|freshservice_link)_[a-z_]+", rulebook)) - {
        "heal_links"
    }
    shown = set().union(*yaml_blocks("rulebook_vars.yml"))
    assert shown <= known
    assert set(re.findall(r"`(stackone_(?:webhook|look)_[a-z]+(?:_secret)?)`", GUIDE)) <= known
    assert all(name in GUIDE for name in known)


def test_the_defaults_are_those_of_source_and_rulebook():
    text = HEAL_LINKS.read_text(encoding="utf-8")
    for default in ("127.0.0.1", "5010", "/stackone/accounts"):
        assert default in text
        assert default in GUIDE
    assert f"stackone_look_every | default({LOOK_EVERY_S})" in text
    assert (LOOK_EVERY_S, "every 5 minutes" in GUIDE) == (300, True)


def test_the_secrets_are_encrypted_as_shown(runner):
    """The lines run as they stand, each with its secret, but in a folder of the test."""
    (block,) = [text for language, _title, text in BLOCKS if language == "sh" and "encrypt_string" in text]
    (variables,) = [
        text for _language, title, text in BLOCKS if title == "rulebook_vars.yml" and "heal_vars_files" in text
    ]
    (runner.folder / "rulebook_vars.yml").write_text(variables)
    (runner.folder / "vault-password").write_text("example")
    lines = block.replace("/etc/tenantlink", str(runner.folder)).splitlines()
    encrypting = [line for line in lines if "encrypt_string" in line]
    for line in encrypting:
        script = "\n".join(["set -e", *(one for one in lines if one not in encrypting), line])
        subprocess.run(["bash", "-c", script], input="a-secret", text=True, check=True, env=runner.environment())
    written = (runner.folder / "rulebook_vars.yml").read_text()
    assert written.startswith(variables)
    for name in ("stackone_webhook_secret", "freshservice_link_stackone_api_key"):
        assert f"{name}: !vault |" in written
    assert "a-secret" not in written


def test_the_rulebook_is_started_as_shown():
    need(commands=[COMMAND, "java"])
    (line,) = [line for line in COMMANDS if line.startswith("ansible-rulebook ")]
    options = {word for word in shlex.split(line) if word.startswith("-")}
    usage = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
    assert RULEBOOK in line
    assert all(re.search(rf"(^|[\s,]){re.escape(option)}\b", usage) for option in options)


OF_A_PROJECT = ROOT / "docs" / "examples" / "awx" / "project" / "rulebooks" / "heal_links.yml"


@pytest.mark.parametrize(
    "path, changed",
    [(HEAL_LINKS, False), (HEAL_LINKS, True), (OF_A_PROJECT, False)],
    ids=["as it is", "for a controller", "of the example"],
)
def test_the_rulebook_is_valid(path, changed):
    need("ansible_rulebook")
    from ansible_rulebook.validators import Validate

    rulebook = yaml.safe_load(path.read_text(encoding="utf-8"))
    if changed:
        (rulebook[0]["rules"][0]["action"],) = yaml_blocks("action")
    Validate.rulebook(rulebook)


def test_what_is_named_is_there():
    for kind, folder in (("heal_links", "extensions/eda/rulebooks"), ("heal", "playbooks")):
        assert f"tenantlink.stackone.{kind}" in GUIDE
        assert (ROOT / folder / f"{kind}.yml").exists()
    for target in re.findall(r"\]\((\.\./[^)#]+)", GUIDE):
        assert (ROOT / "docs" / target).exists(), target
