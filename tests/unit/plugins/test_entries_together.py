# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries that mean the same link, and what is wrong with an entry."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed, FailureCode
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.entries import refuse_duplicates, shared_domains
from tests.support.declared_entries import declared, entries


@pytest.mark.parametrize(
    ("listed", "positions"),
    [
        ([declared("a", "1"), declared("b", "2"), declared("a.freshservice.com", "1")], [1, 3]),
        ([declared("a", "1"), declared("b", "1")], [1, 2]),
        ([declared("a", "1", allow_multiple=True), declared("b", "1")], [1, 2]),
        ([declared("a", "1"), declared(None, "1", state="absent")], [1, 2]),
        ([declared("a", "1", account_id="x"), declared("b", "2", account_id="x")], [1, 2]),
        ([declared("a", "1", provider="Freshservice"), declared("a", "1")], [1, 2]),
    ],
)
def test_two_entries_for_one_link_are_refused(listed, positions):
    with pytest.raises(Failed) as caught:
        refuse_duplicates(entries(*listed))
    assert caught.value.failure.code is FailureCode.DUPLICATE_TENANT
    assert caught.value.failure.details == {"positions": positions}


@pytest.mark.parametrize(
    "listed",
    [
        [declared("a", "1"), declared("b", "2")],
        [declared("a", "1", allow_multiple=True), declared("b", "1", allow_multiple=True)],
        [declared("a", "1", allow_multiple=True), declared("b", "1", state="absent")],
        [declared("a", "1"), declared("a", "2")],
        [declared("a", "1", account_id="x"), declared("b", "1", account_id="y")],
        [declared("a", "1"), declared("a", "1", provider="other")],
        [declared(None, "1"), declared(None, "1")],
    ],
)
def test_entries_for_different_links_are_not(listed):
    refuse_duplicates(entries(*listed))


def test_one_domain_for_two_owners_is_a_warning():
    (warning,) = shared_domains(entries(declared("a", "1"), declared("b", "2"), declared("a", "3")))
    assert "Entries 1 and 3" in warning


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (declared("a", None), "entry 1 (a): origin_owner_id is missing."),
        (declared("a", "1", api_key=None), "entry 1 (a): api_key is missing."),
        (declared(None, "1"), "entry 1 (1): domain is missing."),
        (declared(None, None, state="absent"), "entry 1: origin_owner_id or account_id is needed."),
        (
            declared("a", "1", admin_api_key="key-of-an-admin"),
            "entry 1 (a): admin_api_key and agent_email are needed together.",
        ),
        (declared("a b", "1"), "entry 1 (a b): domain 'a b' is not a Freshservice domain"),
        (declared("a", "1", api_key="two words"), "entry 1 (a): api_key contains a character"),
    ],
)
def test_what_is_wrong_with_an_entry_names_it(params, words):
    (entry,) = entries(params)
    assert entry.tenant is None
    assert entry.failure.line.startswith(words)
