# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of several accounts of one link stays, and what a run may take for its own creation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import Tenant
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.duplicates import (
    duplicate_account,
    first_made,
    made_by,
    same_link,
    survivor,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.outcome import Creation
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.selection import Candidate

OPENED = 1_800_000_000.0
TENANT = Tenant("1", "acme")


def account(name, made="2027-01-15T08:00:00.000Z", status="active"):
    return Account(name, "freshservice", status, "1", created_at=made)


@pytest.mark.parametrize(
    ("made", "first"),
    [
        ([("b", "2027-01-15T08:00:01Z"), ("a", "2027-01-15T08:00:02Z")], "b"),
        ([("b", "2027-01-15T08:00:01Z"), ("a", "2027-01-15T08:00:01Z")], "a"),
        ([("b", "2027-01-15T09:00:00+01:00"), ("a", "2027-01-15T08:00:01Z")], "b"),
        ([("b", "2027-01-15T08:00:01Z"), ("a", None)], None),
        ([("b", "2027-01-15T08:00:01Z"), ("a", "yesterday")], None),
        ([], None),
    ],
)
def test_the_account_that_was_made_first_stays(made, first):
    for order in (made, made[::-1]):
        found = first_made([account(*one) for one in order])
        assert (found.id if found else None) == first


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 3)), min_size=2, unique_by=lambda one: one[0]))
def test_all_runs_agree_on_who_stays(made):
    """Whatever a run has seen in whatever order: of the same accounts, each lets the same one stay."""
    accounts = [account(name, f"2027-01-15T08:00:0{second}Z") for name, second in made]
    assert len({first_made(accounts[turn:] + accounts[:turn]).id for turn in range(len(accounts))}) == 1


@pytest.mark.parametrize(
    ("creation", "made", "own"),
    [
        (Creation(OPENED, "a", answered=True), "2027-01-15T08:00:00.000Z", True),
        (Creation(OPENED, "a", answered=True), "2027-01-15T08:00:07.000Z", True),
        # A Hub that updates answers with an account that stood before.
        (Creation(OPENED, "a", answered=True), "2027-01-15T07:59:59.999Z", False),
        # The account was found because the answer was lost: it may be another run's.
        (Creation(OPENED, "a", answered=False), "2027-01-15T08:00:07.000Z", False),
        (Creation(OPENED, "b", answered=True), "2027-01-15T08:00:07.000Z", False),
        (Creation(None, "a", answered=True), "2027-01-15T08:00:07.000Z", False),
        (Creation(OPENED, "a", answered=True), None, False),
    ],
)
def test_a_run_takes_for_its_own_only_what_it_made(creation, made, own):
    assert made_by(creation, account("a", made)) is own


@pytest.mark.parametrize(
    ("domain", "status", "multiple", "same"),
    [
        ("acme", "active", False, True),
        ("acme.freshservice.com", "active", True, True),
        ("globex", "active", False, False),
        (None, "active", False, True),
        (None, "active", True, False),
        ("acme", "error", False, True),
        ("acme", "archived", False, False),
    ],
)
def test_what_is_the_same_link(domain, status, multiple, same):
    tenant = Tenant("1", "acme", allow_multiple=multiple)
    one = account("a", status=status)
    assert same_link(tenant, [Candidate(one, domain)]) == ([one] if same else [])


@pytest.mark.parametrize(("statuses", "kept"), [("ee", 0), ("ea", 1), ("eaa", 1), ("aae", 0), ("a", 0)], ids=str)
def test_a_repair_keeps_the_oldest_that_works(statuses, kept):
    names = {"a": "active", "e": "error"}
    accounts = [account(f"{n}", f"2027-01-15T08:00:0{n}Z", names[one]) for n, one in enumerate(statuses)]
    assert survivor(accounts[::-1]) == accounts[kept]


def test_a_repair_keeps_all_where_one_has_no_age():
    assert survivor([account("a", None, "error"), account("b")]) is None


def test_what_cannot_be_settled_names_all():
    failure = duplicate_account(TENANT, [account("a"), account("b", status="error")]).failure
    assert failure.code.value == "duplicate_account"
    assert "a (active, made 2027-01-15T08:00:00.000Z), b (error, made 2027-01-15T08:00:00.000Z)." in failure.message
    assert failure.details["candidates"] == [
        {"account_id": "a", "domain": "acme", "status": "active"},
        {"account_id": "b", "domain": "acme", "status": "error"},
    ]
    assert failure.retriable
    assert "resolve_duplicates" in failure.remediation


@pytest.mark.parametrize(
    ("sent_at", "made", "own"),
    [
        # Others linked it after the session was opened, and before this run's own request was sent.
        (OPENED + 2.0, "2027-01-15T08:00:01.500Z", False),
        (OPENED + 2.0, "2027-01-15T08:00:02.000Z", True),
        # Of whole seconds no more than the second can be compared.
        (OPENED + 2.7, "2027-01-15T08:00:02Z", True),
        (OPENED + 2.7, "2027-01-15T08:00:01Z", False),
    ],
)
def test_what_was_made_before_the_request_is_somebody_elses(sent_at, made, own):
    assert made_by(Creation(sent_at, "a", answered=True), account("a", made)) is own
