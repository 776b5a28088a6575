# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: link a list of tenants with vaulted keys on the embedded emulator, and see what goes wrong elsewhere."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from tests.emulator.handle import Emulator
from tests.support.collection import ROOT

REPORT = ROOT / ".demo" / "report.html"
GOOD = ("acme", "globex", "hooli")
BROKEN = ("acmee", "initech", "umbrella")
MORE = tuple(f"customer{number:03d}" for number in range(1, 301))
NO_KEY = "a-key-that-nobody-gave-out"


class Demo:
    """An emulator, and a folder with what a user has: the tenants in clear, the keys in an encrypted file."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        self.password = folder / "vault-password"
        self.password.touch(mode=0o600)
        self.password.write_text(secrets.token_hex(16))
        self._encrypt({"freshservice_link_stackone_api_key": emulator.stackone_api_key})

    def link(self, *domains: str, args: tuple[str, ...] = ()) -> tuple[int, str]:
        """Declare these tenants, and run the playbook."""
        urls = {"stackone_url": self.emulator.stackone_url, "freshservice_url": self.emulator.freshservice_url}
        tenants = [{"domain": domain, "origin_owner_id": f"customer-{domain}"} for domain in domains]
        declared = {"tenants": tenants, **urls}
        (self.folder / "tenants.yml").write_text(
            yaml.safe_dump({f"freshservice_link_{name}": value for name, value in declared.items()})
        )
        return self.play("link", "-e", "@tenants.yml", "-e", "@vault.yml", *args)

    def keep_keys(self, *domains: str) -> tuple[int, str]:
        """Put the keys of these tenants, as they came in a CSV, into the encrypted file."""
        known = {tenant["domain"]: tenant["api_key"] for tenant in self.emulator.tenants()}
        path = self.folder / "keys.csv"
        path.touch(mode=0o600)
        path.write_text("domain,api_key\n" + "".join(f"{name},{known.get(name, NO_KEY)}\n" for name in domains))
        paths = ("keys_file=keys.csv", "vault_file=vault.yml", f"vault_password_file={self.password.name}")
        done = self.play("vault_keys", *(part for path in paths for part in ("-e", path)))
        path.unlink()
        return done

    def play(self, playbook: str, *args: str) -> tuple[int, str]:
        """Run a playbook of the collection; its exit code and output."""
        print(f"  $ {' '.join(['ansible-playbook', f'tenantlink.stackone.{playbook}', *args])}\n", flush=True)
        command = [sys.executable, "-m", "ansible", "playbook", "--vault-password-file", str(self.password)]
        command += [f"tenantlink.stackone.{playbook}", *args]
        run = subprocess.run(
            command, cwd=self.folder, env=self._environment(), capture_output=True, text=True, check=False
        )
        print("\n".join(_readable(run.stdout + run.stderr)), "\n", flush=True)
        return run.returncode, run.stdout

    def changing_requests(self) -> int:
        """How often StackOne was told to change anything so far."""
        rows = self.emulator.requests(caller="client")
        return sum(row["method"] != "GET" and not row["path"].startswith("/connect_sessions") for row in rows)

    def owners(self) -> set[str]:
        """The customers with an active account."""
        return {account["origin_owner_id"] for account in self.emulator.accounts() if account["status"] == "active"}

    def _encrypt(self, variables: dict[str, str]) -> None:
        command = [sys.executable, "-m", "ansible", "vault", "encrypt", "--vault-password-file", str(self.password)]
        subprocess.run(
            [*command, "--output", str(self.folder / "vault.yml")],
            input=yaml.safe_dump(variables), text=True, check=True, capture_output=True, env=self._environment(),
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STACKONE_")}
        return {
            **kept,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }


def _readable(output: str) -> list[str]:
    """What a person looks for in a run: what was done, one line for each failed tenant, and the recap."""
    lines = []
    for line in output.splitlines():
        message = re.search(r'"msg": "(.*)"$', line.strip().rstrip(","))
        listed = re.match(r'\s+"(.+)",?$', line)
        if message or listed:
            lines.append("    " + (message or listed).group(1).replace('\\"', '"'))  # type: ignore[union-attr]
        elif re.match(r"\S+ +: ok=", line):
            lines.append("    " + re.sub(r" +(unreachable|skipped|rescued|ignored)=\d+", "", line).rstrip())
    return list(dict.fromkeys(lines))


def main() -> int:
    """Run the demo; the exit code says whether all was as promised."""
    print("This demo starts an emulator of Freshservice and StackOne on this machine; nothing leaves it.\n")
    with Emulator() as emulator, tempfile.TemporaryDirectory(prefix="tenantlink-demo-") as folder:
        for domain in MORE:
            emulator.set_tenant(domain, create=True)
        problems = _tell(Demo(emulator, Path(folder)))
    if problems:
        print("DEMO FAILED: " + "; ".join(problems) + ".")
        return 1
    print("Next: `make sandbox` with docs/walkthrough.md, where you also play a customer at the page of an auth link,")
    print("and `make emulator` to rehearse your own playbooks, with docs/rehearsal.md.")
    print(
        "DEMO PASSED: tenants linked, nothing changed by the second run, 3 broken ones told apart, 300 more in one task."
    )
    return 0


def _tell(demo: Demo) -> list[str]:
    problems = []
    wanted = {f"customer-{domain}" for domain in GOOD}

    print("1. The customers' keys came in a CSV. They go into an encrypted file, never in clear:")
    code, _output = demo.keep_keys(*GOOD, *BROKEN)
    if code or not (demo.folder / "vault.yml").read_text().startswith("$ANSIBLE_VAULT"):
        problems.append("the keys were not encrypted")

    print("2. Three customers are declared in YAML. Link them:")
    code, _output = demo.link(*GOOD)
    if code or demo.owners() != wanted:
        problems.append("the first run did not link all three")

    print("3. Run it again. Everything is as declared, so nothing changes:")
    before = demo.changing_requests()
    code, output = demo.link(*GOOD)
    if code or "changed=0" not in output or demo.changing_requests() != before:
        problems.append("the second run changed something")

    print("4. Three more customers, each broken in its own way. The good ones are not held up:")
    REPORT.unlink(missing_ok=True)
    REPORT.parent.mkdir(exist_ok=True)
    code, output = demo.link(*GOOD, *BROKEN, args=("-e", f"freshservice_link_report={REPORT}"))
    print(f"    The same to search, sort and send around: open {REPORT.relative_to(ROOT)} in a browser.\n")
    said = ("there is no Freshservice tenant at this domain", "refused the API key", "tenant is suspended")
    if code == 0 or not all(words in output for words in said) or demo.owners() != wanted:
        problems.append("the broken tenants were not told apart")
    if not REPORT.exists() or "customer-umbrella" not in REPORT.read_text():
        problems.append("there is no report")

    print("5. Hooli leaves, and is no longer in the list:")
    code, _output = demo.link(
        *GOOD[:2], args=("-e", "freshservice_link_purge=true", "-e", "freshservice_link_purge_limit=1")
    )
    if code or demo.owners() != wanted - {"customer-hooli"}:
        problems.append("hooli was not unlinked alone")
    return problems + _tell_of_many(demo)


def _tell_of_many(demo: Demo) -> list[str]:
    print(f"6. {len(MORE)} new customers at once:")
    demo.keep_keys(*MORE)
    started = time.monotonic()
    code, _output = demo.link(*GOOD[:2], *MORE)
    print(f"    {len(MORE)} customers in {time.monotonic() - started:.1f} s, the start of Ansible included.\n")
    if code or len(demo.owners()) != len(MORE) + 2 or len(demo.emulator.accounts()) != len(MORE) + 2:
        return ["the many were not all linked once"]
    return []


if __name__ == "__main__":
    sys.exit(main())
