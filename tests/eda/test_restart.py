# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rulebook was told survives its end, and what nobody was told is found. Two of them make no second account."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.eda.rulebook import COMMAND, Rulebook, declared, linked_by_hand, need, owner
from tests.emulator.handle import Emulator
from tests.support.playbook_runner import CREATE, EDIT, PlaybookRunner
from tests.support.ports import unused_port

MANY = [f"t{number:05d}" for number in range(1, 51)]


@pytest.fixture
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaybookRunner]:
    need(commands=[COMMAND, "java"])
    folder = tmp_path_factory.mktemp("restart")
    with Emulator("--tenants", "50") as emulator, contextlib.closing(PlaybookRunner(emulator, folder)) as opened:
        yield opened


def fail(runner: PlaybookRunner, *domains: str) -> None:
    owners = set(map(owner, domains))
    for one in runner.emulator.accounts():
        if one["origin_owner_id"] in owners:
            runner.emulator.change_account(one["id"], status="error")


def test_what_was_acknowledged_survives_a_kill(runner: PlaybookRunner) -> None:
    """Killed while the first run is at work, with the webhooks of all answered: each is re-linked, once."""
    linked_by_hand(runner, *MANY)
    rulebook = Rulebook(runner, declared(*MANY), freshservice_link_concurrency=2)
    try:
        rulebook.until(lambda: "so nothing is done." in rulebook.output)
        runner.emulator.send_webhooks(rulebook.url, rulebook.secret)
        runner.emulator.latency(100)
        fail(runner, *MANY)
        rulebook.until(lambda: runner.changing().count(EDIT) > 2)
        rulebook.kill()
        runner.emulator.latency(0)
        rulebook.start()
        rulebook.until(rulebook.endings)
    finally:
        rulebook.stop()
    (said,) = rulebook.endings()
    assert said.startswith("Tenants without an active account: 0 linked, ")
    assert len(runner.linked()) == len(runner.emulator.accounts()) == len(MANY)
    relinked = [
        row["path"] for row in runner.emulator.requests(method="PATCH") if row["path"].startswith("/hub/accounts/")
    ]
    assert max(map(relinked.count, relinked)) == 1
    runner.assert_no_secret()


def test_what_no_webhook_told_is_found(runner: PlaybookRunner) -> None:
    """Without any webhook, by the looks alone: an account in error, and one that is gone."""
    linked_by_hand(runner, *MANY[:5])
    rulebook = Rulebook(runner, declared(*MANY[:5]), look_every=10)
    try:
        rulebook.until(lambda: "so nothing is done." in rulebook.output)
        fail(runner, MANY[0])
        gone = next(one for one in runner.emulator.accounts() if one["origin_owner_id"] == owner(MANY[1]))
        runner.emulator.remove_account(gone["id"])
        rulebook.until(lambda: len(runner.linked()) == 5)
    finally:
        rulebook.stop()
    assert runner.changing().count(CREATE) == 1


def test_what_could_not_be_healed_is_tried_again(runner: PlaybookRunner) -> None:
    """Freshservice is in maintenance when the webhook comes, and nobody tells when it is over."""
    linked_by_hand(runner, MANY[0])
    runner.emulator.set_tenant(MANY[0], state="maintenance")
    rulebook = Rulebook(runner, declared(MANY[0]), look_every=10)
    try:
        rulebook.until(lambda: "so nothing is done." in rulebook.output)
        fail(runner, MANY[0])
        rulebook.until(lambda: "maintenance" in rulebook.output)
        runner.emulator.set_tenant(MANY[0], state="active")
        rulebook.until(lambda: len(runner.linked()) == 1)
    finally:
        rulebook.stop()


def test_two_at_once_make_no_second_account(runner: PlaybookRunner) -> None:
    """Both work on the same tenants at the same time, since StackOne takes its time."""
    names = MANY[:10]
    first = Rulebook(runner, declared(*names))
    second = None
    try:
        second = Rulebook(runner, declared(*names), port=unused_port(), webhook_secret=first.secret)
        both = (first, second)
        for each in both:
            each.until(lambda each=each: each.ended() == 1)
        for one in runner.emulator.accounts():
            runner.emulator.remove_account(one["id"])
        runner.emulator.latency(200)
        for number, name in enumerate(names):
            gone = {"event": "account.deleted", "account_id": f"gone-{number}", "origin_owner_id": owner(name)}
            for each in both:
                assert each.send(**gone, setup_information={"domain": name}) == 200
        for each in both:
            each.until(lambda each=each: each.ended() == 2)
    finally:
        first.stop()
        if second:
            second.stop()
    assert set(runner.linked()) == set(map(owner, names))
