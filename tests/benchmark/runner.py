# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's world: an emulator with tenants, and a folder for everything that a run writes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.emulator.handle import Emulator
from tests.support.collection import ROOT

from .contenders import NOTHING, Contender, inventory, playbook
from .processes import Usage, cpu_seconds, measure

COLLECTIONS = ROOT / ".collections"
_KEY = re.compile(r"[A-Za-z0-9]{20}")
_LAST_LINES = 12
_DROPPED = ("ANSIBLE_", "STACKONE_", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")


class RunnerError(RuntimeError):
    """Nothing can be measured here."""


class Runner:
    """Starts an emulator and runs contenders against it; leaves nothing behind."""

    def __init__(self, tenants: int, tls: bool, *emulator_args: str) -> None:
        args = ["--tenants", str(tenants), *(["--tls"] if tls else []), *emulator_args]
        self.emulator = Emulator(*args)
        self.emulator.start()
        # A short path: ansible-core puts a socket below it.
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        self._config = self.folder / "ansible.cfg"
        self._config.touch()
        self.output = self.folder / "output.txt"
        self.fingerprints = self.folder / "fingerprints.json"

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.emulator.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @cached_property
    def tenants(self) -> list[dict[str, str]]:
        """All tenants as a user declares them."""
        return [
            {
                "domain": tenant["domain"],
                "api_key": tenant["api_key"],
                "origin_owner_id": f"customer-{tenant['domain']}",
            }
            for tenant in self.emulator.tenants()
        ]

    @cached_property
    def keys(self) -> dict[str, str]:
        """The tenants' keys, by owner."""
        return {tenant["origin_owner_id"]: tenant["api_key"] for tenant in self.tenants}

    def connection(self) -> dict[str, Any]:
        """Where the emulator is, and its key."""
        emulator = self.emulator
        return {
            "stackone_url": emulator.stackone_url,
            "stackone_api_key": emulator.stackone_api_key,
            "freshservice_url": emulator.freshservice_url,
            "ca_path": emulator.ca_path,
        }

    def server_cpu_s(self) -> float:
        """CPU seconds of the emulator so far."""
        process = self.emulator._process
        return cpu_seconds(process.pid) if process else 0.0

    def run(self, contender: Contender, size: int, limit_s: float, **variables: Any) -> Usage:
        """Let a contender link the first `size` tenants."""
        tenants = self.tenants[:size]
        files = self._write_files(contender, tenants)
        given = self.write("vars.json", {**self.connection(), **contender.variables(tenants), **files, **variables})
        listed = self.write("hosts.json", inventory(tenants if contender.as_hosts else []))
        return self.execute(contender.command(given, listed), limit_s)

    def _write_files(self, contender: Contender, tenants: Sequence[dict[str, str]]) -> dict[str, str]:
        """The files that a contender reads its tenants from, keys encrypted, as variables that name them."""
        paths = {}
        for name, text in contender.files(tenants).items():
            path = self.folder / f"{name}.csv"
            path.touch(mode=0o600)
            path.write_text(text)
            paths[f"{name}_file"] = str(path)
        if paths:
            (self.folder / "password").write_text("benchmark")
            command = [sys.executable, "-m", "ansible", "vault", "encrypt", paths["keys_file"]]
            command += ["--vault-password-file", str(self.folder / "password")]
            subprocess.run(command, check=True, capture_output=True, env=self._environment())
        return paths

    def startup_s(self) -> float:
        """Seconds that ansible-playbook takes for nothing, once everything has been read from disk."""
        runs = [self.execute(playbook(NOTHING), 60) for _count in range(3)]
        if any(run.code for run in runs):
            raise RunnerError(f"ansible-playbook does not work here:\n{self.last_words()}")
        return min(run.wall_s for run in runs)

    def execute(self, command: list[str], limit_s: float) -> Usage:
        """Run a command in the folder, with a user's environment on a fresh machine."""
        return measure(command, self._environment(), self.folder, self.output, limit_s)

    def write(self, name: str, content: Any) -> Path:
        """A file that only its owner may read."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content))
        return path

    def last_words(self) -> str:
        """The end of a run's output, without keys."""
        lines = self.output.read_text(errors="replace").strip().splitlines()[-_LAST_LINES:]
        return self._scrubbed("\n".join(line[:400] for line in lines))

    def leaked(self) -> bool:
        """Whether a run's output holds a key."""
        text = self.output.read_text(errors="replace")
        return self._scrubbed(text) != text

    def _scrubbed(self, text: str) -> str:
        known = set(self.keys.values())
        text = text.replace(self.emulator.stackone_api_key, "***")
        return _KEY.sub(lambda found: "***" if found[0] in known else found[0], text)

    def _environment(self) -> dict[str, str]:
        """Nothing of this machine's Ansible; byte code is kept, as on a user's machine."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
        return {
            **kept,
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "PYTHONPATH": f"{COLLECTIONS}{os.pathsep}{ROOT}",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CONFIG": str(self._config),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_REMOTE_TMP": str(self.folder / "ansible" / "tmp"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        }


def wrong_accounts(accounts: Sequence[dict[str, Any]], keys: dict[str, str]) -> list[str]:
    """What is wrong with the stored accounts: each owner must have one, active, with its own domain and key."""
    stored = {account["origin_owner_id"] for account in accounts}
    found = []
    if missing := len(keys.keys() - stored):
        found.append(f"{missing} of {len(keys)} tenants have no account")
    if len(accounts) > len(stored):
        found.append(f"{len(accounts) - len(stored)} accounts too many")
    if asleep := sum(account["status"] != "active" for account in accounts):
        found.append(f"{asleep} accounts are not active")
    if wrong := sum(not _stores_declared(account, keys) for account in accounts):
        found.append(f"{wrong} accounts do not store what was declared")
    return found


def _stores_declared(account: dict[str, Any], keys: dict[str, str]) -> bool:
    owner = account["origin_owner_id"]
    domain = f"{owner.removeprefix('customer-')}"
    return keys.get(owner) in account["credentials"].values() and domain in account["setup_information"].values()
