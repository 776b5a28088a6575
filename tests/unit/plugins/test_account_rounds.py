# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How looks, webhooks and events follow each other. The waits are cut to nothing, and nothing is measured."""

from __future__ import annotations

import asyncio
import logging
from operator import itemgetter

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed, FailureCode
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events import account_rounds as _account_rounds
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events.account_rounds import MOST_NAMED, Rounds


def account(number, status="active"):
    return Account(
        f"id-{number}", "freshservice", status, f"customer-{number}", setup_information={"domain": f"t{number}"}
    )


def event(number):
    return {"account_id": f"id-{number}", "origin_owner_id": f"customer-{number}", "domain": f"t{number}"}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    for name in ("QUIET_S", "BETWEEN_EVENTS_S", "AFTER_FAILURE_S"):
        monkeypatch.setattr(_account_rounds, name, 0.01)


class StackOne:
    """Accounts, whatever fails first, and for whom they were asked."""

    def __init__(self, *accounts, failures=()):
        self.accounts = {each.id: each for each in accounts}
        self.failures = list(failures)
        self.asked = []

    def look(self, owners):
        self.asked.append(owners)
        if self.failures:
            raise self.failures.pop(0)
        return [each for each in self.accounts.values() if owners is None or each.origin_owner_id in owners]

    def set(self, *accounts):
        self.accounts.update({each.id: each for each in accounts})


def failure(code):
    return Failed(code, "StackOne could not do it.", "Run again.")


def rounds(stackone, script, look_every=3600.0, shown=itemgetter("account_id")):
    """Run a script next to the rounds from the first event on, and return what is shown of each event's accounts."""

    async def main():
        events = []

        async def hand_out(made):
            assert made["payload"]["event"] == "accounts.broken"
            events.append([shown(each) for each in made["payload"]["accounts"]])

        async def whole_script(running):
            await until(lambda: events)
            await script(running, events)

        running = Rounds(stackone.look, hand_out, look_every)
        task = asyncio.create_task(running.run())
        try:
            waiting = asyncio.create_task(whole_script(running))
            done, _rest = await asyncio.wait({task, waiting}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
            assert done, "nothing came"
            (first,) = done
            first.result()
        finally:
            task.cancel()
            waiting.cancel()
        return events

    return asyncio.run(main())


async def until(done):
    while not done():
        await asyncio.sleep(0.01)


def test_it_begins_with_a_comparison_and_names_none_of_the_broken_twice():
    stackone = StackOne(account(1), account(2, "error"))

    async def script(running, _events):
        running.tell(event(2))
        await until(lambda: len(stackone.asked) == 2)

    assert rounds(stackone, script) == [[]]
    assert stackone.asked == [None, {"customer-2"}]


def test_webhooks_that_come_together_are_one_look_and_one_event():
    stackone = StackOne(*(account(number) for number in range(9)))

    async def script(running, events):
        stackone.set(*(account(number, "error") for number in range(5)))
        for number in range(9):
            running.tell(event(number))
        await until(lambda: len(events) == 2)

    assert [sorted(each) for each in rounds(stackone, script)] == [[], [f"id-{number}" for number in range(5)]]
    assert len(stackone.asked) == 2


def test_a_webhook_about_an_active_account_makes_no_event():
    stackone = StackOne(account(1), account(2))

    async def script(running, events):
        running.tell(event(1))
        await until(lambda: len(stackone.asked) == 2)
        stackone.set(account(2, "expired"))
        running.tell(event(2))
        await until(lambda: len(events) == 2)

    assert rounds(stackone, script) == [[], ["id-2"]]


def test_every_so_often_all_are_listed():
    stackone = StackOne(account(1), account(2))

    async def script(_running, events):
        stackone.set(account(1, "error"))
        del stackone.accounts["id-2"]
        await until(lambda: len(events) == 3)

    events = rounds(stackone, script, look_every=0.05)
    assert sorted(account_id for each in events for account_id in each) == ["id-1", "id-2"]


def test_every_hour_all_are_compared(monkeypatch):
    monkeypatch.setattr(_account_rounds, "COMPARE_EVERY_S", 0.05)
    stackone = StackOne(account(1))

    async def script(_running, events):
        await until(lambda: len(events) == 3)

    assert rounds(stackone, script)[:3] == [[], [], []]


def test_more_than_a_list_holds_are_compared():
    stackone = StackOne(*(account(number) for number in range(MOST_NAMED + 1)))

    async def script(running, events):
        stackone.set(*(account(number, "error") for number in range(MOST_NAMED + 1)))
        for number in range(MOST_NAMED + 1):
            running.tell(event(number))
        await until(lambda: len(events) == 2)

    assert rounds(stackone, script) == [[], []]


def test_a_look_that_fails_is_made_again_and_said(caplog):
    stackone = StackOne(account(1), failures=[failure(FailureCode.STACKONE_UNAVAILABLE)])

    async def script(running, events):
        stackone.failures = [failure(FailureCode.STACKONE_KEY_REFUSED)] * 2
        stackone.set(account(1, "error"))
        running.tell(event(1))
        await until(lambda: len(events) == 2)

    assert rounds(stackone, script) == [[], ["id-1"]]
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warned) == 3
    assert all("could not be checked" in line and "StackOne could not do it. Run again." in line for line in warned)


@pytest.mark.parametrize("code", [FailureCode.STACKONE_KEY_REFUSED, FailureCode.STACKONE_FORBIDDEN])
def test_a_key_that_is_refused_at_the_start_ends_it(code):
    async def script(_running, _events):
        pass

    with pytest.raises(ValueError, match=r"StackOne could not do it\. Run again\."):
        rounds(StackOne(failures=[failure(code)]), script)


def test_what_was_typed_by_customers_is_harmless():
    stackone, owner = StackOne(), "{{ 1 }}\x1b[31m"

    async def script(running, events):
        stackone.set(Account("id-1", "freshservice", "error", owner, setup_information={"domain": "{%"}))
        running.tell({"account_id": "id-1", "origin_owner_id": owner, "domain": "{%"})
        await until(lambda: len(events) == 2)

    shown = itemgetter("origin_owner_id", "domain")
    assert rounds(stackone, script, shown=shown) == [[], [("{ { 1 }}[31m", "{ %")]]
