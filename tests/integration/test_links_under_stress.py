# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""freshservice_links where things go wrong: quotas, faults, unusual StackOnes, kills."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections import Counter

import pytest

from tests.emulator.handle import Emulator
from tests.support.module_runner import started_module
from tests.support.playbook_fixtures import numbered_domains, numbered_emulator
from tests.support.playbook_runner import PlaybookRunner, actions

MANY = 160
DOMAINS = numbered_domains(MANY)


numbered = numbered_emulator(MANY, "--stackone-rpm", "1000000")


class Process:
    """The module by itself, as Ansible starts it: arguments on standard input, the result on standard output."""

    def __init__(self, runner, **options):
        arguments = {**runner.bulk(runner.tenants(*DOMAINS)), "requests_per_minute": 1000000, **options}
        self._process = started_module("freshservice_links", arguments)

    def result(self):
        """What it says in the end."""
        output, errors = self._process.stdout.read(), self._process.stderr.read()
        self._process.wait()
        return json.loads(output or "null"), errors

    def signal(self, number):
        """Tell it to stop."""
        self._process.send_signal(number)


def wait_for_accounts(runner, count):
    while len(runner.emulator.accounts()) < count:
        time.sleep(0.02)


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment_and_run_again(many, seed):
    """The moment is a number of accounts, so that it does not depend on how fast the machine is."""
    killed = Process(many, concurrency=16)
    wait_for_accounts(many, random.Random(seed).randrange(1, MANY - 20))
    killed.signal(signal.SIGKILL)
    assert killed.result()[0] is None
    result, errors = Process(many).result()
    assert not result.get("failed"), errors
    assert many.linked() == {f"customer-{domain}": domain for domain in DOMAINS}
    assert len(many.emulator.accounts()) == MANY


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_by_a_signal_it_tells_what_was_done(many, number):
    many.emulator.latency(60)
    process = Process(many, concurrency=8, fingerprints=str(many.folder / "fingerprints.json"))
    wait_for_accounts(many, 30)
    process.signal(number)
    result, errors = process.result()
    assert errors == ""
    assert result["failed"]
    assert result["failure"]["code"] == "stopped"
    assert f"The run ended by {number.name}." in result["msg"]
    made = {row["domain"] for row in result["results"] if row["action"] == "create"}
    assert made == set(many.linked().values())
    assert 30 <= len(made) < MANY
    rest = {row["failure"]["code"] for row in result["results"] if row["domain"] not in made}
    assert rest == {"stopped"}
    many.emulator.latency(0)
    assert not Process(many).result()[0].get("failed")
    assert len(many.emulator.accounts()) == MANY


def test_a_signal_wakes_who_waits_for_the_quota(many):
    """A run that would wait for most of a minute ends at once."""
    process = Process(many, requests_per_minute=100)
    wait_for_accounts(many, 40)
    process.signal(signal.SIGTERM)
    result, _errors = process.result()
    assert result["failure"]["code"] == "stopped"
    made = [row for row in result["results"] if row["action"] == "create"]
    assert len(made) == len(many.emulator.accounts())


def test_never_over_the_quota(tmp_path):
    """Scaled: 100 requests in any second, for a run that needs more than twice as many as it has tenants."""
    with Emulator("--tenants", str(MANY), "--stackone-rpm", "100", "--stackone-window-s", "1") as emulator:
        runner = PlaybookRunner(emulator, tmp_path)
        result = runner.links(runner.tenants(*DOMAINS), requests_per_minute=6000, quota_window=1)
        assert not result.get("failed"), result["msg"]
        assert emulator.requests(status=429) == []
        times = sorted(row["time"] for row in emulator.requests(caller="client") if row["service"] != "freshservice")
        assert len(times) > 2 * MANY
        assert min(later - first for first, later in zip(times, times[100:])) >= 0.99
        assert len(runner.linked()) == MANY
        runner.close()


def test_one_refusal_slows_all_workers(many):
    """Somebody else used up the quota: nobody sends before the time that StackOne stated is over."""
    many.emulator.fault(
        service="stackone", method="POST", path="/connect_sessions", status=429, retry_after="4", call=5
    )
    result = many.links(many.tenants(*DOMAINS[:100]), requests_per_minute=1000000, concurrency=8)
    assert not result.get("failed"), result["msg"]
    rows = many.emulator.requests(caller="client")
    refused = next(row["time"] for row in rows if row["status"] == 429)
    later = sorted(row["time"] for row in rows if row["service"] != "freshservice" and row["time"] >= refused)
    # Until a worker has read the refusal, others go on; from then on nobody sends. One worker that did not
    # wait would fill the pause with its requests. Half of it, because a slow machine notes requests late.
    assert max(after - before for before, after in zip(later, later[1:])) >= 2
    assert result["summary"]["quota_seconds"] > 0


def test_an_account_that_the_listing_missed_is_not_linked_twice(many):
    """While others unlink accounts, later ones move to pages that were read already; here page 2 comes up empty of one."""
    for domain in DOMAINS[:150]:
        many.emulator.add_account(origin_owner_id=f"customer-{domain}", domain=domain, api_key=many.keys[domain])
    many.emulator.switch(accounts_page_cap=50, hub_existing_triple="duplicate")
    listed = many.emulator.accounts()

    def unlink_while_listing():
        """While the second page is asked for, an account of the first goes: one moves up to where all was read."""
        while not many.emulator.requests(path="/accounts", query="provider=freshservice&page_size=100&page=2"):
            time.sleep(0.005)
        many.emulator.remove_account(listed[0]["id"])

    many.emulator.fault(path="/accounts", delay_ms=300)
    watcher = threading.Thread(target=unlink_while_listing)
    watcher.start()
    result = many.links(many.tenants(*DOMAINS[1:150]), concurrency=1)
    watcher.join()
    assert not result.get("failed"), result["msg"]
    owners = Counter(account["origin_owner_id"] for account in many.emulator.accounts())
    assert owners.most_common(1)[0][1] == 1
    assert actions(result) == ["none"] * 149
