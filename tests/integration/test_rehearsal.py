# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/rehearsal.md, followed to the letter: the emulator as one file, in a folder that has nothing else of the tests."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import pytest
import yaml

from tests.emulator import archive
from tests.support.collection import COLLECTIONS, ROOT
from tests.support.ports import unused_port

TEXT = (ROOT / "docs" / "rehearsal.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORTS = ("8080", "8081")
SHELL = "trap 'kill $(jobs -p) 2>/dev/null' EXIT\nstep() { printf '\\n%s\\n' \"--- $1\"; }\n"


@dataclass
class Place:
    """The folder of the guide, and the ports that stand for those in it."""

    folder: Path
    ports: dict[str, int]

    def here(self, text: str) -> str:
        """The text with this run's ports."""
        for printed, port in self.ports.items():
            text = text.replace(f":{printed}/", f":{port}/").replace(f"--port {printed}", f"--port {port}")
        return text


@pytest.fixture
def place(tmp_path: Path) -> Place:
    archive.build(tmp_path / "tenantlink-emulator.pyz")
    return Place(tmp_path, {port: unused_port() for port in PORTS})


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "STACKONE_"))}
    kept.pop("PYTHONPATH", None)
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
    }


def script(place: Place) -> tuple[str, list[tuple[int, str]]]:
    """One script of all commands, each announced by its number, and the lines that each must have printed."""
    parts, expected = [SHELL], []
    for number, found in enumerate(BLOCK.finditer(TEXT)):
        language, more, text = found.groups()
        if language == "sh" and more != "elsewhere":
            parts.append(f"step {number}\n")
            lines = place.here(text).rstrip()
            parts.append(f"if ( {lines} ); then exit 9; fi\n" if more == "fails" else f"{lines}\n")
            last = number
        elif language == "text":
            expected += [(last, line) for line in text.splitlines()]
        elif more.endswith(("newcomers.yml", "rehearsal.json", "customers.yml")):
            (place.folder / more).write_text(text, encoding="utf-8")
    return "".join(parts), expected


def test_the_guide(place: Place) -> None:
    commands, expected = script(place)
    run = subprocess.run(
        ["bash", "-e", "-c", commands],
        cwd=place.folder,
        env=environment(place.folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    printed = dict(part.split("\n", 1) for part in run.stdout.split("\n--- ")[1:])
    for number, line in expected:
        assert " ".join(line.split()) in " ".join(printed[str(number)].split()), printed[str(number)]
    assert len(expected) == 8
    keys = json.loads((place.folder / "emulator-variables.json").read_text())["freshservice_link_api_keys"]
    assert len(keys) == 3
    assert not [key for key in keys.values() if key in run.stdout]


@contextlib.contextmanager
def running(place: Place) -> Iterator[str]:
    command = [sys.executable, "tenantlink-emulator.pyz", "--tenants", "2"]
    with subprocess.Popen(command, cwd=place.folder, stdout=subprocess.PIPE) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())["admin_url"]
        finally:
            process.terminate()


def test_each_row_of_what_to_rehearse_is_understood(place: Place) -> None:
    rows = re.findall(r"^\| [^|]+ \| `(\w+) (/_admin\S+)` \| ?(.*?) ?\|$", TEXT, re.MULTILINE)
    assert len(rows) > 10
    with running(place) as admin:
        opener = build_opener(ProxyHandler({}))

        def ask(method: str, path: str, body: str | None = None) -> object:
            data = body.encode() if body else None
            with opener.open(Request(admin + path, data, method=method), timeout=10) as answer:
                return json.load(answer)

        for method, path, bodies in rows:
            ask("POST", "/reset")
            ask("POST", "/accounts", '{"id": "ID", "origin_owner_id": "o", "domain": "t00001", "api_key": "k"}')
            for body in re.findall(r"`(\{.*?\})`", bodies) or [None]:
                ask(method, path.removeprefix("/_admin"), body)


def test_the_options_of_the_pipelines_are_known(place: Place) -> None:
    """The emulator starts with what the examples pass to it."""
    options = re.findall(r"TENANTLINK_EMULATOR: (.+)", TEXT)
    assert len(options) == 2
    for given in options:
        command = [sys.executable, "tenantlink-emulator.pyz"]
        env = {**os.environ, "TENANTLINK_EMULATOR": given}
        with subprocess.Popen(command, cwd=place.folder, env=env, stdout=subprocess.PIPE) as process:
            assert process.stdout
            assert json.loads(process.stdout.readline())["ca_path"] is None or "--tls" in given
            process.terminate()


def test_the_workflow_reaches_the_emulator_that_it_starts() -> None:
    shown = {name: text for language, name, text in BLOCK.findall(TEXT) if language == "yaml" and name}
    workflow = yaml.safe_load(shown[".github/workflows/rehearse.yml"])
    steps = [step.get("run", "") for step in workflow["jobs"]["rehearse"]["steps"]]
    (start,) = [step for step in steps if "tenantlink-emulator.pyz" in step]
    assert "--port 8080" in start
    assert "http://127.0.0.1:8080/_admin/variables" in start
    job = yaml.safe_load(shown[".gitlab-ci.yml"])["rehearse"]
    assert f"--tls-name {job['services'][0]['alias']}" in job["services"][0]["variables"]["TENANTLINK_EMULATOR"]
