# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/walkthrough.md, followed to the letter: each file is written, each command run, each line of output looked for."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

import pytest

from tests.emulator.handle import Emulator
from tests.support.collection import ROOT
from tests.support.playbook_runner import PlaybookRunner
from tests.support.sandbox_folder import SCENARIO, prepare

BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPENING = 2
"""The first two blocks start the sandbox and go there, which the test does in its own way."""


@dataclass
class Block:
    """A fenced block: its language, what stands beside that, and its lines."""

    language: str
    beside: str
    text: str


def blocks():
    text = (ROOT / "docs" / "walkthrough.md").read_text()
    return [Block(*found.groups()) for found in BLOCK.finditer(text)]


@pytest.fixture
def sandbox(tmp_path):
    with Emulator("--scenario", str(SCENARIO)) as emulator:
        runner = PlaybookRunner(emulator, tmp_path)
        place = tmp_path / "sandbox"
        place.mkdir()
        prepare(emulator, place)
        yield runner, place
        runner.close()


def flat(text):
    return " ".join(text.split())


def test_the_walkthrough(sandbox):
    runner, place = sandbox
    opening, rest = blocks()[:OPENING], blocks()[OPENING:]
    assert [block.text for block in opening] == ["make sandbox\n", "cd sandbox\n. ./environment.sh\n"]
    environment = {**runner.environment(), "ANSIBLE_VERBOSITY": "0"}
    setup, output, seen = ". ./environment.sh\n", "", 0
    for block in rest:
        if block.language == "yaml":
            (place / block.beside).write_text(block.text)
        elif block.language == "sh":
            command = ["bash", "-e", "-c", setup + block.text]
            run = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
            output = run.stdout + run.stderr
            assert (run.returncode != 0) is (block.beside == "fails"), output
            setup += "".join(line + "\n" for line in block.text.splitlines() if line.startswith("export "))
        else:
            assert block.language == "text"
            for line in block.text.splitlines():
                assert flat(line) in flat(output), output
                seen += 1
        secret = ("keys.csv", "stackone-api-key", "new_keys.csv", "auth_links.csv")
        runner.secret_files = {place / name for name in secret}
        runner.assert_no_secret()
    assert seen > 15
    owners = {account["origin_owner_id"] for account in runner.emulator.accounts()}
    assert owners == {"customer-4711", "customer-4712", "customer-4714"}
    assert "<table" in (place / "report.html").read_text()
