# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job ends for good when its controller cancels it, as ansible-runner does, and the next one makes no duplicate."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from tests.support.collection import PLAYBOOKS
from tests.support.playbook_fixtures import numbered_domains, numbered_emulator
from tests.support.waiting import eventually

MANY = 300
DOMAINS = numbered_domains(MANY)
HOSTS = DOMAINS[:24]
SLOW_MS = 400
"""What the emulator takes for each answer: the whole list would take more than a minute."""


numbered = numbered_emulator(MANY, "--stackone-rpm", "1000000")


@pytest.fixture
def job(many):
    """Run a playbook as a controller does, and cancel it as soon as `cancel` says so."""
    # What Ansible copies there before a module starts holds its arguments, and a cancel leaves it behind.
    remote = tempfile.mkdtemp(prefix="cancelled-")

    def run(playbook, cancel, *arguments, **variables):
        declared = {**many.connection(), "api_keys": many.keys, **variables}
        many.keep_secret({f"freshservice_link_{name}": value for name, value in declared.items()})
        # The seconds between two questions whether to cancel.
        often = {"cancel_callback": cancel, "settings": {"pexpect_timeout": 0.2}}
        env = {"ANSIBLE_REMOTE_TEMP": remote}
        return many.run_job(PLAYBOOKS / f"{playbook}.yml", f"-e @{many.secrets}", *arguments, env=env, **often)

    yield run
    shutil.rmtree(remote, ignore_errors=True)


def processes_of(runner):
    """The processes that have a runner's environment: Ansible's, whatever they run."""
    mark, found = f"HOME={runner.home}".encode(), []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (path / "environ").read_bytes().split(b"\0"):
                found.append((path / "cmdline").read_bytes().decode())
    return found


def linking_a_list(many):
    tenants = [{"domain": domain, "origin_owner_id": f"customer-{domain}"} for domain in DOMAINS]
    return ["link"], {"tenants": tenants, "concurrency": 3}, lambda: len(many.emulator.accounts()) >= 20


def linking_by_host(many):
    hosts = {domain: {"freshservice_link_origin_owner_id": f"customer-{domain}"} for domain in HOSTS}
    local = {"ansible_connection": "local", "ansible_python_interpreter": many.python}
    key = {"freshservice_link_api_key": "{{ freshservice_link_api_keys[inventory_hostname] }}"}
    path = many.folder / "hosts.json"
    path.write_text(json.dumps({"tenants": {"hosts": hosts, "vars": {**local, **key}}}))
    return ["link_by_host", f"-i {path}", "--forks 8"], {}, lambda: len(many.emulator.accounts()) >= 6


def waiting_for_customers(many):
    """Nothing happens but that StackOne is asked every second, for hours."""
    tenants = [{"origin_owner_id": "customer-t00001"}]
    variables = {"tenants": tenants, "auth_links_file": str(many.secrets) + ".csv", "wait": 7200, "wait_interval": 1}
    many.secret_files.add(Path(variables["auth_links_file"]))
    return ["auth_links"], variables, lambda: len(many.emulator.requests(path="/accounts")) >= 4


@pytest.mark.parametrize("working", [linking_a_list, linking_by_host, waiting_for_customers])
def test_a_cancelled_job_sends_nothing_more(many, job, working):
    many.emulator.latency(SLOW_MS)
    (playbook, *arguments), variables, begun = working(many)
    ended = job(playbook, begun, *arguments, **variables)
    assert ended.status == "canceled", ended.stdout.read()
    eventually(lambda: not processes_of(many))
    # StackOne may still be at work on what it was asked for last, and call Freshservice for it.
    asked = len(many.emulator.requests(caller="client"))
    assert len(many.emulator.accounts()) < len(HOSTS if working is linking_by_host else DOMAINS)
    # Nobody is left who could send anything: this waits for no time of any process.
    time.sleep(2 * SLOW_MS / 1000)
    assert len(many.emulator.requests(caller="client")) == asked


@pytest.mark.parametrize("working", [linking_a_list, linking_by_host])
def test_the_job_after_a_cancelled_one_links_the_rest(many, job, working):
    """At once: StackOne may still be at work on what it was asked for last."""
    many.emulator.latency(SLOW_MS)
    (playbook, *arguments), variables, begun = working(many)
    assert job(playbook, begun, *arguments, **variables).status == "canceled"
    many.emulator.latency(0)
    ended = job(playbook, lambda: False, *arguments, **{**variables, "concurrency": 16})
    assert ended.status == "successful", ended.stdout.read()
    domains = HOSTS if working is linking_by_host else DOMAINS
    assert many.linked() == {f"customer-{domain}": domain for domain in domains}
    assert len(many.emulator.accounts()) == len(domains)
