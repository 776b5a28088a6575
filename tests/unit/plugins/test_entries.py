# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declared list by itself: what is wrong with an entry, which entries mean one link, and what a purge may take."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.entries import (
    Entry,
    entries_from,
    present,
    refuse_duplicates,
    refuse_same_account,
    shared_domains,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.link_jobs import LinkJob
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.purge import DUPLICATES, check_limit, unlisted
from ansible_collections.tenantlink.stackone.plugins.module_utils._module.tenant_params import (
    TO_CHECK,
    TO_INVITE,
    TO_LINK,
)
from tests.support.declared_entries import declared
from tests.support.hub_client import failed

NO_DOMAIN = declared("not a domain", "1")
IF_IT_HAS_TWO = ", or set allow_multiple on both if it has two"


def test_an_entry_keeps_what_it_declares():
    sound, broken = entries_from(
        [declared("A.freshservice.com", "1", account_id="x"), {**NO_DOMAIN, "account_id": "y"}]
    )
    assert (sound.position, sound.domain, sound.origin_owner_id, sound.account_id) == (1, "a", "1", "x")
    assert (broken.position, broken.domain, broken.origin_owner_id, broken.account_id) == (2, "not a domain", "1", "y")
    assert (sound.failure, broken.tenant) == (None, None)
    assert (sound.name, broken.name) == ("entry 1 (a (owner 1))", "entry 2 (not a domain)")
    assert broken.failure.phase is Phase.ARGUMENTS


@pytest.mark.parametrize(
    ("params", "name"),
    [
        (declared("x y", "1"), "entry 1 (x y)"),
        (declared(None, "1"), "entry 1 (1)"),
        (declared(None, None, account_id="acc"), "entry 1 (acc)"),
        (declared(None, None), "entry 1"),
        (declared("x " * 60, "1"), f"entry 1 ({'x ' * 40})"),
    ],
)
def test_what_a_failure_calls_an_entry(params, name):
    (entry,) = entries_from([params])
    assert entry.failure.tenant == name


def test_an_unsound_entry_is_called_by_what_it_has():
    assert Entry(3, None, None, None, "7", None).name == "entry 3 (7)"
    assert Entry(3, None, None, None, None, None).name == "entry 3 (no domain)"


@pytest.mark.parametrize(
    ("params", "needed", "message"),
    [
        (declared(None, None), TO_CHECK, "domain is missing."),
        (declared("a", None, api_key=None), TO_CHECK, None),
        (declared(None, None, api_key=None), TO_LINK, "domain and origin_owner_id are missing."),
        (declared("a", "1", api_key=" "), TO_LINK, None),
        (declared(None, None, api_key=None), TO_INVITE, "origin_owner_id is missing."),
        (declared(None, "1", api_key=None), TO_INVITE, None),
        (declared("a", None), TO_CHECK, None),
        (declared(None, None, state="absent", account_id="x"), TO_CHECK, None),
        (declared("a", "1", agent_email="a@b.example"), TO_CHECK, "admin_api_key and agent_email are needed together."),
        (declared("a", "1", agent_email="a@b.example", admin_api_key="key-of-an-admin"), TO_CHECK, None),
    ],
)
def test_what_is_needed_depends_on_what_is_to_be_done(params, needed, message):
    (entry,) = entries_from([params], needed)
    assert (entry.failure and entry.failure.message) == message
    assert (entry.tenant is None) is (message is not None)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (declared("a", None), "entry 1 (a): origin_owner_id is missing."),
        (declared(None, "1"), "entry 1 (1): domain is missing."),
        (declared(None, None, state="absent"), "entry 1: origin_owner_id or account_id is needed."),
        (declared("a", "1", admin_api_key="key-of-an-admin"), "entry 1 (a): admin_api_key and agent_email are needed"),
        (declared("a b", "1"), "entry 1 (a b): domain 'a b' is not a Freshservice domain"),
        (declared("a", "1", api_key="two words"), "entry 1 (a): api_key contains a character"),
    ],
)
def test_what_is_wrong_with_an_entry_names_it(params, words):
    (entry,) = entries_from([params])
    assert entry.tenant is None
    assert entry.failure.line.startswith(words)


def test_what_is_declared_absent_is_left_out():
    entries = entries_from([declared("a", "1"), declared(None, "2", state="absent"), NO_DOMAIN])
    assert [entry.position for entry in present(entries)] == [1, 3]


@pytest.mark.parametrize(
    ("listed", "why", "otherwise"),
    [
        ([declared("a", "1"), declared("a", "1")], "are of owner 1", ""),
        ([declared("a", "1"), declared(None, "1", state="absent")], "are of owner 1", ""),
        ([declared("a", "1"), declared("b", "1")], "are of owner 1 with two domains", IF_IT_HAS_TWO),
        ([declared("a", "1", account_id="x"), declared("b", "2", account_id="x")], "name account x", ""),
    ],
)
def test_why_two_entries_mean_one_link(listed, why, otherwise):
    entries = entries_from([NO_DOMAIN, *listed])
    failure = failed(refuse_duplicates, entries)
    first, second = entries[1].name, entries[2].name
    assert failure.message == f"{first} and {second} {why}: they mean the same link."
    assert failure.remediation == f"Remove one of them{otherwise}. Nothing was changed."
    assert (failure.code, failure.phase, failure.tenant) == (FailureCode.DUPLICATE_TENANT, Phase.ARGUMENTS, "tenants")
    assert failure.details == {"positions": [2, 3]}


@pytest.mark.parametrize(
    ("listed", "positions"),
    [
        ([declared("a", "1"), declared("b", "2"), declared("a.freshservice.com", "1")], [1, 3]),
        ([declared("a", "1", allow_multiple=True), declared("b", "1")], [1, 2]),
        ([declared("a", "1", provider="Freshservice"), declared("a", "1")], [1, 2]),
        ([declared(name, "1", allow_multiple=True) for name in "aba"], [1, 3]),
    ],
)
def test_which_entries_mean_one_link(listed, positions):
    failure = failed(refuse_duplicates, entries_from(listed))
    assert (failure.code, failure.details) == (FailureCode.DUPLICATE_TENANT, {"positions": positions})


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
def test_entries_for_different_links_are_not_refused(listed):
    refuse_duplicates(entries_from(listed))


def test_two_entries_that_turn_out_to_mean_one_account():
    one, two, three, four = entries_from([declared(name, name) for name in "abcd"])
    refuse_same_account([(one, "x"), (two, None), (three, None), (four, "y")])
    failure = failed(refuse_same_account, [(one, None), (two, "x"), (three, "y"), (four, "x")])
    assert failure.message == f"{two.name} and {four.name} both mean account x: they mean the same link."
    assert failure.details == {"positions": [2, 4]}


def test_a_domain_that_two_owners_share_is_told_once_for_each():
    listed = [
        *(NO_DOMAIN, declared(None, "8", state="absent"), declared("a", "9", state="absent"), declared("a", "1")),
        *(declared("a", "1", account_id="x"), declared("a", "2"), declared("a", "3")),
        *(
            declared("a", "4", allow_shared_domain=True),
            declared("b", "5", allow_shared_domain=True),
            declared("b", "6"),
        ),
    ]
    assert shared_domains(entries_from(listed)) == [
        "Entries 4 and 6 link the same domain a to two owners (1 and 2).",
        "Entries 4 and 7 link the same domain a to two owners (1 and 3).",
    ]


def account(number, owner="1", **more):
    return Account(f"id-{number}", "freshservice", "active", owner, **more)


def test_an_entry_that_could_mean_any_account_forbids_a_purge():
    (entry,) = entries_from([declared("a", None)])
    failure = failed(unlisted, [account(1)], [LinkJob(entry)])
    assert (failure.code, failure.phase, failure.tenant) == (FailureCode.PURGE_REFUSED, Phase.APPLY, "purge")
    assert failure.message == (
        "entry 1 (a) does not say which account it means, so it could be any of them. None of them was unlinked."
    )
    assert failure.remediation == "Correct it, then run again."
    assert failure.details == {}


def test_what_was_unlinked_already_is_not_unlinked_again():
    gone = LinkJob(Entry(0, None, None, None, "1", "id-1"))
    assert unlisted([account(1), account(2)], [], [gone]) == [account(2)]


def test_an_unsound_entry_spares_its_owner_and_its_account():
    entries = entries_from([{**NO_DOMAIN, "account_id": "id-2"}, declared("x y", None, account_id="id-3")])
    accounts = [account(1), account(2, "2"), account(3, "3"), account(4, "4")]
    assert [one.id for one in unlisted(accounts, [LinkJob(entry) for entry in entries])] == ["id-4"]


@pytest.mark.parametrize(("count", "more"), [(10, ""), (11, " and 1 more"), (12, " and 2 more")])
def test_a_refusal_names_ten_and_counts_the_rest(count, more):
    failure = failed(check_limit, [account(number) for number in range(count)], 1, 99, DUPLICATES)
    assert f"id-9 (owner 1){more}. None of them was unlinked." in failure.message
    assert (
        f"{count} of 99 accounts are duplicates of a link, but resolve_duplicates_limit allows 1: " in failure.message
    )
    assert (failure.code, failure.tenant) == (FailureCode.DUPLICATES_REFUSED, "duplicates")
    assert failure.details["more"] == count - 10
    assert failure.phase is Phase.APPLY


def test_an_id_that_begins_as_a_secret_of_the_entry_is_an_id():
    """What only looks like a piece of a secret does not hide which account is meant, so purge may spare that one."""
    common = "customer-of-the-north-"
    for end, known in (("0815", True), ("key", False)):
        entry = {"domain": "not a domain", "origin_owner_id": common + end, "api_key": f"{common}key"}
        (found,) = entries_from([entry])
        assert found.failure
        assert found.identified is known
