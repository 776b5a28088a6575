# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts move to another connector profile with real playbooks, also if a run is killed between the steps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
import yaml

from tests.support.collection import PLAYBOOKS
from tests.support.playbook_runner import CREATE, DELETE
from tests.support.waiting import eventually

HELD_MS = 280_000
"""How long the emulator holds an answer: longer than any of these runs lives."""
DOMAINS = ("acme", "globex")


@pytest.fixture
def profiles(runner):
    """The declared profile and the one that the accounts are under."""
    first, second = runner.emulator.profiles()
    return first["integration_id"], second["integration_id"]


@pytest.fixture
def former(runner, profiles):
    """The accounts under the former profile, by domain."""
    return {
        domain: runner.by_hand(domain, integration_id=profiles[1], api_key=runner.tenant_key(domain), label="Desk")
        for domain in DOMAINS
    }


class Link:
    """`ansible-playbook tenantlink.stackone.link` with a list of tenants and variables of the role."""

    def __init__(self, runner, *args, **options):
        self.runner = runner
        listed = [{"domain": domain, "origin_owner_id": f"customer-{domain}"} for domain in DOMAINS]
        declared = {
            **runner.connection(),
            "tenants": listed,
            "api_keys": runner.keys,
            **options,
        }
        path = runner.folder / "variables.yml"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump({f"freshservice_link_{name}": value for name, value in declared.items()}))
        runner.secret_files.add(path)
        self.command = [str(PLAYBOOKS / "link.yml"), "-e", f"@{path}", *args]

    def run(self):
        """Run it; return its exit code and output."""
        run = self.runner.ansible_playbook(*self.command)
        return run.code, run.output

    def killed_once(self, condition):
        """Run it, and kill it and all its processes once a condition is true."""
        command = [sys.executable, "-m", "ansible", "playbook", *self.command]
        output = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(
            command, cwd=self.runner.here, env=self.runner.environment(), start_new_session=True, **output
        )
        try:
            eventually(condition)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def replaced(profiles, **options):
    return {"integration_id": profiles[0], "profile_change": "replace", **options}


def stored(runner):
    """Domain -> the profiles of its accounts."""
    found = {}
    for account in runner.emulator.accounts():
        found.setdefault(account["setup_information"]["domain"], []).append(account["integration_id"])
    return found


def ids(runner):
    return {account["id"] for account in runner.emulator.accounts()}


def test_by_default_nothing_is_changed(runner, profiles, former):
    code, output = Link(runner, integration_id=profiles[0], label="New").run()
    assert code != 0
    for domain in DOMAINS:
        assert former[domain]["id"] in output
    assert profiles[0] in output
    assert profiles[1] in output
    assert runner.changing() == []


@pytest.mark.parametrize(("how", "code"), [("taken", 0), ("refused", 2), ("ignored", 2)])
def test_relink(runner, profiles, former, how, code):
    runner.emulator.switch(hub_profile_change=how)
    link = Link(runner, integration_id=profiles[0], profile_change="relink")
    ended, output = link.run()
    assert (ended != 0) is (code != 0), output
    assert ids(runner) == {account["id"] for account in former.values()}
    expected = profiles[0] if how == "taken" else profiles[1]
    assert stored(runner) == {domain: [expected] for domain in DOMAINS}
    assert Link(runner, integration_id=expected).run()[0] == 0


def test_replace(runner, profiles, former):
    code, output = Link(runner, "--check", **replaced(profiles)).run()
    assert (code, runner.changing()) == (0, []), output
    code, output = Link(runner, **replaced(profiles, purge=True, purge_limit=9)).run()
    assert code == 0, output
    assert sorted(runner.changing()) == sorted([CREATE, DELETE] * 2)
    assert stored(runner) == {domain: [profiles[0]] for domain in DOMAINS}
    assert {account["label"] for account in runner.emulator.accounts()} == {"Desk"}
    runner.emulator.clear_requests()
    code, output = Link(runner, **replaced(profiles, purge=True, purge_limit=9)).run()
    assert (code, runner.changing()) == (0, []), output
    assert "changed=0" in output


KILLS = {
    "while the first new one is made": {"service": "hub", "method": "POST", "path": "/hub/accounts", "when": "after"},
    # Each former account has been looked at once by then.
    "before a new one is seen under its profile": {
        "service": "hub",
        "method": "GET",
        "path": "/hub/accounts/*",
        "call": 3,
    },
    "before a former one is unlinked": {"service": "stackone", "method": "DELETE", "status": 503},
    "after a former one is unlinked": {"service": "stackone", "method": "DELETE", "when": "after"},
}


@pytest.mark.parametrize("held", KILLS.values(), ids=KILLS)
def test_killed_between_the_steps(runner, profiles, former, held):
    """The emulator holds an answer until the run is dead; the next run ends with one account for each tenant."""
    options = replaced(profiles, concurrency=1, purge=True, purge_limit=9, fingerprints=False)
    runner.emulator.fault(**held, delay_ms=HELD_MS)
    waiting = {"method": held["method"], "status": None}
    Link(runner, **options).killed_once(lambda: [row for row in runner.emulator.requests(**waiting) if row["fault"]])
    runner.emulator.clear_faults()
    working = {row["origin_owner_id"] for row in runner.emulator.accounts() if row["status"] == "active"}
    assert working == {f"customer-{domain}" for domain in DOMAINS}, "a tenant has no account"
    assert ids(runner) != {account["id"] for account in former.values()}, "it was killed before anything was done"
    code, output = Link(runner, **options).run()
    assert code == 0, output
    assert stored(runner) == {domain: [profiles[0]] for domain in DOMAINS}
    assert not ids(runner) & {account["id"] for account in former.values()}
    runner.emulator.clear_requests()
    assert Link(runner, **options).run()[0] == 0
    assert runner.changing() == []
