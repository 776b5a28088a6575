# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rulebook was told survives its end, and what nobody was told is found. Two of them make no second account."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.eda.rulebook import COMMAND, Rulebook, free_port, need
from tests.eda.test_heal import declared, linked_by_hand, owner
from tests.emulator.handle import Emulator
from tests.integration.house import CREATE, EDIT, House

MANY = [f"t{number:05d}" for number in range(1, 51)]


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    need(commands=[COMMAND, "java"])
    folder = tmp_path_factory.mktemp("restart")
    with Emulator("--tenants", "50") as emulator, contextlib.closing(House(emulator, folder)) as opened:
        yield opened


def fail(house: House, *domains: str) -> None:
    owners = set(map(owner, domains))
    for one in house.emulator.accounts():
        if one["origin_owner_id"] in owners:
            house.emulator.change_account(one["id"], status="error")


def test_what_was_acknowledged_survives_a_kill(house: House) -> None:
    """Killed while the first run is at work, with the webhooks of all answered: each is re-linked, once."""
    linked_by_hand(house, *MANY)
    rulebook = Rulebook(house, declared(*MANY), freshservice_link_concurrency=2)
    try:
        rulebook.until(lambda: "so nothing is done." in rulebook.output)
        house.emulator.send_webhooks(rulebook.url, rulebook.secret)
        house.emulator.latency(100)
        fail(house, *MANY)
        rulebook.until(lambda: house.changing().count(EDIT) > 2)
        rulebook.kill()
        house.emulator.latency(0)
        rulebook.start()
        rulebook.until(rulebook.endings)
    finally:
        rulebook.stop()
    (said,) = rulebook.endings()
    assert said.startswith("Tenants without an active account: 0 linked, ")
    assert len(house.linked()) == len(house.emulator.accounts()) == len(MANY)
    relinked = [
        row["path"] for row in house.emulator.requests(method="PATCH") if row["path"].startswith("/hub/accounts/")
    ]
    assert max(map(relinked.count, relinked)) == 1
    house.assert_no_secret()


def test_what_no_webhook_told_is_found(house: House) -> None:
    """Without any webhook, by the looks alone: an account in error, and one that is gone."""
    linked_by_hand(house, *MANY[:5])
    rulebook = Rulebook(house, declared(*MANY[:5]), look_every=10)
    try:
        rulebook.until(lambda: "so nothing is done." in rulebook.output)
        fail(house, MANY[0])
        gone = next(one for one in house.emulator.accounts() if one["origin_owner_id"] == owner(MANY[1]))
        house.emulator.remove_account(gone["id"])
        rulebook.until(lambda: len(house.linked()) == 5)
    finally:
        rulebook.stop()
    assert house.changing().count(CREATE) == 1


def test_what_could_not_be_healed_is_tried_again(house: House) -> None:
    """Freshservice is in maintenance when the webhook comes, and nobody tells when it is over."""
    linked_by_hand(house, MANY[0])
    house.emulator.set_tenant(MANY[0], state="maintenance")
    rulebook = Rulebook(house, declared(MANY[0]), look_every=10)
    try:
        rulebook.until(lambda: "so nothing is done." in rulebook.output)
        fail(house, MANY[0])
        rulebook.until(lambda: "maintenance" in rulebook.output)
        house.emulator.set_tenant(MANY[0], state="active")
        rulebook.until(lambda: len(house.linked()) == 1)
    finally:
        rulebook.stop()


def test_two_at_once_make_no_second_account(house: House) -> None:
    """Both work on the same tenants at the same time, since StackOne takes its time."""
    names = MANY[:10]
    first = Rulebook(house, declared(*names))
    second = None
    try:
        second = Rulebook(house, declared(*names), port=free_port(), webhook_secret=first.secret)
        both = (first, second)
        for each in both:
            each.until(lambda each=each: each.ended() == 1)
        for one in house.emulator.accounts():
            house.emulator.remove_account(one["id"])
        house.emulator.latency(200)
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
    assert set(house.linked()) == set(map(owner, names))
