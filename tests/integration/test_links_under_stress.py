# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""freshservice_links where things go wrong: quotas, faults, unusual StackOnes, kills."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from tests.emulator.handle import Emulator
from tests.integration.house import COLLECTIONS, LINKS, House
from tests.integration.test_links import actions, linked

MANY = 300
DOMAINS = [f"t{serial:05d}" for serial in range(1, MANY + 1)]
MODULE_FILE = "ansible_collections.tenantlink.stackone.plugins.modules.freshservice_links"


@pytest.fixture(scope="module")
def numbered():
    with Emulator("--tenants", str(MANY), "--stackone-rpm", "1000000") as running:
        yield running


class Process:
    """The module by itself, as Ansible starts it: arguments on standard input, the result on standard output."""

    def __init__(self, house, **options):
        arguments = {**house.bulk(house.tenants(*DOMAINS)), "requests_per_minute": 1000000, **options}
        self._process = subprocess.Popen(
            [sys.executable, "-m", MODULE_FILE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(COLLECTIONS)},
        )  # fmt: skip
        self._process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
        self._process.stdin.close()

    def result(self):
        """What it says in the end."""
        output, errors = self._process.stdout.read(), self._process.stderr.read()
        self._process.wait()
        return json.loads(output or "null"), errors

    def signal(self, number):
        """Tell it to stop."""
        self._process.send_signal(number)


def wait_for_accounts(house, count):
    while len(house.emulator.accounts()) < count:
        time.sleep(0.02)


@pytest.mark.parametrize("seed", range(20))
def test_killed_at_any_moment_and_run_again(many, seed):
    """The moment is a number of accounts, so that it does not depend on how fast the machine is."""
    killed = Process(many, concurrency=16)
    wait_for_accounts(many, random.Random(seed).randrange(1, MANY - 20))
    killed.signal(signal.SIGKILL)
    assert killed.result()[0] is None
    result, errors = Process(many).result()
    assert not result.get("failed"), errors
    assert linked(many) == {f"customer-{domain}": domain for domain in DOMAINS}
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
    assert made == set(linked(many).values())
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


def test_faulty_answers_and_broken_tenants(many):
    """A tenth of the tenants broken in mixed ways, and more than 1 % of all answers faulty."""
    chance = random.Random(7)
    broken = {
        **dict.fromkeys(DOMAINS[0:90:9], ("suspended", "tenant_suspended")),
        **dict.fromkeys(DOMAINS[1:90:9], ("html_200", "not_freshservice")),
        **dict.fromkeys(DOMAINS[2:90:9], ("rotated", "key_refused")),
    }
    tenants = many.tenants(*DOMAINS)
    for domain, (state, _code) in broken.items():
        many.emulator.set_tenant(domain, **({"rotate_key": True} if state == "rotated" else {"state": state}))
    kinds = [
        {"status": 500}, {"status": 502, "when": "after"}, {"status": 503, "body": "html"}, {"drop": "before"},
        {"drop": "after"}, {"service": "stackone", "status": 429, "retry_after": "1"}, {"status": 408},
        {"service": "hub", "method": "POST", "status": 504, "when": "after"}, {"body": "truncated", "when": "after"},
    ]  # fmt: skip
    for _ in range(4):
        for kind in kinds:
            many.emulator.fault(**kind, call=chance.randrange(5, 150 if "service" in kind else 700))
    first = many.links(tenants, requests_per_minute=1000000, retries=3)
    assert sum(row["fault"] for row in many.emulator.requests(caller="client")) >= 20
    assert first["failed"]
    verdicts = {row["domain"]: row["failure"]["code"] for row in first["results"] if "failure" in row}
    assert {domain: verdicts.get(domain) for domain in broken} == {
        domain: code for domain, (_state, code) in broken.items()
    }
    transient = [row["failure"] for row in first["results"] if "failure" in row and row["domain"] not in broken]
    # Where Freshservice fails StackOne's own test, StackOne calls the credentials refused.
    assert all(failure["retriable"] or failure["code"] == "credentials_refused" for failure in transient), transient
    assert len(transient) < 18, "repetitions and adoption should have saved most"
    many.emulator.clear_faults()
    second = many.links(tenants, requests_per_minute=1000000)
    assert Counter(row["failure"]["code"] for row in second["results"] if "failure" in row) == Counter(
        code for _state, code in broken.values()
    )
    assert linked(many) == {f"customer-{domain}": domain for domain in DOMAINS if domain not in broken}
    assert len(many.emulator.accounts()) == MANY - len(broken)


def test_never_over_the_quota(tmp_path):
    """Scaled: 100 requests in any second, for a run that needs about 600."""
    with Emulator("--tenants", str(MANY), "--stackone-rpm", "100", "--stackone-window-s", "1") as emulator:
        house = House(emulator, tmp_path)
        result = house.links(house.tenants(*DOMAINS), requests_per_minute=6000, quota_window=1)
        assert not result.get("failed"), result["msg"]
        assert emulator.requests(status=429) == []
        times = sorted(row["time"] for row in emulator.requests(caller="client") if row["service"] != "freshservice")
        assert len(times) > 600
        assert min(later - first for first, later in zip(times, times[100:])) >= 0.99
        assert len(linked(house)) == MANY
        house.close()


def test_one_refusal_slows_all_workers(many):
    """Somebody else used up the quota: nobody sends before the time that StackOne stated is over."""
    many.emulator.fault(
        service="stackone", method="POST", path="/connect_sessions", status=429, retry_after="2", call=5
    )
    result = many.links(many.tenants(*DOMAINS[:100]), requests_per_minute=1000000, concurrency=8)
    assert not result.get("failed"), result["msg"]
    rows = many.emulator.requests(caller="client")
    refused = next(row["time"] for row in rows if row["status"] == 429)
    # What each of the 8 workers had on its way already arrives; whatever comes next waits.
    later = [row["time"] - refused for row in rows if row["service"] != "freshservice" and row["time"] > refused]
    assert sum(moment < 1.9 for moment in later) <= 8
    assert result["summary"]["quota_seconds"] > 0


VARIANTS = [
    {"accounts_shape": "data", "accounts_page_cap": 30},
    {"accounts_shape": "data_next", "accounts_page_base": 0, "accounts_page_cap": 25},
    {"accounts_page_cap": 40, "accounts_shuffle": True},
    {"accounts_filters": "ignored", "accounts_page_cap": 50},
    {"eventual_listing_ms": 700},
    {"hub_existing_triple": "duplicate"},
    {"hub_test": "async", "hub_async_delay_ms": 400},
    {"setup_information_in_accounts": False},
    {"type_case": "upper", "status_case": "upper"},
    {"connector_config": "legacy"},
    {"hub_patch_body": "empty", "hub_secret_tail": 0},
    {"organization_id": "string", "settings_existing_account": False},
]


@pytest.mark.parametrize("switches", VARIANTS, ids=lambda switches: "-".join(map(str, switches.values())))
def test_unusual_stackones(many, switches):
    many.emulator.switch(**switches)
    for number in range(30):
        many.emulator.add_account(origin_owner_id=f"other-{number}", domain="t00001", api_key="another")
    some = DOMAINS[:70]
    tenants = many.tenants(*some, label="Desk", account_type="test")
    declared = many.bulk(tenants, confirm_timeout=20, fingerprints=str(many.folder / "fingerprints.json"))
    first, again = many.play(declared, declared, module=LINKS).results
    assert not first.get("failed"), first["msg"]
    assert actions(first) == ["create"] * len(some)
    owners = Counter(account["origin_owner_id"] for account in many.emulator.accounts())
    assert all(owners[f"customer-{domain}"] == 1 for domain in some)
    assert not again.get("failed"), again["msg"]
    assert not again["changed"]


def test_profile_property_is_learnt_once(many):
    many.emulator.switch(profile_property="connector_profile_id")
    profile = next(item["integration_id"] for item in many.emulator.profiles() if item.get("default"))
    result = many.links(many.tenants(*DOMAINS[:50], integration_id=profile), concurrency=1)
    assert not result.get("failed"), result["msg"]
    assert len(many.emulator.requests(path="/connect_sessions", status=400)) == 1


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


def test_a_closing_listing_that_fails_loses_nothing(many):
    many.emulator.fault(service="stackone", path="/accounts", status=500, call=2, count=1000)
    result = many.links(many.tenants(*DOMAINS[:40]))
    assert result["failure"]["code"] == "stackone_unavailable"
    assert result["failure"]["phase"] == "confirm"
    assert actions(result) == ["create"] * 40
    assert any("40 changes were made, but not confirmed" in warning for warning in result["warnings"])
    many.emulator.clear_faults()
    assert not many.links(many.tenants(*DOMAINS[:40]))["changed"]
