# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""account_info: which accounts are shown, what of them, and for how many requests."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.support.collection import ACCOUNT_INFO, LINK
from tests.support.playbook_runner import stackone_only


def test_what_is_shown(runner):
    """The choice of accounts, case by case, is in tests/modules."""
    account = runner.by_hand(label="Desk", origin_owner_name="Acme Ltd")
    runner.by_hand("globex", status="error")
    connection = stackone_only(runner)
    everyone, some = runner.play(connection, {**connection, "labels": ["Desk"]}, module=ACCOUNT_INFO).results
    assert everyone["summary"]["statuses"] == {"active": 1, "error": 1}
    (shown,) = some["accounts"]
    assert (shown["id"], shown["domain"], shown["origin_owner_name"]) == (account["id"], "acme", "Acme Ltd")
    assert not everyone["changed"]


def looks(runner):
    """How often the accounts were listed since one was made."""
    paths = [(row["method"], row["path"]) for row in runner.emulator.requests(caller="client")]
    made = paths.index(("POST", "/hub/accounts")) if ("POST", "/hub/accounts") in paths else len(paths)
    return paths[made:].count(("GET", "/accounts"))


def test_wait_until_a_customer_has_linked(runner):
    """As in the module's examples: the account turns active while the play waits."""
    runner.emulator.switch(hub_test="async", hub_async_delay_ms=3_600_000)
    customer = {**stackone_only(runner), "origin_owner_ids": ["customer-acme"], "statuses": ["active"]}
    until = {"register": "linked", "until": "linked.accounts | length > 0", "retries": 30, "delay": 1}
    wait = {ACCOUNT_INFO: customer, **until}
    link = {LINK: {**runner.options("acme"), "confirm_timeout": 0}, "ignore_errors": True}
    runner.secret_files.add(runner.folder / "play.json")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(runner.run_tasks, link, wait)
        while not running.done() and looks(runner) < 3:
            time.sleep(0.1)
        (account,) = runner.emulator.accounts()
        runner.emulator.change_account(account["id"], status="active")
        run = running.result()
    assert run.code == 0, run.output
    assert "FAILED - RETRYING" in run.output
