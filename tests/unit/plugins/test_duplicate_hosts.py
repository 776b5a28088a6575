# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenants as hosts are compared as the entries of a list are."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping

import pytest

from ansible_collections.tenantlink.stackone.plugins.filter.duplicate_hosts import FilterModule

duplicate_hosts = FilterModule().filters()["duplicate_hosts"]


def host(**values):
    return {f"freshservice_link_{name}": value for name, value in values.items()}


OWNER = {"origin_owner_id": "one"}
MOVED = {"origin_owner_id": "two", "previous_origin_owner_id": "one", "domain": "x"}
IN_P = {**OWNER, "stackone_project_id": "p"}
SAME = [
    (OWNER, OWNER),
    ({**OWNER, "domain": "x"}, {**OWNER, "domain": "https://X.freshservice.com/"}),
    ({**OWNER, "domain": "x"}, {**OWNER, "domain": "y", "allow_multiple": True}),
    ({**OWNER, "provider": "freshservice"}, {**OWNER, "provider": "FreshService"}),
    ({**OWNER, "account_id": "7"}, {"origin_owner_id": "two", "account_id": 7}),
    ({**OWNER, "domain": "x", "allow_multiple": True}, {**OWNER, "domain": "x", "allow_multiple": True}),
    ({**OWNER, "domain": "x"}, {**OWNER, "domain": "x", "state": "absent"}),
    ({**OWNER, "stackone_api_key": "k"}, OWNER),
    # Whether the named account is the other host's, nobody has asked StackOne.
    ({**OWNER, "domain": "x", "account_id": "7"}, {**OWNER, "domain": "y"}),
    ({**OWNER, "account_id": "7", "state": "absent"}, {**OWNER, "domain": "y", "allow_multiple": True}),
    # The account that one host moves is the account that the other one declares, or moves as well.
    (MOVED, {**OWNER, "domain": "x"}),
    ({**OWNER, "domain": "x"}, MOVED),
    ({**MOVED, "state": "absent"}, {**OWNER, "domain": "x"}),
    (MOVED, {**MOVED, "origin_owner_id": "three"}),
    (MOVED, {**OWNER, "domain": "x", "previous_origin_owner_id": "two"}),
    ({**MOVED, "account_id": "7"}, {**OWNER, "domain": "y"}),
    # The other host would point the account to its own domain, before it has moved or after.
    (MOVED, {**OWNER, "domain": "y"}),
    ({**OWNER, "domain": "y"}, {**MOVED, "allow_multiple": True}),
    ({**MOVED, "previous_origin_owner_id": 0}, {"origin_owner_id": "0", "domain": "y"}),
    ({**OWNER, "domain": "x"}, {**OWNER, "domain": "y", "state": "absent"}),
    ({**MOVED, "state": "absent"}, {**OWNER, "domain": "y"}),
    # One value in several spellings.
    ({"origin_owner_id": 0}, {"origin_owner_id": "0"}),
    ({"origin_owner_id": "one\u200b "}, OWNER),
    ({**OWNER, "account_id": 0}, {"origin_owner_id": "two", "account_id": "0"}),
    ({**OWNER, "stackone_api_key": "k"}, {**OWNER, "stackone_api_key": " k\u200b\n"}),
    ({**OWNER, "stackone_url": "https://a"}, {**OWNER, "stackone_url": " HTTPS://A:443/ "}),
    ({**OWNER, "stackone_url": "https://a/b"}, {**OWNER, "stackone_url": "https://a/b//"}),
    # What only one of them sets can be what the other one gets from the environment.
    ({**OWNER, "stackone_url": "https://a", "stackone_api_key": "k"}, {**OWNER, "stackone_api_key": "k"}),
    ({**OWNER, "stackone_url": "https://a"}, {**OWNER, "stackone_api_key": "k"}),
    ({**OWNER, "stackone_url": "https://a", "stackone_api_key": "k"}, OWNER),
    # A project can have several keys.
    ({**IN_P, "stackone_api_key": "k"}, {**IN_P, "stackone_api_key": "l"}),
    ({**IN_P, "stackone_api_key": "k"}, {**OWNER, "stackone_api_key": "k"}),
    (IN_P, {**OWNER, "stackone_api_key": "k"}),
    (IN_P, OWNER),
]
APART = [
    (OWNER, {"origin_owner_id": "two"}),
    (OWNER, {}),
    ({**OWNER, "domain": "x", "allow_multiple": True}, {**OWNER, "domain": "y", "allow_multiple": "yes"}),
    ({**OWNER, "account_id": "7"}, {**OWNER, "account_id": "8"}),
    ({**OWNER, "provider": "one"}, {**OWNER, "provider": "two"}),
    ({**OWNER, "stackone_api_key": "k"}, {**OWNER, "stackone_api_key": "l"}),
    ({**OWNER, "stackone_url": "https://a"}, {**OWNER, "stackone_url": "https://b"}),
    ({**OWNER, "domain": "x", "allow_multiple": True}, {**OWNER, "domain": "y", "state": "absent"}),
    ({**OWNER, "domain": "x", "state": "absent"}, {**OWNER, "domain": "y", "state": "absent"}),
    ({**MOVED, "state": "absent"}, {**OWNER, "domain": "y", "state": "absent"}),
    (OWNER, {**OWNER, "domain": "not a label"}),
    (OWNER, {**OWNER, "state": "no state"}),
    (OWNER, {**OWNER, "tenants": [{"domain": "x"}]}),
    (MOVED, {**OWNER, "domain": "y", "allow_multiple": True}),
    (MOVED, {**OWNER, "domain": "y", "state": "absent"}),
    (MOVED, {**MOVED, "origin_owner_id": "three", "domain": "y"}),
    (MOVED, {"origin_owner_id": "three", "domain": "x"}),
    ({**OWNER, "stackone_url": "https://a/b"}, {**OWNER, "stackone_url": "https://a/B"}),
    ({**OWNER, "stackone_url": "https://a"}, {**OWNER, "stackone_url": "https://a:444", "stackone_api_key": "k"}),
    ({**MOVED, "account_id": "7"}, {**OWNER, "domain": "x", "account_id": "8"}),
    (IN_P, {**OWNER, "stackone_project_id": "q"}),
    ({**IN_P, "stackone_api_key": "k"}, {**OWNER, "stackone_api_key": "l"}),
    ({**IN_P, "stackone_api_key": "k"}, {**OWNER, "stackone_project_id": "q"}),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_hosts_that_mean_one_account(first, second):
    found = duplicate_hosts(["a", "b", "c"], {"a": host(**first), "b": host(**OTHER), "c": host(**second)})
    assert found == ["a", "c"]


@pytest.mark.parametrize(("first", "second"), APART)
def test_hosts_that_mean_two_accounts(first, second):
    assert duplicate_hosts(["a", "c"], {"a": host(**first), "c": host(**second)}) == []


OTHER = {"origin_owner_id": "other", "domain": "other"}


def test_what_the_role_noted_wins_over_the_variables_and_meets_those_that_are_not_noted_yet():
    noted = {
        **{"domain": "x", "origin_owner_id": "one", "allow_multiple": False, "state": "present"},
        **dict.fromkeys(("account_id", "provider", "stackone_url", "previous_origin_owner_id"), ""),
        "stackone_api_key": hashlib.sha256(b"k").hexdigest(),
    }
    first = {**host(origin_owner_id="another"), "__freshservice_link_declared": noted}
    second = host(origin_owner_id="one", stackone_api_key="k", domain="x")
    assert duplicate_hosts(["a", "b"], {"a": first, "b": second}) == ["a", "b"]
    assert duplicate_hosts(["a", "b"], {"a": first, "b": {**second, **host(stackone_api_key="l")}}) == []
    assert duplicate_hosts(["a", "b"], {"a": first, "b": host(origin_owner_id="one", domain="x")}) == ["a", "b"]


class Failing(Mapping):
    """Variables of which one's template fails."""

    def __getitem__(self, name):
        raise RuntimeError("a secret")

    def __iter__(self):
        return iter(["freshservice_link_origin_owner_id"])

    def __len__(self):
        return 1


def test_a_host_whose_variables_cannot_be_read_is_left_to_its_own_run():
    assert duplicate_hosts(["a", "b"], {"a": Failing(), "b": host(**OWNER)}) == []


def test_many_hosts_are_compared_in_one_pass():
    """Each with each would be fifty million comparisons."""
    many = {f"h{number}": host(origin_owner_id=f"o{number}") for number in range(10_000)}
    started = time.process_time()
    assert duplicate_hosts(list(many), many) == []
    moved = {name: {**values, **host(previous_origin_owner_id="former")} for name, values in many.items()}
    assert duplicate_hosts(list(moved), moved) == []
    assert time.process_time() - started < 60
