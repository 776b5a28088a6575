# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which declared tenants are healed."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.filter.tenants import tenants
from ansible_collections.tenantlink.stackone.plugins.filter.to_heal import to_heal

DECLARED = [
    {"domain": "acme", "origin_owner_id": "customer-1"},
    {"domain": "globex", "origin_owner_id": 2},
    {"domain": "east", "origin_owner_id": "both", "allow_multiple": True},
    {"domain": "west", "origin_owner_id": "both", "allow_multiple": True},
    {"domain": "left", "origin_owner_id": "gone", "state": "absent"},
    {"domain": "moving", "origin_owner_id": "after", "previous_origin_owner_id": "before", "state": "absent"},
]


def domains(found):
    return [entry["domain"] for entry in found]


def named(owner, domain=""):
    return {"origin_owner_id": owner, "domain": domain}


@pytest.mark.parametrize(
    "accounts, meant",
    [
        ([named("customer-1", "acme")], ["acme"]),
        ([named("customer-1", "elsewhere")], ["acme"]),
        ([named("2")], ["globex"]),
        ([named(" 2 ")], ["globex"]),
        ([named("both", "west")], ["west"]),
        ([named("both", "WEST.freshservice.com")], ["west"]),
        ([named("both")], ["east", "west"]),
        ([named("both", "east"), named("both", "east"), named("both", "west")], ["east", "west"]),
        ([named("gone")], ["left"]),
        ([named("before")], ["moving"]),
        ([named("before", "moving"), named("after", "moving")], ["moving"]),
        ([named("nobody", "acme")], []),
        ([named("customer"), named("CUSTOMER-1"), named("")], []),
        (["customer-1", None], []),
    ],
)
def test_an_event_means_the_tenants_of_its_owners(accounts, meant):
    assert domains(to_heal(DECLARED, accounts)) == meant


def account(owner, domain, status="active", **more):
    return {"id": f"id-{owner}-{domain}", "origin_owner_id": owner, "domain": domain, "status": status, **more}


ALL = [account("customer-1", "acme"), account("2", "globex"), account("both", "east"), account("both", "west")]


@pytest.mark.parametrize(
    "accounts, broken",
    [
        (ALL, []),
        ([], ["acme", "globex", "east", "west"]),
        ([*ALL[1:], account("customer-1", "acme", "error")], ["acme"]),
        ([*ALL, account("customer-1", "acme", "error")], []),
        ([*ALL[1:], account("customer-1", "moved")], []),
        (ALL[:3], ["west"]),
        ([*ALL[:3], account("both", None)], []),
        ([*ALL, account("gone", "left", "error")], []),
    ],
)
def test_without_an_event_those_who_have_no_active_account(accounts, broken):
    assert domains(to_heal(DECLARED, [], accounts)) == broken


def test_a_pinned_account_is_the_one_that_counts():
    pinned = [{"domain": "acme", "origin_owner_id": "customer-1", "account_id": "id-other"}]
    assert domains(to_heal(pinned, [], ALL)) == ["acme"]
    assert to_heal(pinned, [], [*ALL, account("customer-1", "acme", id="id-other")]) == []


def test_a_problem_of_the_list_is_handed_on():
    listed = tenants("{}", on_problem="return", source_name="tenants.csv")
    assert to_heal(listed, [], ALL, on_problem="return") == listed
