# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A project that somebody wrote for an earlier release, run with that release or with this tree's collection."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from tests.emulator import handle
from tests.emulator.handle import Emulator
from tests.support.collection import COLLECTIONS, ROOT
from tests.support.playbook_runner import PlaybookRunner, Run
from tests.support.releases import FIXTURES

LIST = ("-e", "@tenants.yml", "-e", "@options.yml")
"""How the documentation of 1.0.0 passed a list and its options."""


@contextmanager
def services(version: str, accounts: list[dict[str, Any]], folder: Path, source: Path = ROOT) -> Iterator[Emulator]:
    """Run the emulator of a source tree with the release's tenants and these accounts."""
    scenario = yaml.safe_load((FIXTURES / version / "scenario.yml").read_text())
    path = folder / "scenario.json"
    path.write_text(json.dumps({**scenario, "accounts": accounts}))
    with patch.object(handle, "_ROOT", source), Emulator("--scenario", str(path)) as emulator:
        yield emulator


@dataclass
class ReleasedProject:
    """The files of a release's project in the runner's folder, where its playbooks run."""

    runner: PlaybookRunner
    version: str
    collections: Path = COLLECTIONS

    def __post_init__(self) -> None:
        shutil.copytree(FIXTURES / self.version / "project", self.folder, dirs_exist_ok=True)
        (self.folder / "password").write_text("example\n")

    @property
    def folder(self) -> Path:
        """The current folder of whoever runs the playbooks."""
        return self.runner.here

    def take(self, *names: str) -> None:
        """Put files that the release wrote where it wrote them."""
        for name in names:
            shutil.copy(FIXTURES / self.version / name, self.folder / name)

    def run(self, playbooks: str, *args: str, **variables: Any) -> Run:
        """Run playbooks of the collection, or of the project if they end in .yml, named with spaces between."""
        names = playbooks.split()
        named = [name if name.endswith(".yml") else f"tenantlink.stackone.{name}" for name in names]
        path = self.runner.folder / "variables.json"
        path.write_text(json.dumps({**self.urls, **variables}))
        vault = ["-e", f"@{path}", "-e", "@vault.yml", "--vault-password-file", "password"]
        return self.runner.ansible_playbook(*named, *args, *vault, env=self.environment, quiet=True)

    @property
    def urls(self) -> dict[str, str]:
        """The variables that aim a run at the emulator."""
        emulator = self.runner.emulator
        return {
            "freshservice_link_stackone_url": emulator.stackone_url,
            "freshservice_link_freshservice_url": emulator.freshservice_url,
        }

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which Ansible finds the collection."""
        found = str(self.collections)
        return {
            "ANSIBLE_COLLECTIONS_PATH": found,
            "PYTHONPATH": found,
            "STACKONE_URL": self.runner.emulator.stackone_url,
        }

    def results(self) -> dict[str, dict[str, Any]]:
        """Run the project's playbook over all modules and return what it registered."""
        path = self.folder / "results.json"
        run = self.run("modules.yml", "-e", "@options.yml")
        assert path.exists(), run.output
        found: dict[str, dict[str, Any]] = json.loads(path.read_text())
        path.unlink()
        return found

    def inventory(self) -> dict[str, Any]:
        """Return the project's inventory of accounts, as ansible-inventory lists it."""
        command = [sys.executable, "-m", "ansible", "inventory", "-i", "stackone.yml", "--list"]
        command += ["-e", "@vault.yml", "--vault-password-file", "password"]
        # It shows extra variables as those of each host, so keys as well, and logs what it shows.
        env = self.runner.environment({**self.environment, "ANSIBLE_LOG_PATH": ""})
        process = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        assert process.returncode == 0, process.stderr
        found: dict[str, Any] = json.loads(process.stdout)
        return {**found, "said": process.stderr}
