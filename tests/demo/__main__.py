# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: link tenants from a vaulted inventory on the embedded emulator, and see what goes wrong elsewhere."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from tests.emulator.handle import Emulator

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = ROOT / "playbooks"
GOOD = ("acme", "globex", "hooli")
BROKEN = ("acmee", "initech", "umbrella")
NO_KEY = "a-key-that-nobody-gave-out"


class Demo:
    """An emulator, and a folder with a vaulted inventory for it."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        self.password = folder / "vault-password"
        self._write_inventory()

    def play(self, playbook: str, *args: str) -> tuple[int, str]:
        """Run a playbook of the collection; its exit code and output."""
        shown = " ".join(["ansible-playbook", f"playbooks/{playbook}.yml", *args])
        print(f"  $ {shown}\n", flush=True)
        command = [sys.executable, "-m", "ansible", "playbook", "-i", str(self.folder / "inventory")]
        command += ["--vault-password-file", str(self.password), str(PLAYBOOKS / f"{playbook}.yml"), *args]
        run = subprocess.run(command, cwd=self.folder, env=self._environment(), capture_output=True, text=True)
        print("\n".join(_readable(run.stdout + run.stderr)), "\n", flush=True)
        return run.returncode, run.stdout

    def changing_requests(self) -> int:
        """How often StackOne was told to change anything so far."""
        rows = self.emulator.requests(caller="client")
        return sum(row["method"] != "GET" and not row["path"].startswith("/connect_sessions") for row in rows)

    def _write_inventory(self) -> None:
        """As playbooks/inventory: hosts in clear, all keys in one encrypted file, never written in clear."""
        group = self.folder / "inventory" / "group_vars" / "tenants"
        group.mkdir(parents=True)
        hosts = {domain: {"freshservice_link_origin_owner_id": f"customer-{domain}"} for domain in GOOD + BROKEN}
        (self.folder / "inventory" / "hosts.yml").write_text(yaml.safe_dump({"tenants": {"hosts": hosts}}))
        example = (PLAYBOOKS / "inventory" / "group_vars" / "tenants" / "vars.yml").read_text()
        urls = {
            "freshservice_link_stackone_url": self.emulator.stackone_url,
            "freshservice_link_freshservice_url": self.emulator.freshservice_url,
        }
        (group / "vars.yml").write_text(example + yaml.safe_dump(urls))
        self.password.touch(mode=0o600)
        self.password.write_text(secrets.token_hex(16))
        keys = {tenant["domain"]: tenant["api_key"] for tenant in self.emulator.tenants()}
        vault = {
            "vault_stackone_api_key": self.emulator.stackone_api_key,
            "vault_freshservice_api_keys": {domain: keys.get(domain, NO_KEY) for domain in GOOD + BROKEN},
        }
        command = [sys.executable, "-m", "ansible", "vault", "encrypt", "--vault-password-file", str(self.password)]
        subprocess.run(
            [*command, "--output", str(group / "vault.yml")],
            input=yaml.safe_dump(vault), text=True, check=True, capture_output=True, env=self._environment(),
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STACKONE_")}
        return {
            **kept,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
        }


def _readable(output: str) -> list[str]:
    """What a person looks for in a run: one line for each tenant, and the recap."""
    lines = []
    for line in output.splitlines():
        message = re.search(r'"msg": "(.*)"$', line.strip().rstrip(","))
        fatal = re.match(r"fatal: \[\S+\]: FAILED! => .*\"msg\": \"(.*?)\"}?$", line)
        if fatal or message:
            lines.append("    " + (fatal or message).group(1).replace('\\"', '"'))  # type: ignore[union-attr]
        elif re.match(r"\S+ +: ok=", line):
            lines.append("    " + re.sub(r" +(unreachable|skipped|rescued|ignored)=\d+", "", line).rstrip())
    return list(dict.fromkeys(lines))


def main() -> int:
    """Run the demo; the exit code says whether all was as promised."""
    print("This demo starts an emulator of Freshservice and StackOne on this machine; nothing leaves it.\n")
    with Emulator() as emulator, tempfile.TemporaryDirectory(prefix="tenantlink-demo-") as folder:
        problems = _tell(Demo(emulator, Path(folder)))
    if problems:
        print("DEMO FAILED: " + "; ".join(problems) + ".")
        return 1
    print("DEMO PASSED: 3 tenants linked, nothing changed by the second run, 3 broken ones told apart, 1 unlinked.")
    return 0


def _tell(demo: Demo) -> list[str]:
    problems = []
    good = ",".join(GOOD)

    print("1. Three customers are declared in YAML, their keys in Ansible Vault. Link them:")
    code, _output = demo.play("link_by_host", "--limit", good)
    linked = {account["origin_owner_id"] for account in demo.emulator.accounts() if account["status"] == "active"}
    if code or linked != {f"customer-{domain}" for domain in GOOD}:
        problems.append("the first run did not link all three")

    print("2. Run it again. All is as declared, so nothing changes:")
    before = demo.changing_requests()
    code, output = demo.play("link_by_host", "--limit", good)
    if code or output.count("changed=0") != len(GOOD) or demo.changing_requests() != before:
        problems.append("the second run changed something")

    print("3. Three more customers, each broken in its own way. The good ones pass all the same:")
    code, output = demo.play("link_by_host")
    said = ("there is no Freshservice at this domain", "refused the API key", "account is suspended")
    if code == 0 or not all(words in output for words in said) or output.count("failed=0") != len(GOOD):
        problems.append("the broken tenants were not told apart")

    print("4. A customer leaves:")
    code, _output = demo.play("unlink", "--limit", "hooli")
    left = {account["origin_owner_id"] for account in demo.emulator.accounts()}
    if code or left != {"customer-acme", "customer-globex"}:
        problems.append("hooli was not unlinked alone")
    return problems


if __name__ == "__main__":
    sys.exit(main())
