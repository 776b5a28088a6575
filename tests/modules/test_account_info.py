# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""account_info: which accounts are shown, what of them, and for how many requests."""

from __future__ import annotations

import pytest

from tests.support.collection import ACCOUNT_INFO
from tests.support.five_accounts import CHOICES, five_accounts
from tests.support.playbook_runner import stackone_only


@pytest.fixture
def accounts(runner):
    return five_accounts(runner)


BAD_IDS = ("#N/A", "c\u200bx")


def info(runner, **options):
    return runner.play({**stackone_only(runner), "retries": 1, **options}, module=ACCOUNT_INFO).results[0]


@pytest.mark.parametrize(("options", "names"), CHOICES, ids=lambda value: "-".join(map(str, value)) or "all")
def test_accounts_are_chosen(runner, accounts, options, names):
    result = info(runner, **options)
    assert {account["id"] for account in result["accounts"]} == {accounts[name]["id"] for name in names}
    assert result["summary"]["accounts"] == len(names)
    assert not result["changed"]


def test_what_is_shown(runner, accounts):
    result = info(runner)
    shown = {account["id"]: account for account in result["accounts"]}
    broken = shown[accounts["broken"]["id"]]
    assert broken["status_reasons"] == ["The key was refused."]
    assert broken["domain"] == "hooli"
    assert shown[accounts["test"]["id"]]["label"] == "test"
    assert shown[accounts["plain"]["id"]]["origin_owner_name"] == "One Ltd"
    assert result["summary"]["statuses"] == {"active": 2, "error": 1, "inactive": 1}
    order = [(account["origin_owner_id"], account["id"]) for account in result["accounts"]]
    assert order == sorted(order)


def test_accounts_by_id_are_asked_for_alone(runner, accounts):
    ids = [accounts["plain"]["id"], accounts["other"]["id"], "no-such-account"]
    result = info(runner, account_ids=ids)
    assert [account["id"] for account in result["accounts"]] == [accounts["plain"]["id"]]
    assert len(runner.emulator.requests(caller="client")) == 3


def test_many_accounts_take_one_request_a_page(runner):
    for number in range(230):
        runner.emulator.add_account(origin_owner_id=f"customer-{number}", domain="acme", api_key="x")
    assert info(runner)["summary"]["accounts"] == 230
    # Three pages, the first of them also by its number, and the empty one behind the last.
    assert len(runner.emulator.requests(caller="client")) == 5
    runner.emulator.clear_requests()
    owners = [f"customer-{number}" for number in range(60)]
    assert info(runner, origin_owner_ids=owners)["summary"]["accounts"] == 60
    assert len(runner.emulator.requests(caller="client")) <= 8


@pytest.mark.parametrize(
    ("options", "code", "phase"),
    [
        ({"stackone_api_key": "v1.eu1.not-a-key"}, "stackone_key_refused", "observe"),
        ({"stackone_url": "https://user@example.com"}, "invalid_argument", "arguments"),
        ({"domains": ["a b"]}, "invalid_domain", "arguments"),
        ({"requests_per_minute": 0}, "invalid_argument", "arguments"),
        *[({"account_ids": ["a1", bad]}, "invalid_argument", "arguments") for bad in (*BAD_IDS, "1.2E+11", "a/b")],
        *[({"origin_owner_ids": ["a1", bad]}, "invalid_argument", "arguments") for bad in (*BAD_IDS, "4711.0")],
    ],
)
def test_failures(runner, options, code, phase):
    result = info(runner, **options)
    assert result["failed"]
    assert (result["failure"]["code"], result["failure"]["phase"]) == (code, phase)
    if phase == "arguments":
        assert runner.emulator.requests() == []


def test_a_misspelt_status_is_named(runner, accounts):
    result = info(runner, statuses=["Eror", "active", "archived"])
    assert result["warnings"] == [
        "statuses: no account has the status 'eror'."
        " StackOne documents active, inactive, suspended, archived, expired, error."
    ]
    assert result["summary"]["statuses"] == {"active": 2}


def test_a_status_that_an_account_has_is_not_misspelt(runner):
    runner.by_hand("acme", status="paused")
    result = info(runner, statuses=["paused", "error"])
    assert result["summary"]["statuses"] == {"paused": 1}
    assert "warnings" not in result


def test_the_profile_of_each_account_is_looked_up(runner):
    first, second = (profile["integration_id"] for profile in runner.emulator.profiles())
    runner.by_hand("acme", integration_id=first)
    runner.by_hand("globex", integration_id=second)
    runner.by_hand("hooli", integration_id=second, status="archived")
    options = {**stackone_only(runner), "profiles": True}
    (result,) = runner.play(options, module=ACCOUNT_INFO).results
    shown = {account["domain"]: account.get("integration_id") for account in result["accounts"]}
    assert (shown, result["default_profile"]) == ({"acme": first, "globex": second, "hooli": None}, first)
    assert "warnings" not in result
    runner.emulator.switch(hub_api="missing")
    (result,) = runner.play(options, module=ACCOUNT_INFO).results
    assert not any("integration_id" in account for account in result["accounts"])
    assert "The connector profile of 2 accounts is not known" in result["warnings"][0]


def test_with_a_single_profile_nothing_is_looked_up(runner):
    (first, _second) = runner.emulator.profiles()
    runner.emulator.profiles([first])
    runner.by_hand("acme")
    runner.emulator.clear_requests()
    runner.play({**stackone_only(runner), "profiles": True}, module=ACCOUNT_INFO)
    assert {row["method"] for row in runner.emulator.requests(caller="client")} == {"GET"}
