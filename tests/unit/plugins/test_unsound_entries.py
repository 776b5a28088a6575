# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries that cannot be tenants: what is said of them, and what of them may be shown."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.entries import Entry, entries_from, secrets_of
from tests.support.declared_entries import declared

KEY = "SecretOfSomebody1234"


def only(written):
    """Return the entry and its failure."""
    (entry,) = entries_from([written])
    return entry, entry.failure


@pytest.mark.parametrize(
    ("written", "kind"),
    [("x", "text"), (7, "a number"), (1.5, "a decimal number"), (None, "null"), ([KEY], "a list"), (True, "a boolean")],
)
def test_an_entry_that_is_not_a_dictionary(written, kind):
    entry, failure = only(written)
    assert (failure.code, failure.phase, failure.tenant) == (FailureCode.INVALID_ARGUMENT, Phase.ARGUMENTS, "entry 1")
    assert failure.message == f"it is {kind}, not a dictionary."
    assert failure.remediation == "Write options and values, such as 'domain: mycompany'."
    assert entry == Entry(1, None, failure, None, None, None, identified=False)


@pytest.mark.parametrize(
    ("written", "tenant"),
    [
        (declared("not a domain", "o1", line=4, position=9), "entry 9, line 4 (not a domain)"),
        (declared("not a domain", "o1"), "entry 1 (not a domain)"),
        ({"origin_owner_id": "o1", "typo": 1}, "entry 1 (o1)"),
        ({"account_id": "77", "typo": 1}, "entry 1 (77)"),
        ({"typo": 1, "line": 3}, "entry 1, line 3"),
        (declared("x" * 200, "o1"), f"entry 1 ({'x' * 80})"),
        (declared(KEY, "o1", api_key=KEY), "entry 1 (********)"),
        (declared(f"https://u:{KEY}@acme.freshservice.com", "o1"), "entry 1 (https://********@acme.freshservice.com)"),
    ],
)
def test_a_fault_is_located(written, tenant):
    entry, failure = only(written)
    assert (entry.tenant, failure.tenant, failure.phase) == (None, tenant, Phase.ARGUMENTS)
    assert (entry.position, entry.line) == (written.get("position", 1), written.get("line"))
    assert (entry.origin_owner_id, entry.account_id) == (written.get("origin_owner_id"), written.get("account_id"))
    assert KEY not in repr(entry)


def test_a_sound_entry_keeps_its_place():
    entry, failure = only(declared("Acme.freshservice.com", "o1", line=4, position=9, account_id="77"))
    assert failure is None
    assert entry == Entry(9, entry.tenant, None, "acme", "o1", "77", line=4)
    assert entry.name == "entry 9, line 4 (acme (owner o1))"
    assert only(declared("acme", "o1"))[0].name == "entry 1 (acme (owner o1))"


def test_only_the_first_faults_are_told():
    failure = only({"domain": [1], "origin_owner_id": [1], "label": [1], "account_id": [1]})[1]
    assert failure.message.count("not text") == 3
    assert failure.remediation == "Correct it, then run again."


@pytest.mark.parametrize(
    ("written", "identified"),
    [
        (declared("not a domain", "o1"), True),
        ({"account_id": "77", "typo": 1}, True),
        ({"domain": "acme", "typo": 1}, False),
        ({"origin_owner_id": "\u200bx\u200by", "typo": 1}, False),
        (declared("acme", KEY, api_key=KEY), False),
    ],
)
def test_whether_it_is_known_which_account_a_faulty_entry_means(written, identified):
    entry, failure = only(written)
    assert (bool(failure), entry.identified) == (True, identified)


@pytest.mark.parametrize(
    ("written", "secrets"),
    [
        ({"domain": "a", "api_key": " k1 "}, {" k1 ", "k1"}),
        ({"Api-Token": 4711, "label": "l"}, {"4711"}),
        ({"credential_fields": {"extra_secrets": {"pin": "k2"}, "extra": {"region": "eu"}}}, {"k2"}),
        ([{"password": ["k3", ("k4", None)]}, "l"], {"k3", "k4"}),
        ({"note": {"API KEY": {"any": "k5"}}}, {"k5"}),
        ({7: "l"}, set()),
        ("l", set()),
    ],
)
def test_what_could_be_a_secret_in_an_entry(written, secrets):
    assert set(secrets_of(written)) == secrets
