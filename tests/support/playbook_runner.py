# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ansible-playbook runs against a running emulator, each searched for secrets afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.parsing.vault import VaultLib, VaultSecret

from tests.emulator.handle import Emulator
from tests.support.collection import COLLECTIONS, KEY_INFO, KEYS_INFO, LINKS, MODULE, PLAYBOOKS, ROOT
from tests.support.secret_search import forms

TENANTS = ("acme", "globex", "initech", "umbrella")
"""The tenants of the example inventory: two good ones, one whose key is refused, one that is suspended."""

CREATE, EDIT, PATCH, DELETE = "POST /hub/accounts", "PATCH /hub/accounts", "PATCH /accounts", "DELETE /accounts"
"""What changes something, as `PlaybookRunner.changing` has it."""


def actions(result: dict[str, Any]) -> list[str]:
    """What was done for each tenant of a list."""
    return [row["action"] for row in result["results"]]


@dataclass
class Run:
    """What one ansible-playbook run left: its exit code, its output and its tasks' results in order."""

    code: int
    output: str
    results: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class PlaybookRunner:
    """Runs ansible-playbook against an emulator with its default scenario, in a folder with an empty HOME."""

    emulator: Emulator
    folder: Path

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.home.mkdir()
        self.here = self.folder / "here"
        self.here.mkdir()
        # Not below the folder: ansible-core puts a socket here, whose path must be short.
        self.temporary = Path(tempfile.mkdtemp(prefix="runner-"))
        self.secrets = self.folder / "secrets.json"
        self.secret_files = {self.secrets}
        self.known: set[str] = set()
        self.runs = 0
        self.python = os.environ.get("TENANTLINK_MODULE_PYTHON", sys.executable)
        self.remote = self.home / ".ansible" / "tmp"

    @classmethod
    @contextlib.contextmanager
    def opened(cls, emulator: Emulator, folder: Path) -> Iterator[PlaybookRunner]:
        """Yield a runner whose emulator is as after start-up; closed in the end."""
        emulator.reset()
        runner = cls(emulator, folder)
        try:
            yield runner
        finally:
            runner.close()

    def tenant_key(self, domain: str, admin: bool = False) -> str:
        """The tenant's main key, or its Account Admin's."""
        tenant = self.emulator.tenant(domain)
        return next((agent["api_key"] for agent in tenant["agents"] if admin and agent["admin"]), tenant["api_key"])

    def options(self, domain: str = "acme", **options: Any) -> dict[str, Any]:
        """The options that link a tenant; None leaves one out."""
        known = {tenant["domain"] for tenant in self.emulator.tenants()}
        declared = {
            "domain": domain,
            "api_key": self.tenant_key(domain) if domain in known else "a-key-for-no-tenant",
            "origin_owner_id": f"customer-{domain}",
            "retries": 1,
            "confirm_timeout": 3,
            **self.connection(),
            **options,
        }
        return {name: value for name, value in declared.items() if value is not None}

    def connection(self) -> dict[str, Any]:
        """Where the emulator is, and its key."""
        emulator = self.emulator
        return {
            "stackone_url": emulator.stackone_url,
            "stackone_api_key": emulator.stackone_api_key,
            "freshservice_url": emulator.freshservice_url,
        }

    def play(self, *tasks: dict[str, Any], module: str = MODULE, env: dict[str, str] | None = None) -> Run:
        """Run the module once for each mapping of options; `check: True` in it means check mode."""
        book, values = [], []
        for index, options in enumerate(tasks):
            options = dict(options)
            check = options.pop("check", False)
            values.append(options)
            task = {
                "name": f"Task {index}",
                module: {name: f"{{{{ options[{index}]['{name}'] }}}}" for name in options},
                "check_mode": check,
                "diff": True,
                "ignore_errors": True,
                "register": f"result_{index}",
            }
            book.append(task)
        report = self.folder / "report.json"
        content = "[" + ", ".join(f"result_{index}" for index in range(len(tasks))) + "]"
        keep = {"content": f"{{{{ {content} | to_json }}}}", "dest": str(report)}
        book.append({"name": "Keep the results", "keep": keep, "no_log": True})
        run = self.run_tasks(*book, secret={"options": values}, env=env)
        assert report.exists(), run.output
        run.results = json.loads(report.read_text())
        report.unlink()
        return run

    def link(self, domain: str = "acme", module: str = MODULE, **options: Any) -> dict[str, Any]:
        """The result of one run of the module."""
        return self.play(self.options(domain, **options), module=module).results[0]

    def tenants(self, *domains: str, **options: Any) -> list[dict[str, Any]]:
        """A list of tenants to declare; options are set for each."""
        return [
            {
                "domain": domain,
                "api_key": self.keys.get(domain, "a-key-for-no-tenant"),
                "origin_owner_id": f"customer-{domain}",
                **options,
            }
            for domain in domains
        ]

    @property
    def keys(self) -> dict[str, str]:
        """The main key of each tenant of the emulator."""
        return {tenant["domain"]: tenant["api_key"] for tenant in self.emulator.tenants()}

    def bulk(self, tenants: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
        """The options of one run over many tenants."""
        return {"tenants": tenants, "retries": 1, "confirm_timeout": 3, **self.connection(), **options}

    def links(self, tenants: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
        """The result of one run over many tenants."""
        return self.play(self.bulk(tenants, **options), module=LINKS).results[0]

    def keys_info(self, tenants: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
        """The result of checking many keys."""
        connection = {"freshservice_url": self.emulator.freshservice_url, "retries": 1}
        return self.play({"tenants": tenants, **connection, **options}, module=KEYS_INFO).results[0]

    def key_info(self, domain: str = "acme", **options: Any) -> dict[str, Any]:
        """The result of one key check."""
        names = ("origin_owner_id", "confirm_timeout", "stackone_url", "stackone_api_key")
        return self.link(domain, module=KEY_INFO, **dict.fromkeys(names), **options)

    def converge(self, domain: str = "acme", **options: Any) -> dict[str, Any]:
        """Check mode, the run, and a second run: the first two agree, the last changes nothing.

        All in one play, so that the journal holds the changing requests of the real run alone.
        """
        declared = self.options(domain, **options)
        check, run, again = self.play({**declared, "check": True}, declared, declared).results
        for result in (check, run, again):
            assert not result.get("failed"), result["msg"]
        assert check["changed"] == run["changed"]
        assert check.get("diff") == run.get("diff")
        assert check["actions"] == run["actions"]
        assert again["changed"] is False
        assert again["actions"] == []
        return run

    def encrypt(self, path: Path, text: str) -> None:
        """Write a vaulted file; its password is in the file `password` of the folder. Nearly every test needs one."""
        (self.folder / "password").write_text("example")
        path.touch(mode=0o600)
        path.write_bytes(VaultLib([("default", VaultSecret(b"example"))]).encrypt(text))

    def by_hand(self, domain: str = "acme", **fields: Any) -> dict[str, Any]:
        """An account that somebody linked in the Hub."""
        made = {
            "provider": "freshservice",
            "origin_owner_id": f"customer-{domain}",
            "origin_owner_name": "Name by hand",
            "api_key": self.tenant_key("acme"),
            **fields,
        }
        return self.emulator.add_account(domain=domain, **made)

    def linked(self) -> dict[str, str]:
        """Owner -> domain of every active account, each once."""
        accounts = [account for account in self.emulator.accounts() if account["status"] == "active"]
        owners = {account["origin_owner_id"]: account["setup_information"]["domain"] for account in accounts}
        assert len(owners) == len(accounts), "an owner has two accounts"
        return owners

    def changing(self) -> list[str]:
        """The creating and changing requests so far; a connect session opened to look is none, nor is a call that reads."""
        return [
            f"{row['method']} {row['path'].rpartition('/')[0] if row['method'] != 'POST' else row['path']}"
            for row in self.emulator.requests()
            if row["method"] not in ("GET", "OPTIONS")
            and not row["path"].startswith(("/connect_sessions", "/actions/rpc", "/unified/proxy"))
        ]

    def count(self, service: str) -> int:
        """Requests that our client sent: service is freshservice, or stackone with its Hub."""
        services = {"freshservice"} if service == "freshservice" else {"stackone", "hub"}
        rows = self.emulator.requests(caller="client")
        return sum(row["service"] in services for row in rows)

    def local_play(self, *tasks: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        """Return a playbook of one play, with these tasks, on this machine."""
        local = {"ansible_connection": "local", "ansible_python_interpreter": self.python}
        return [{"hosts": "localhost", "gather_facts": False, "vars": local, "tasks": tasks, **more}]

    def run_tasks(
        self,
        *tasks: dict[str, Any],
        secret: dict[str, Any] | None = None,
        env: dict[str, str] | None = None,
        **more: Any,
    ) -> Run:
        """Run tasks on this machine, with variables that may hold keys. `more` belongs to the play."""
        path = self.folder / "play.json"
        path.write_text(json.dumps(self.local_play(*tasks, **more)))
        self.keep_secret(secret or {})
        return self.ansible_playbook(str(path), "-e", f"@{self.secrets}", env=env)

    def run_job(self, playbook: str | Path, *args: str, env: dict[str, str] | None = None, **options: Any) -> Any:
        """Run a playbook by ansible-runner, as a controller does; return its `Runner`."""
        import ansible_runner

        kept = ("ANSIBLE", "HOME", "TMPDIR", "PATH")
        passed = {name: value for name, value in self.environment(env).items() if name.startswith(kept)}
        private = tempfile.mkdtemp(prefix="job-", dir=self.folder)
        job = {"private_data_dir": private, "playbook": str(playbook), "cmdline": " ".join(args), "envvars": passed}
        return ansible_runner.run(**job, quiet=True, **options)

    def ansible_playbook(self, *args: str, env: dict[str, str] | None = None, quiet: bool = False) -> Run:
        """Run ansible-playbook, as verbosely as it can unless `quiet`, then search everything it left for secrets."""
        verbosity = [] if quiet else ["-vvvv", "--diff"]
        command = [sys.executable, "-m", "ansible", "playbook", *verbosity, *args]
        process = subprocess.run(
            command, cwd=self.here, env=self.environment(env), capture_output=True, text=True, check=False
        )
        run = Run(process.returncode, process.stdout + process.stderr)
        self.runs += 1
        (self.folder / f"output-{self.runs}.txt").write_text(run.output)
        self.assert_no_secret()
        return run

    def environment(self, env: dict[str, str] | None = None) -> dict[str, str]:
        """A user's environment on a fresh machine."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "STACKONE_", "XDG_"))
        }
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_ACTION_PLUGINS": str(ROOT / "tests" / "support" / "action"),
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests" / "support" / "callback"),
            "ANSIBLE_LOG_PATH": str(self.folder / "ansible.log"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            **(env or {}),
        }

    def assert_no_secret(self) -> None:
        """Search every file of the run, and the journal, for each key and token in each form."""
        tenants = self.emulator.tenants()
        self.known |= set(self.emulator.tokens())
        self.known |= {agent["api_key"] for tenant in tenants for agent in tenant["agents"]}
        self.known |= {self.emulator.stackone_api_key, self.emulator.stackone_small_quota_api_key}
        left = [*self.folder.rglob("*"), *self.temporary.rglob("*")]
        places = {path: path.read_bytes() for path in left if path.is_file() and path not in self.secret_files}
        places[Path("journal")] = json.dumps(self.emulator.requests()).encode()
        # All at once first: file by file, the many secrets of many tenants would take minutes.
        everything = b"\0".join(places.values())
        for form in (form.encode() for secret in self.known for form in forms(secret)):
            if form in everything:
                raise AssertionError(f"a secret is in {[str(path) for path in places if form in places[path]]}")

    def close(self) -> None:
        """Remove what is not the test runner's to remove."""
        shutil.rmtree(self.temporary)

    def keep_secret(self, values: dict[str, Any]) -> None:
        """Write the file of variables that may hold keys."""
        self.secrets.touch(mode=0o600)
        self.secrets.write_text(json.dumps(values))


def run_by_host(runner: PlaybookRunner, inventory: Path, playbook: str, *args: str, **options: Any) -> Run:
    """Run a playbook whose hosts are the tenants of an inventory."""
    password = str(runner.folder / "password")
    return runner.ansible_playbook(
        str(PLAYBOOKS / f"{playbook}.yml"), "-i", str(inventory), "--vault-password-file", password, *args, **options
    )


def headers(run: Run) -> list[str]:
    """The headers of the tasks that a run showed."""
    return re.findall(r"^TASK \[(?:[\w.]+ : )?(.*)\] \*+$", run.output, re.MULTILINE)


def recap(run: Run) -> dict[str, tuple[int, int]]:
    """Host -> (changed, failed) from the recap."""
    lines = [line for line in run.output.splitlines() if "unreachable=" in line]
    words = {line.split()[0]: dict(pair.split("=") for pair in line.split() if "=" in pair) for line in lines}
    return {host: (int(counts["changed"]), int(counts["failed"])) for host, counts in words.items()}


def assert_failed(result, code, phase):
    assert result["failed"], result
    failure = result["failure"]
    assert (failure["code"], failure["phase"]) == (code, phase), result["msg"]
    assert failure["tenant"]
    assert failure["tenant"] in result["msg"]
    assert failure["remediation"]
    assert failure["remediation"] in result["msg"]
    assert "\n" not in result["msg"]


def stackone_only(runner):
    return {name: value for name, value in runner.connection().items() if name != "freshservice_url"}
