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

from tests.eda.rulebook import COMMAND, Rulebook, declared, linked_by_hand, need, owner, signature_of
from tests.emulator.handle import Emulator
from tests.support.playbook_runner import EDIT, PlaybookRunner

BROKEN, DELETED, GONE, AGAIN, UNSIGNED, UNTOLD = DOMAINS = [f"t{number:05d}" for number in range(1, 7)]
UNDECLARED = "t00007"
UPDATED = [f"t{number:05d}" for number in range(11, 31)]
BEHIND = "t00031"
TOGETHER = [f"t{number:05d}" for number in range(41, 91)]
PRESENT = [*DOMAINS, *UPDATED, BEHIND, *TOGETHER]
LAST = "t00091"
"""A tenant that is broken to see that what came before is dealt with."""


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaybookRunner]:
    need(commands=[COMMAND, "java"])
    folder = tmp_path_factory.mktemp("heal")
    with Emulator("--tenants", "100") as emulator, contextlib.closing(PlaybookRunner(emulator, folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def rulebook(runner: PlaybookRunner) -> Iterator[Rulebook]:
    """Every tenant is linked as declared; an account of nobody's shows that purging is left to whole runs."""
    tenants = declared(*PRESENT, LAST)
    tenants[DOMAINS.index(GONE)]["state"] = "absent"
    linked_by_hand(runner, *PRESENT, LAST, UNDECLARED)
    running = Rulebook(runner, tenants, freshservice_link_purge=True, freshservice_link_purge_limit=100)
    try:
        running.until(
            lambda: "Every tenant that should be linked has an active account, so nothing is done." in running.output
        )
        runner.emulator.send_webhooks(running.url, running.secret)
        yield running
    finally:
        running.stop()
        (runner.folder / "deliveries.json").write_text(json.dumps(runner.emulator.deliveries()))
        runner.assert_no_secret()


@pytest.fixture(autouse=True)
def _alone(runner: PlaybookRunner, rulebook: Rulebook) -> None:
    """Let each test count the runs and requests of its own."""
    runner.emulator.clear_requests()
    rulebook.begin()


def account(runner: PlaybookRunner, domain: str) -> dict:
    (found,) = [one for one in runner.emulator.accounts() if one["origin_owner_id"] == owner(domain)]
    return found


def fail(runner: PlaybookRunner, *domains: str) -> None:
    for domain in domains:
        runner.emulator.change_account(account(runner, domain)["id"], status="error")


def active(runner: PlaybookRunner, *domains: str) -> bool:
    return all(account(runner, domain)["status"] == "active" for domain in domains)


def settle(runner: PlaybookRunner, rulebook: Rulebook) -> None:
    """Break a tenant, and wait until it is healed: so is everything that broke before."""
    fail(runner, LAST)
    rulebook.until(lambda: any(line.startswith(f"Owner {owner(LAST)}") for line in rulebook.endings()))


def of_others(rulebook: Rulebook) -> list[str]:
    """What was said in the end of the runs that are not for the last tenant alone, nor for the one who stays unlinked."""
    return [
        line for line in rulebook.endings() if not line.startswith((f"Owner {owner(LAST)}", f"Owner {owner(GONE)}"))
    ]


def test_an_account_in_error_is_healed_once(runner: PlaybookRunner, rulebook: Rulebook) -> None:
    """One fault makes two deliveries, and healing a third: they are one run."""
    fail(runner, BROKEN)
    rulebook.until(lambda: active(runner, BROKEN))
    rulebook.until(lambda: len(runner.emulator.deliveries(origin_owner_id=owner(BROKEN), done=True)) == 3)
    delivered = runner.emulator.deliveries(origin_owner_id=owner(BROKEN), done=True)
    assert [row["event"] for row in delivered] == ["account.updated", "account.error", "account.updated"]
    assert [row["statuses"][-1] for row in delivered] == [200] * 3
    settle(runner, rulebook)
    (said,) = of_others(rulebook)
    assert said.startswith(f"Owner {owner(BROKEN)}: 0 linked, 1 re-linked, ")
    assert len(runner.emulator.accounts()) == len(PRESENT) + 2, "somebody else was unlinked"


def test_what_breaks_again_is_healed_again(runner: PlaybookRunner, rulebook: Rulebook) -> None:
    for _time in range(2):
        fail(runner, AGAIN)
        rulebook.until(lambda: active(runner, AGAIN))
        # The webhook of the healing tells that it is active; until then a run may be at work on it.
        settle(runner, rulebook)
        rulebook.begin()
    assert runner.changing().count(EDIT) == 4


def test_a_deleted_account_is_linked_again(runner: PlaybookRunner, rulebook: Rulebook) -> None:
    runner.emulator.remove_account(account(runner, DELETED)["id"])
    rulebook.until(lambda: owner(DELETED) in runner.linked())
    settle(runner, rulebook)
    assert runner.linked()[owner(DELETED)] == DELETED


def test_who_is_declared_absent_stays_unlinked(runner: PlaybookRunner, rulebook: Rulebook) -> None:
    runner.emulator.remove_account(account(runner, GONE)["id"])
    said = f"Owner {owner(GONE)}: 0 linked, 0 re-linked, 0 updated, 0 unlinked, 1 as declared"
    rulebook.until(lambda: any(line.startswith(said) for line in rulebook.endings()))
    assert owner(GONE) not in runner.linked()


def test_who_is_not_declared_stays_unlinked(runner: PlaybookRunner, rulebook: Rulebook) -> None:
    runner.emulator.remove_account(account(runner, UNDECLARED)["id"])
    rulebook.until(
        lambda: f"No tenant is declared for owner {owner(UNDECLARED)}, so nothing is done." in rulebook.output
    )
    assert owner(UNDECLARED) not in runner.linked()


def test_our_own_updates_make_no_run_and_hold_nobody_up(runner: PlaybookRunner, rulebook: Rulebook) -> None:
    for domain in UPDATED:
        runner.emulator.change_account(account(runner, domain)["id"], label="Updated by us")
    fail(runner, BEHIND)
    rulebook.until(lambda: active(runner, BEHIND))
    settle(runner, rulebook)
    assert len(of_others(rulebook)) == 1
    assert of_others(rulebook)[0].startswith(f"Owner {owner(BEHIND)}: 0 linked, 1 re-linked")


def test_what_breaks_together_is_healed_together(runner: PlaybookRunner, rulebook: Rulebook) -> None:
    """In a few runs, of which each is for many."""
    fail(runner, *TOGETHER)
    rulebook.until(lambda: active(runner, *TOGETHER))
    settle(runner, rulebook)
    assert len(of_others(rulebook)) <= 5
    assert runner.changing().count(EDIT) == len(TOGETHER) + 1


def test_what_is_not_signed_does_nothing(runner: PlaybookRunner, rulebook: Rulebook) -> None:
    """The look is made for a delivery that is signed, and for no other."""
    runner.emulator.stop_webhooks()
    fail(runner, UNSIGNED)
    broken = account(runner, UNSIGNED)
    event = {"event": "account.error", "origin_owner_id": owner(UNSIGNED), "account_id": broken["id"]}
    assert rulebook.send(signature="", **event) == 401
    assert rulebook.send(signature=signature_of(b"another body", rulebook.secret), **event) == 401
    runner.emulator.send_webhooks(rulebook.url, rulebook.secret)
    settle(runner, rulebook)
    assert not [line for line in rulebook.endings() if line.startswith(f"Owner {owner(UNSIGNED)}")]
    assert rulebook.send(**event) == 200
    rulebook.until(lambda: active(runner, UNSIGNED))


def test_what_looks_like_a_template_stays_text(runner: PlaybookRunner, rulebook: Rulebook) -> None:
    trap = runner.folder / "trap"
    hostile = f"{{{{ lookup('pipe', 'touch {trap}') }}}}"
    runner.emulator.add_account(
        domain="acme", api_key="any", origin_owner_id=hostile, origin_owner_name=hostile, status="error"
    )
    rulebook.until(lambda: "No tenant is declared for owner { { lookup(" in rulebook.output)
    assert not trap.exists()
