# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module ends with the run that started it, however that run ends, and the next run makes no duplicate."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.support.collection import AUTH_LINK, AUTH_LINKS, LINK, LINKS
from tests.support.module_runner import started_module
from tests.support.playbook_fixtures import numbered_domains, numbered_emulator
from tests.support.waiting import eventually

MANY = 60
DOMAINS = numbered_domains(MANY)
SLOW_MS = 400
"""What the emulator takes for each answer: the whole list would take more than half a minute."""


numbered = numbered_emulator(MANY, "--stackone-rpm", "1000000")


def processes():
    """Process id -> (parent's id, command) of all that run."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 3) for line in listed.stdout.splitlines()]
    return {int(row[0]): (int(row[1]), row[3]) for row in rows if len(row) == 4 and not row[2].startswith("Z")}


def chain(pid, found):
    """A process and its ancestors, from the inside outwards."""
    while pid in found:
        yield pid
        pid = found[pid][0]


class Playbook:
    """ansible-playbook with one task, running."""

    def __init__(self, runner, module, options, env=None, **keywords):
        # Kills leave modules here, with their arguments: not where the runner searches for keys.
        self.remote = Path(tempfile.mkdtemp(prefix="lost-"))
        names = {name: f"{{{{ options['{name}'] }}}}" for name in options}
        path = runner.folder / "lost.json"
        path.write_text(json.dumps(runner.local_play({"name": "Link", module: names, **keywords})))
        runner.keep_secret({"options": options})
        self._output = runner.folder / "lost.txt"
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ansible", "playbook", str(path), "-e", f"@{runner.secrets}"],
                cwd=runner.here, env=runner.environment({"ANSIBLE_REMOTE_TEMP": str(self.remote), **(env or {})}), stdout=output, stderr=output,
            )  # fmt: skip

    @property
    def output(self):
        """What ansible-playbook has said so far."""
        return self._output.read_text()

    def modules(self):
        """The processes that run the module's Python, innermost first."""
        found = processes()
        mine = [pid for pid, (_parent, command) in found.items() if f"{self.remote}/" in command]
        return [pid for pid in mine if " -c " not in found[pid][1] and "async_wrapper" not in found[pid][1]]

    def worker(self):
        """The process that ansible-playbook forked for the task."""
        found = processes()
        ancestors = list(chain(self.modules()[0], found))
        return ancestors[ancestors.index(self.process.pid) - 1]

    def wait(self):
        """Wait until neither ansible-playbook nor the module is there."""
        self.process.wait(150)
        eventually(lambda: not self.modules())
        shutil.rmtree(self.remote, ignore_errors=True)


def linked_again(many, made):
    """The next run links the rest; nobody has two accounts."""
    assert made < MANY
    many.emulator.latency(0)
    result = many.links(many.tenants(*DOMAINS))
    assert not result.get("failed"), result["msg"]
    assert many.linked() == {f"customer-{domain}": domain for domain in DOMAINS}
    assert len(many.emulator.accounts()) == MANY


def accounts(many):
    return len(many.emulator.accounts())


def started(many, env=None, **keywords):
    """A run over the whole list that has linked the first tenants, and is far from its end."""
    many.emulator.latency(SLOW_MS)
    book = Playbook(many, LINKS, many.bulk(many.tenants(*DOMAINS), concurrency=3), env, **keywords)
    eventually(lambda: accounts(many) >= 4)
    return book


def end_by_killing_the_playbook(book):
    os.kill(book.process.pid, signal.SIGKILL)


def end_by_killing_the_worker(book):
    os.kill(book.worker(), signal.SIGKILL)


def end_by_killing_the_shell(book):
    os.kill(processes()[book.modules()[0]][0], signal.SIGKILL)


def end_by_killing_playbook_and_worker(book):
    for pid in (book.worker(), book.process.pid)[::-1]:
        os.kill(pid, signal.SIGKILL)


def end_by_terminating_the_playbook(book):
    os.kill(book.process.pid, signal.SIGTERM)


def end_by_hanging_up_the_module(book):
    os.kill(book.modules()[0], signal.SIGHUP)


ENDS = [
    *(end_by_killing_the_playbook, end_by_killing_the_worker, end_by_killing_the_shell),
    *(end_by_killing_playbook_and_worker, end_by_terminating_the_playbook, end_by_hanging_up_the_module),
]


@pytest.mark.parametrize("end", ENDS)
def test_the_module_ends_with_its_run(many, end):
    book = started(many)
    end(book)
    book.wait()
    made = accounts(many)
    asked = len(many.emulator.requests())
    # Nobody is left who could send anything: this waits for no time of any process.
    time.sleep(2 * SLOW_MS / 1000)
    assert (accounts(many), len(many.emulator.requests())) == (made, asked)
    linked_again(many, made)


@pytest.mark.parametrize("end", ENDS[:3])
def test_a_second_run_at_once_makes_no_duplicate(many, end):
    book = started(many)
    end(book)
    result = many.links(many.tenants(*DOMAINS), concurrency=16)
    assert not result.get("failed"), result["msg"]
    book.wait()
    assert len(many.linked()) == accounts(many) == MANY


@pytest.mark.parametrize("where", ["environment", "task"])
def test_a_task_timeout_ends_the_module(many, where):
    many.emulator.latency(SLOW_MS)
    env = {"ANSIBLE_TASK_TIMEOUT": "6"} if where == "environment" else None
    keywords = {"timeout": 6} if where == "task" else {}
    book = Playbook(many, LINKS, many.bulk(many.tenants(*DOMAINS), concurrency=2), env, **keywords)
    book.wait()
    # Each version of ansible-core says it in its own words.
    assert any(words in book.output for words in ("imed out", "time frame", "exceeded")), book.output
    made = accounts(many)
    time.sleep(2 * SLOW_MS / 1000)
    assert accounts(many) == made
    linked_again(many, made)


def test_a_task_timeout_in_a_loop_ends_the_module_before_the_next_round(many):
    """The worker lives on for the next item, and with it the pipes."""
    many.emulator.latency(SLOW_MS)
    options = many.bulk(many.tenants(*DOMAINS), concurrency=2)
    book = Playbook(many, LINKS, options, timeout=6, loop=[1, 2], ignore_errors=True)
    eventually(lambda: len(book.modules()) > 0)
    while book.process.poll() is None:
        assert len(book.modules()) < 2 or eventually(lambda: len(book.modules()) < 2)
        time.sleep(0.1)
    book.wait()
    linked_again(many, accounts(many))


@pytest.mark.parametrize("module", [LINK, AUTH_LINK, AUTH_LINKS, LINKS])
@pytest.mark.parametrize("end", [end_by_killing_the_playbook, end_by_killing_the_worker])
def test_every_writing_module_ends_within_a_hanging_request(many, module, end):
    """StackOne takes the request and does not answer: no module waits for it, and none sends another."""
    options = many.options("t00001", timeout=300, confirm_timeout=300)
    auth = {name: options[name] for name in ("origin_owner_id", "stackone_url", "stackone_api_key", "timeout")}
    lists = {**many.bulk(many.tenants(*DOMAINS[:3])), "timeout": 300}
    owners = [{"origin_owner_id": f"customer-{domain}"} for domain in DOMAINS[:3]]
    auths = {**{name: auth[name] for name in auth if name != "origin_owner_id"}, "tenants": owners}
    declared = {LINK: options, AUTH_LINK: auth, AUTH_LINKS: auths, LINKS: lists}[module]
    many.emulator.fault(service="stackone", path="/connect_sessions", delay_ms=250_000, call=1)
    book = Playbook(many, module, declared)
    eventually(lambda: many.emulator.requests(path="/accounts") and book.modules())
    time.sleep(1)
    end(book)
    book.wait()
    assert many.changing() == [] or module == LINKS


def single(many, **options):
    """The module for one tenant, waiting for a confirmation that takes long, as Ansible starts it."""
    return started_module("freshservice_link", {**many.options("t00001", confirm_timeout=600), **options})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_module_for_one_tenant_tells_what_was_done(many, number):
    """The account was made, and StackOne does not tell whether it is active."""
    many.emulator.fault(service="stackone", method="GET", path="/accounts", status=503, retry_after="100", call=3)
    process = single(many)
    eventually(lambda: many.emulator.requests(status=503))
    process.send_signal(number)
    result = json.loads(process.stdout.read())
    process.wait()
    assert result["failed"]
    assert result["failure"]["code"] == "stopped"
    assert result["failure"]["retriable"] is True
    assert result["actions"] == ["create"]
    assert result["changed"] is True
    assert number.name in result["msg"]


def test_who_hangs_in_a_request_is_given_up_and_told_as_uncertain(many):
    """A signal is no reason to wait for minutes, and what StackOne did is not known."""
    many.emulator.fault(service="hub", method="POST", path="/hub/accounts", delay_ms=250_000, call=1)
    process = single(many, timeout=300)
    eventually(lambda: many.emulator.requests(path="/connect_sessions"))
    time.sleep(1)
    process.send_signal(signal.SIGHUP)
    result = json.loads(process.stdout.read())
    process.wait()
    assert result["failure"]["code"] == "create_uncertain" or result["failure"]["details"] == {"uncertain": True}
    assert result["failure"]["retriable"] is True


def test_a_module_whose_output_nobody_reads_any_more_ends(many):
    many.emulator.fault(service="stackone", method="GET", path="/accounts", status=503, retry_after="110", call=2)
    process = single(many)
    eventually(lambda: many.emulator.requests(status=503))
    process.stdout.close()
    process.stderr.close()
    assert process.wait(60) == 1
    asked = len(many.emulator.requests())
    time.sleep(2 * SLOW_MS / 1000)
    assert len(many.emulator.requests()) == asked


def test_under_nohup_a_hang_up_is_no_reason_to_stop(many):
    many.emulator.latency(SLOW_MS)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = single(many)
    finally:
        signal.signal(signal.SIGHUP, before)
    eventually(many.emulator.requests)
    process.send_signal(signal.SIGHUP)
    result = json.loads(process.stdout.read())
    process.wait()
    assert not result.get("failed"), result
    assert accounts(many) == 1


def test_a_job_in_the_background_outlives_its_run(many):
    """That is what `async` is for: ansible-playbook ends at once, and the job links the whole list."""
    many.emulator.latency(100)
    options = many.bulk(many.tenants(*DOMAINS), concurrency=16)
    book = Playbook(many, LINKS, options, **{"async": 600, "poll": 0})
    assert book.process.wait() == 0, book.output
    assert accounts(many) < MANY
    eventually(lambda: accounts(many) == MANY)
    book.wait()
    with contextlib.suppress(FileNotFoundError):
        results = list((many.home / ".ansible_async").iterdir())
        assert any(json.loads(path.read_text()).get("summary", {}).get("created", MANY) for path in results)
    assert len(many.linked()) == MANY
