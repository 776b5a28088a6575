# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Webhooks of the emulator heal links through a running ansible-rulebook. Each test has a tenant of its own.

The rulebook runs one playbook after the other, so when a later event is dealt with, so are those before it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest

from tests.eda.rulebook import COMMAND, Rulebook, need, signature_of
from tests.emulator.handle import Emulator
from tests.integration.house import House

BROKEN, DELETED, GONE, TWICE, UNSIGNED = DOMAINS = [f"t{number:05d}" for number in range(1, 6)]
UNDECLARED = "t00006"


def owner(domain: str) -> str:
    return f"customer-{domain}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    need(commands=[COMMAND, "java"])
    folder = tmp_path_factory.mktemp("heal")
    with Emulator("--tenants", "6") as emulator, contextlib.closing(House(emulator, folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def rulebook(house: House) -> Iterator[Rulebook]:
    """Every tenant is linked as declared; an account of nobody's shows that purging is left to whole runs."""
    declared = [{"domain": domain, "origin_owner_id": owner(domain), "origin_owner_name": domain} for domain in DOMAINS]
    declared[DOMAINS.index(GONE)]["state"] = "absent"
    for domain in [*DOMAINS, UNDECLARED]:
        named = {"origin_owner_id": owner(domain), "origin_owner_name": domain}
        house.emulator.add_account(domain=domain, api_key=house.keys[domain], **named)
    running = Rulebook(house, declared, freshservice_link_purge=True, freshservice_link_purge_limit=100)
    try:
        house.emulator.send_webhooks(running.url, running.secret)
        yield running
    finally:
        running.stop()
        (house.folder / "deliveries.json").write_text(json.dumps(house.emulator.deliveries()))
        house.assert_no_secret()


def account(house: House, domain: str) -> dict:
    (found,) = [one for one in house.emulator.accounts() if one["origin_owner_id"] == owner(domain)]
    return found


def delivered(house: House, domain: str) -> list[dict]:
    return house.emulator.deliveries(origin_owner_id=owner(domain), done=True)


def settle(rulebook: Rulebook, name: str) -> None:
    """Send an event about somebody else, and wait until it is dealt with."""
    assert rulebook.send(event="account.updated", origin_owner_id=name) == 200
    rulebook.until(lambda: f"No tenant is declared for owner {name}, so nothing is done." in rulebook.output)


def test_an_account_in_error_is_healed_once(house: House, rulebook: Rulebook) -> None:
    """One fault makes two deliveries, and healing a third: they are one run."""
    house.emulator.change_account(account(house, BROKEN)["id"], status="error")
    rulebook.until(lambda: account(house, BROKEN)["status"] == "active")
    rulebook.until(lambda: len(delivered(house, BROKEN)) == 3)
    assert [row["event"] for row in delivered(house, BROKEN)] == ["account.updated", "account.error", "account.updated"]
    assert [row["statuses"][-1] for row in delivered(house, BROKEN)] == [200] * 3
    settle(rulebook, "nobody-1")
    assert len(rulebook.runs(owner(BROKEN))) == 1
    assert "0 linked, 1 re-linked" in rulebook.runs(owner(BROKEN))[0]
    assert len(house.emulator.accounts()) == 6, "somebody else was unlinked"


def test_a_deleted_account_is_linked_again(house: House, rulebook: Rulebook) -> None:
    house.emulator.remove_account(account(house, DELETED)["id"])
    rulebook.until(lambda: owner(DELETED) in house.linked())
    assert house.linked()[owner(DELETED)] == DELETED


def test_who_is_declared_absent_stays_unlinked(house: House, rulebook: Rulebook) -> None:
    house.emulator.remove_account(account(house, GONE)["id"])
    rulebook.until(lambda: rulebook.runs(owner(GONE)))
    assert "0 linked, 0 re-linked, 0 updated, 0 unlinked, 1 as declared" in rulebook.runs(owner(GONE))[0]
    assert owner(GONE) not in house.linked()


def test_who_is_not_declared_stays_unlinked(house: House, rulebook: Rulebook) -> None:
    house.emulator.remove_account(account(house, UNDECLARED)["id"])
    rulebook.until(
        lambda: f"No tenant is declared for owner {owner(UNDECLARED)}, so nothing is done." in rulebook.output
    )
    assert owner(UNDECLARED) not in house.linked()


def test_what_happens_again_within_the_throttle_makes_no_second_run(house: House, rulebook: Rulebook) -> None:
    pinned = account(house, TWICE)["id"]
    house.emulator.change_account(pinned, status="error")
    rulebook.until(lambda: rulebook.runs(owner(TWICE)))
    assert account(house, TWICE)["status"] == "active"
    house.emulator.change_account(pinned, status="error")
    rulebook.until(lambda: len(delivered(house, TWICE)) == 5)
    settle(rulebook, "nobody-2")
    assert len(rulebook.runs(owner(TWICE))) == 1
    assert account(house, TWICE)["status"] == "error"


def test_what_is_not_signed_does_nothing(house: House, rulebook: Rulebook) -> None:
    event = {"event": "account.error", "origin_owner_id": owner(UNSIGNED)}
    assert rulebook.send(signature="", **event) == 401
    assert rulebook.send(signature=signature_of(b"another body", rulebook.secret), **event) == 401
    settle(rulebook, "nobody-3")
    assert rulebook.runs(owner(UNSIGNED)) == []
    assert rulebook.send(**event) == 200
    rulebook.until(lambda: rulebook.runs(owner(UNSIGNED)))


def test_what_looks_like_a_template_stays_text(house: House, rulebook: Rulebook) -> None:
    trap = house.folder / "trap"
    hostile = f"{{{{ lookup('pipe', 'touch {trap}') }}}}"
    names = dict.fromkeys(("origin_owner_id", "origin_owner_name", "account_id"), hostile)
    assert rulebook.send(event="account.error", setup_information={"domain": hostile}, **names) == 200
    rulebook.until(lambda: "No tenant is declared for owner { { lookup(" in rulebook.output)
    assert not trap.exists()
