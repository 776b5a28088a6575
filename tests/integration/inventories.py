# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources of the inventory plugin, and what ansible-inventory lists of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

PLUGIN = "tenantlink.stackone.accounts"
PASSWORD = "Vault-password 42"


@dataclass
class Listing:
    """What one ansible-inventory run gave: hosts with their variables, and groups with their hosts."""

    code: int
    output: str
    data: dict[str, Any]

    @property
    def words(self) -> str:
        """The output as if it were one line: before ansible-core 2.19 warnings are wrapped."""
        return " ".join(self.output.split())

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        return self.data.get("_meta", {}).get("hostvars", {})

    def group(self, name: str) -> set[str]:
        """The hosts of a group; a group without any is not listed."""
        return set(self.data.get(name, {}).get("hosts", []))

    def label_of(self, name: str) -> str:
        """The label of the account that a host is: tests know accounts by it."""
        return self.hosts[name]["stackone_label"]


def shown(value):
    """A value as it is, without the mark that ansible-inventory shows on texts that could be run, which no others have."""
    if isinstance(value, dict):
        if set(value) == {"__ansible_unsafe"}:
            assert re.search(r"[][{}|()]|^#", value["__ansible_unsafe"]), value
            return value["__ansible_unsafe"]
        return {name: shown(each) for name, each in value.items()}
    return [shown(item) for item in value] if isinstance(value, list) else value


def source(runner, name="stackone.yml", **options):
    """An inventory file, in a folder of its own, so that nothing else is beside it."""
    folder = runner.folder / "inventories"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(yaml.safe_dump({"plugin": PLUGIN, "retries": 1, **options}))
    return path


def environment(runner, **env):
    connection = {"STACKONE_API_KEY": runner.emulator.stackone_api_key, "STACKONE_URL": runner.emulator.stackone_url}
    return {name: value for name, value in {**connection, **env}.items() if value is not None}


def listing(runner, *sources, args=(), show=("--list",), **env):
    """Run ansible-inventory as verbosely as it can, then search everything it left for secrets."""
    output = runner.folder / "inventory.json"
    output.unlink(missing_ok=True)
    files = [argument for each in sources for argument in ("-i", str(each))]
    command = [sys.executable, "-m", "ansible", "inventory", *files, *show, "-vvvv", "--output", str(output), *args]
    given = runner.environment(environment(runner, **env))
    process = subprocess.run(command, cwd=runner.folder, env=given, capture_output=True, text=True, check=False)
    runner.runs += 1
    said = process.stdout + process.stderr
    (runner.folder / f"output-{runner.runs}.txt").write_text(said)
    runner.assert_no_secret()
    return Listing(process.returncode, said, shown(json.loads(output.read_text())) if output.exists() else {})


def play(runner, inventory, *plays, args=(), **env):
    """Run plays on the hosts of an inventory. They are reached as the plugin's documentation says."""
    variables = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    folder = inventory.parent / "group_vars"
    folder.mkdir(exist_ok=True)
    (folder / "stackone_accounts.yml").write_text(yaml.safe_dump(variables))
    playbook = runner.folder / "play.json"
    playbook.write_text(json.dumps([{"gather_facts": False, **each} for each in plays]))
    return runner.ansible_playbook("-i", str(inventory), str(playbook), *args, env=environment(runner, **env))


def requests_of(runner):
    """How many requests were sent since this was last asked; the further pages of a listing are none of their own."""
    count = sum("page=" not in row["query"] for row in runner.emulator.requests(caller="client"))
    runner.emulator.clear_requests()
    return count


def vaulted(text):
    return VaultLib().encrypt(text, VaultSecret(PASSWORD.encode())).decode()


def indented(text):
    return "".join(f"  {line}\n" for line in text.splitlines())
