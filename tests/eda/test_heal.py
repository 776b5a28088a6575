# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Webhooks of the emulator heal links through a running ansible-rulebook. Each test has tenants of its own.

The rulebook runs one playbook after the other, so when a later event is dealt with, so are those before it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest

from tests.eda.rulebook import COMMAND, Rulebook, need, signature_of
from tests.emulator.handle import Emulator
from tests.integration.house import EDIT, House

BROKEN, DELETED, GONE, AGAIN, UNSIGNED, UNTOLD = DOMAINS = [f"t{number:05d}" for number in range(1, 7)]
UNDECLARED = "t00007"
UPDATED = [f"t{number:05d}" for number in range(11, 31)]
BEHIND = "t00031"
TOGETHER = [f"t{number:05d}" for number in range(41, 91)]
PRESENT = [*DOMAINS, *UPDATED, BEHIND, *TOGETHER]
LAST = "t00091"
"""A tenant that is broken to see that what came before is dealt with."""


def owner(domain: str) -> str:
    return f"customer-{domain}"


def declared(*domains: str) -> list[dict]:
    return [{"domain": domain, "origin_owner_id": owner(domain), "origin_owner_name": domain} for domain in domains]


def linked_by_hand(house: House, *domains: str) -> None:
    for domain in domains:
        named = {"origin_owner_id": owner(domain), "origin_owner_name": domain}
        house.emulator.add_account(domain=domain, api_key=house.keys[domain], **named)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    need(commands=[COMMAND, "java"])
    folder = tmp_path_factory.mktemp("heal")
    with Emulator("--tenants", "100") as emulator, contextlib.closing(House(emulator, folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def rulebook(house: House) -> Iterator[Rulebook]:
    """Every tenant is linked as declared; an account of nobody's shows that purging is left to whole runs."""
    tenants = declared(*PRESENT, LAST)
    tenants[DOMAINS.index(GONE)]["state"] = "absent"
    linked_by_hand(house, *PRESENT, LAST, UNDECLARED)
    running = Rulebook(house, tenants, freshservice_link_purge=True, freshservice_link_purge_limit=100)
    try:
        running.until(
            lambda: "Every tenant that should be linked has an active account, so nothing is done." in running.output
        )
        house.emulator.send_webhooks(running.url, running.secret)
        yield running
    finally:
        running.stop()
        (house.folder / "deliveries.json").write_text(json.dumps(house.emulator.deliveries()))
        house.assert_no_secret()


@pytest.fixture(autouse=True)
def _alone(house: House, rulebook: Rulebook) -> None:
    """Let each test count the runs and requests of its own."""
    house.emulator.clear_requests()
    rulebook.begin()


def account(house: House, domain: str) -> dict:
    (found,) = [one for one in house.emulator.accounts() if one["origin_owner_id"] == owner(domain)]
    return found


def fail(house: House, *domains: str) -> None:
    for domain in domains:
        house.emulator.change_account(account(house, domain)["id"], status="error")


def active(house: House, *domains: str) -> bool:
    return all(account(house, domain)["status"] == "active" for domain in domains)


def settle(house: House, rulebook: Rulebook) -> None:
    """Break a tenant, and wait until it is healed: so is everything that broke before."""
    fail(house, LAST)
    rulebook.until(lambda: any(line.startswith(f"Owner {owner(LAST)}") for line in rulebook.endings()))


def of_others(rulebook: Rulebook) -> list[str]:
    """What was said in the end of the runs that are not for the last tenant alone, nor for the one who stays unlinked."""
    return [
        line for line in rulebook.endings() if not line.startswith((f"Owner {owner(LAST)}", f"Owner {owner(GONE)}"))
    ]


def test_an_account_in_error_is_healed_once(house: House, rulebook: Rulebook) -> None:
    """One fault makes two deliveries, and healing a third: they are one run."""
    fail(house, BROKEN)
    rulebook.until(lambda: active(house, BROKEN))
    rulebook.until(lambda: len(house.emulator.deliveries(origin_owner_id=owner(BROKEN), done=True)) == 3)
    delivered = house.emulator.deliveries(origin_owner_id=owner(BROKEN), done=True)
    assert [row["event"] for row in delivered] == ["account.updated", "account.error", "account.updated"]
    assert [row["statuses"][-1] for row in delivered] == [200] * 3
    settle(house, rulebook)
    (said,) = of_others(rulebook)
    assert said.startswith(f"Owner {owner(BROKEN)}: 0 linked, 1 re-linked, ")
    assert len(house.emulator.accounts()) == len(PRESENT) + 2, "somebody else was unlinked"


def test_what_breaks_again_is_healed_again(house: House, rulebook: Rulebook) -> None:
    for _time in range(2):
        fail(house, AGAIN)
        rulebook.until(lambda: active(house, AGAIN))
        # The webhook of the healing tells that it is active; until then a run may be at work on it.
        settle(house, rulebook)
        rulebook.begin()
    assert house.changing().count(EDIT) == 4


def test_a_deleted_account_is_linked_again(house: House, rulebook: Rulebook) -> None:
    house.emulator.remove_account(account(house, DELETED)["id"])
    rulebook.until(lambda: owner(DELETED) in house.linked())
    settle(house, rulebook)
    assert house.linked()[owner(DELETED)] == DELETED


def test_who_is_declared_absent_stays_unlinked(house: House, rulebook: Rulebook) -> None:
    house.emulator.remove_account(account(house, GONE)["id"])
    said = f"Owner {owner(GONE)}: 0 linked, 0 re-linked, 0 updated, 0 unlinked, 1 as declared"
    rulebook.until(lambda: any(line.startswith(said) for line in rulebook.endings()))
    assert owner(GONE) not in house.linked()


def test_who_is_not_declared_stays_unlinked(house: House, rulebook: Rulebook) -> None:
    house.emulator.remove_account(account(house, UNDECLARED)["id"])
    rulebook.until(
        lambda: f"No tenant is declared for owner {owner(UNDECLARED)}, so nothing is done." in rulebook.output
    )
    assert owner(UNDECLARED) not in house.linked()


def test_our_own_updates_make_no_run_and_hold_nobody_up(house: House, rulebook: Rulebook) -> None:
    for domain in UPDATED:
        house.emulator.change_account(account(house, domain)["id"], label="Updated by us")
    fail(house, BEHIND)
    rulebook.until(lambda: active(house, BEHIND))
    settle(house, rulebook)
    assert len(of_others(rulebook)) == 1
    assert of_others(rulebook)[0].startswith(f"Owner {owner(BEHIND)}: 0 linked, 1 re-linked")


def test_what_breaks_together_is_healed_together(house: House, rulebook: Rulebook) -> None:
    """In a few runs, of which each is for many."""
    fail(house, *TOGETHER)
    rulebook.until(lambda: active(house, *TOGETHER))
    settle(house, rulebook)
    assert len(of_others(rulebook)) <= 5
    assert house.changing().count(EDIT) == len(TOGETHER) + 1


def test_what_is_not_signed_does_nothing(house: House, rulebook: Rulebook) -> None:
    """The look is made for a delivery that is signed, and for no other."""
    house.emulator.stop_webhooks()
    fail(house, UNSIGNED)
    broken = account(house, UNSIGNED)
    event = {"event": "account.error", "origin_owner_id": owner(UNSIGNED), "account_id": broken["id"]}
    assert rulebook.send(signature="", **event) == 401
    assert rulebook.send(signature=signature_of(b"another body", rulebook.secret), **event) == 401
    house.emulator.send_webhooks(rulebook.url, rulebook.secret)
    settle(house, rulebook)
    assert not [line for line in rulebook.endings() if line.startswith(f"Owner {owner(UNSIGNED)}")]
    assert rulebook.send(**event) == 200
    rulebook.until(lambda: active(house, UNSIGNED))


def test_what_looks_like_a_template_stays_text(house: House, rulebook: Rulebook) -> None:
    trap = house.folder / "trap"
    hostile = f"{{{{ lookup('pipe', 'touch {trap}') }}}}"
    house.emulator.add_account(
        domain="acme", api_key="any", origin_owner_id=hostile, origin_owner_name=hostile, status="error"
    )
    rulebook.until(lambda: "No tenant is declared for owner { { lookup(" in rulebook.output)
    assert not trap.exists()
