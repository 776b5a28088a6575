# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-rulebook as a process, as users start it, beside a running emulator."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
import yaml

from tests.support.collection import PLAYBOOKS
from tests.support.playbook_runner import PlaybookRunner
from tests.support.ports import listens, unused_port

REQUIRED = "TENANTLINK_REQUIRE_EDA"
RULEBOOK = "tenantlink.stackone.heal_links"
PATIENCE_S = 120.0
COLLECTION = PLAYBOOKS.parent
COMMAND = Path(sys.executable).with_name("ansible-rulebook")

_opener = build_opener(ProxyHandler({}))


def need(*modules: str, commands: Sequence[str | Path] = ()) -> None:
    """Skip where something that tests of events need is missing, or fail there when it is required."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    missing += [Path(command).name for command in commands if shutil.which(command) is None]
    if not missing:
        return
    reason = f"missing: {', '.join(missing)}; needed are requirements-eda.txt, and Java 17 or newer"
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(reason)
    pytest.skip(reason, allow_module_level=True)


def signature_of(body: bytes, secret: str) -> str:
    """A signature as StackOne makes it, padded."""
    return base64.urlsafe_b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


class Rulebook:
    """Heals the declared tenants of a runner until it is stopped. All it says is in `output`."""

    def __init__(
        self,
        runner: PlaybookRunner,
        declared: list[dict[str, Any]],
        look_every: int = 300,
        port: int | None = None,
        webhook_secret: str | None = None,
        **variables: Any,
    ) -> None:
        self.secret = webhook_secret or secrets.token_urlsafe(32)
        self.port = port or unused_port()
        self.url = f"http://127.0.0.1:{self.port}/stackone/accounts"
        runner.known.add(self.secret)
        files = declare(runner, declared, variables)
        self._runner = runner
        self._rulebook_vars = self._variables(look_every, files)
        self._starts = 0
        self.start()

    def start(self) -> None:
        """Start it, once more where it was stopped or killed, and wait until it listens."""
        self._starts += 1
        self._seen = 0
        runner, password = self._runner, str(self._runner.folder / "password")
        self.path = runner.folder / f"rulebook-{self.port}-{self._starts}.txt"
        command = [COMMAND, "-vv", "-r", RULEBOOK, "--vault-password-file", password]
        command += ["-i", _inventory(runner), "-e", self._rulebook_vars]
        env = runner.environment({"ANSIBLE_VAULT_PASSWORD_FILE": password, "PYTHONUNBUFFERED": "1"})
        with self.path.open("wb") as output:
            self._process = subprocess.Popen(
                list(map(str, command)), cwd=runner.folder, env=env, stdout=output, stderr=subprocess.STDOUT
            )
        self.until(lambda: listens(self.port))

    def _variables(self, look_every: int, files: list[str]) -> Path:
        """The rulebook's variables, with the secrets as `ansible-vault encrypt_string` writes them."""
        runner = self._runner
        plain = {
            "stackone_webhook_port": self.port,
            "stackone_look_every": look_every,
            "freshservice_link_stackone_url": runner.emulator.stackone_url,
            "heal_vars_files": files,
        }
        text = yaml.safe_dump(plain)
        vaulted = runner.folder / "vaulted.yml"
        for name, secret in (
            ("stackone_webhook_secret", self.secret),
            ("freshservice_link_stackone_api_key", runner.emulator.stackone_api_key),
        ):
            runner.encrypt(vaulted, secret)
            text += f"{name}: !vault |\n{textwrap.indent(vaulted.read_text(), '  ')}"
        path = runner.folder / f"rulebook_vars-{self.port}.yml"
        path.write_text(text)
        return path

    def begin(self) -> None:
        """Let `output` begin here."""
        self._seen = self.path.stat().st_size

    @property
    def output(self) -> str:
        """What it and its playbooks have said since its start, or since `begin`."""
        return self.path.read_bytes()[self._seen :].decode(errors="replace")

    def ended(self) -> int:
        """How many playbooks have ended."""
        return self.output.count("PLAY RECAP ")

    def endings(self) -> list[str]:
        """What was said at the end of each run that healed something or found nothing to do."""
        said = [line.strip().strip('",') for line in self.output.splitlines()]
        return [line for line in said if re.match(r"(Owner|Tenants) .*: \d+ linked", line)]

    def until(self, done: Callable[[], Any]) -> None:
        """Wait until something is so, for as long as a slow machine may need and the process runs."""
        end = time.monotonic() + PATIENCE_S
        while not done():
            assert self._process.poll() is None, f"ansible-rulebook ended: {self.output}"
            assert time.monotonic() < end, self.output[-20000:]
            time.sleep(0.1)

    def send(self, signature: str | None = None, **fields: Any) -> int:
        """The status that answers an event, signed as it should be unless a signature is given."""
        now = datetime.now(timezone.utc).isoformat()
        payload = {"record_type": "account", "provider": "freshservice", "event_date": now, "sent_at": now, **fields}
        body = json.dumps(payload).encode()
        headers = {"x-stackone-signature": signature_of(body, self.secret) if signature is None else signature}
        try:
            with _opener.open(Request(self.url, body, headers, method="POST"), timeout=PATIENCE_S) as answer:
                return answer.status
        except HTTPError as refused:
            with refused:
                return refused.code

    def kill(self) -> None:
        """End it and all that it has started at once, as a service manager or a power failure does."""
        _end(self._family())
        self._process.wait()

    def stop(self) -> None:
        """Stop it, by force if it does not listen, and the run that it may have started, which would still write files."""
        family = self._family()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _end(family[1:])

    def _family(self) -> list[int]:
        """Return its id, and those of all that it has started."""
        family = [self._process.pid]
        for pid in family:
            family += [child for child, parent in _parents() if parent == pid]
        return family


def _end(processes: Sequence[int]) -> None:
    """End processes at once, and wait until they are gone."""
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while {pid for pid, _parent in _parents()} & set(processes) and time.monotonic() < deadline:
        time.sleep(0.05)


def _parents() -> Iterator[tuple[int, int]]:
    """Each process with its parent, without those that have ended and nobody has asked about."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                yield int(path.parent.name), int(parent)


def _inventory(runner: PlaybookRunner) -> Path:
    path = runner.folder / "inventory.yml"
    path.write_text(yaml.safe_dump({"all": {"hosts": {"localhost": {"ansible_connection": "local"}}}}))
    return path


def declare(runner: PlaybookRunner, declared: list[dict[str, Any]], variables: dict[str, Any]) -> list[str]:
    """Write the files that the playbook reads, and name them. Keys are in the encrypted one."""
    urls = {f"freshservice_link_{name}": url for name, url in runner.connection().items() if name.endswith("_url")}
    tenants, vault = runner.folder / "tenants.yml", runner.folder / "vault.yml"
    tenants.write_text(yaml.safe_dump({"freshservice_link_tenants": declared, **urls, **variables}))
    key = runner.emulator.stackone_api_key
    runner.encrypt(
        vault, yaml.safe_dump({"freshservice_link_stackone_api_key": key, "freshservice_link_api_keys": runner.keys})
    )
    return [str(tenants), str(vault)]


def owner(domain: str) -> str:
    return f"customer-{domain}"


def declared(*domains: str) -> list[dict]:
    return [{"domain": domain, "origin_owner_id": owner(domain), "origin_owner_name": domain} for domain in domains]


def linked_by_hand(runner: PlaybookRunner, *domains: str) -> None:
    for domain in domains:
        named = {"origin_owner_id": owner(domain), "origin_owner_name": domain}
        runner.emulator.add_account(domain=domain, api_key=runner.keys[domain], **named)
