# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's listing may show for a while what was before a change: it is asked for the account itself then."""

from __future__ import annotations

import pytest
import requests

CHANGES = {
    "another owner": {"origin_owner_id": "customer-new", "previous_origin_owner_id": "customer-acme"},
    "another name": {"origin_owner_name": "Acme Ltd"},
    "another label": {"label": "pilot"},
    "all of them": {
        "origin_owner_id": "customer-new",
        "previous_origin_owner_id": "customer-acme",
        "origin_owner_name": "Acme Ltd",
        "label": "pilot",
    },
}


@pytest.fixture
def account(runner):
    """An account whose listing stays as it is now."""
    account = runner.by_hand("acme", api_key=runner.keys["acme"])
    emulator = runner.emulator
    listed = requests.get(f"{emulator.stackone_url}/accounts", auth=(emulator.stackone_api_key, ""), timeout=30)
    emulator.fault(service="stackone", method="GET", path="/accounts", status=200, body={"raw": listed.text})
    return account


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_no_listing_shows_yet_is_kept(runner, account, change):
    (tenant,) = runner.tenants("acme", **CHANGES[change])
    (row,) = runner.links([tenant])["results"]
    assert "failure" not in row, row
    assert (row["action"], row["changed"], row["account_id"]) == ("update", True, account["id"])
    assert "warnings" not in row
    runner.emulator.clear_faults()
    assert not runner.links([tenant])["changed"]


def test_and_one_that_is_not_kept_is_still_a_failure(runner, account):
    """Here the account itself shows that StackOne ignored the change."""
    runner.emulator.switch(patch_owner="ignored")
    (tenant,) = runner.tenants("acme", **CHANGES["another owner"])
    (row,) = runner.links([tenant])["results"]
    assert (row["failure"]["code"], row["action"]) == ("change_not_kept", "none")
