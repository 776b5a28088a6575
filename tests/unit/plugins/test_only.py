# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is restricted to some tenants of a list."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.tenantlink.stackone.plugins.filter.tenants import tenants

LISTED = [
    {"domain": "acme", "origin_owner_id": "1"},
    {"domain": "https://Globex.freshservice.com/", "origin_owner_id": "2"},
    {"domain": "globex-eu", "origin_owner_id": "2"},
    {"domain": "umbrella", "origin_owner_id": "acme"},
    {"origin_owner_id": "5", "account_id": "a5", "state": "absent"},
    "not a tenant",
]


@pytest.mark.parametrize(
    ("only", "positions"),
    [
        (None, [None] * 6),
        ("", [None] * 6),
        (["globex"], [2]),
        ("GLOBEX.freshservice.com", [2]),
        (["2"], [2, 3]),
        ([2, "umbrella"], [2, 3, 4]),
        (" umbrella , 5 ", [4, 5]),
        (["acme"], [1]),
        (["umbrella", "acme"], [1, 4]),
    ],
)
def test_tenants_are_named_by_domain_or_owner(only, positions):
    found = tenants(LISTED, only=only)
    assert [own.get("position") if isinstance(own, dict) else None for own in found] == positions


@pytest.mark.parametrize(
    ("only", "message"),
    [
        (["acme", "globx"], r"mine: no tenant of the list has the domain or owner globx \(did you mean globex\?\)"),
        ([], "mine: it names no tenant"),
        (" , ", "mine: it names no tenant"),
        ({"acme": 1}, "mine: it must be a list of domains or origin_owner_ids"),
        ([True], "mine: it must be a list"),
        (7, "mine: it must be a list"),
    ],
)
def test_a_name_of_nobody_is_an_error(only, message):
    with pytest.raises(AnsibleFilterError, match=message):
        tenants(LISTED, only=only, only_name="mine")


def test_a_rotation_selects_among_those_that_have_a_new_key():
    keys = {"acme": "a-new-key-of-acme", "umbrella": "a-new-key-of-umbrella"}
    (found,) = tenants(LISTED, api_keys=keys, keyed_only=True, only=["umbrella"])
    assert (found["position"], found["api_key"]) == (4, keys["umbrella"])
    with pytest.raises(AnsibleFilterError, match="no tenant with a key in new_keys has the domain or owner globex"):
        tenants(LISTED, api_keys=keys, keyed_only=True, keys_name="new_keys", only=["globex"])


@pytest.mark.parametrize("only", [["beta"], "BETA", "beta.freshservice.com"])
def test_a_domain_is_meant_before_an_owner_of_the_same_name(only):
    alpha, beta = {"domain": "alpha", "origin_owner_id": "beta"}, {"domain": "beta", "origin_owner_id": "c-2"}
    for listed in ([alpha, beta], [beta, alpha]):
        assert [each["domain"] for each in tenants(listed, only=only)] == ["beta"]
    assert [each["domain"] for each in tenants([alpha], only=["beta"])] == ["alpha"]


def test_an_owner_who_is_called_as_one_of_its_domains_is_meant_as_a_whole():
    listed = [{"domain": "acme", "origin_owner_id": "acme"}, {"domain": "acme-eu", "origin_owner_id": "acme"}]
    assert len(tenants(listed, only="acme")) == 2
    assert len(tenants(listed, only="acme-eu")) == 1
