# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a purge takes, what it spares, and how many accounts it may take; and the requests for a whole listing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.directory import URL_ROOM, _portions
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.paging import Paging
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.link_jobs import LinkJob
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.purge import check_limit, most, unlisted
from tests.support.declared_entries import account, declared, entries, outcome

ACCOUNTS = [account(1, "1"), account(2, "2"), account(3, "2"), account(4, "former")]


@pytest.mark.parametrize(
    ("listed", "found", "taken"),
    [
        ([declared("a", "1"), declared("b", "2")], ACCOUNTS[:2], ["id-3", "id-4"]),
        # The owners of entries that were not found, or that are unsound, are spared.
        ([declared("a", "1"), declared("b", "2"), declared("not a domain", "former")], [ACCOUNTS[0], None, None], []),
        # And so are accounts that are named.
        ([declared("a", "1", account_id="id-4")], [None], ["id-2", "id-3"]),
    ],
)
def test_purge_takes_what_no_entry_means(listed, found, taken):
    jobs = [
        LinkJob(entry, outcome(entry, account is not None, account) if entry.tenant else None)
        for entry, account in zip(entries(*listed), found)
    ]
    assert [item.id for item in unlisted(ACCOUNTS, jobs)] == taken


def test_purge_spares_the_account_that_keeps_a_tenant_from_being_linked():
    """The tenant's owner was written differently: its working account must not go while no other can be made."""
    (entry,) = entries(declared("a", "other"))
    refused = LinkJob(entry, outcome(entry, False), elsewhere=("id-1",))
    assert [item.id for item in unlisted(ACCOUNTS, [refused])] == ["id-2", "id-3", "id-4"]


def test_purge_spares_accounts_whose_provider_is_not_known():
    assert unlisted([Account("id-9", "", "active", "9")], []) == []


@pytest.mark.parametrize(
    ("limit", "total", "allowed"),
    [
        *[(0.1, 5, 0), (0.1, 10, 1), (0.1, 101, 10), (0, 9, 0), (1, 9, 1), (7, 3, 7)],
        *[(0.07, 100, 7), (0.29, 100, 29), (0.57, 100, 57), (1e-05, 100_000, 1), (0.999, 1, 0)],
    ],
)
def test_purge_limit(limit, total, allowed):
    assert most(limit, total) == allowed
    some = [account(number, "x") for number in range(allowed + 1)]
    check_limit(some[:allowed], limit, total)
    with pytest.raises(Failed):
        check_limit(some, limit, total)


@given(st.integers(0, 99), st.integers(0, 1000))
def test_a_share_is_never_rounded_up(hundredths, total):
    assert most(hundredths / 100, total) == hundredths * total // 100


def test_a_refused_purge_names_the_first_accounts():
    some = [account(number, f"owner-{number}", domain=f"d{number}") for number in range(12)]
    with pytest.raises(Failed) as caught:
        check_limit(some, 0.1, 60)
    failure = caught.value.failure
    assert failure.message.startswith(
        f"12 of 60 accounts are not in the list, but purge_limit allows 6 (0.1 of 60): {some[0].id} (owner owner-0, d0), "
    )
    assert f"{some[9].id} (owner owner-9, d9) and 2 more. None of them was unlinked." in failure.message
    assert failure.remediation.endswith("set purge_limit to 12.")
    assert failure.details["more"] == 2
    assert failure.details["accounts"][9] == {"account_id": some[9].id, "origin_owner_id": "owner-9", "domain": "d9"}
    assert len(failure.details["accounts"]) == 10
    with pytest.raises(Failed, match=r"purge_limit allows 1: [^ ]+ \(owner o\), [^ ]+ \(owner p\)\. No") as caught:
        check_limit([account(1, "o"), account(2, "p")], 1, 2)
    assert caught.value.failure.details["more"] == 0


@given(st.integers(0, 4000), st.sampled_from([0, 1]), st.integers(25, 150), st.integers(0, 6000))
def test_paging_sees_everything_once_and_asks_for_few_pages_too_many(total, base, size, expected):
    ids = [account(number, "x") for number in range(total)]
    paging, found, asked = Paging(expected), [], 0
    while not paging.done:
        for page in paging.next_pages():
            asked += 1
            start = max(0, (page or base) - base) * size
            found += paging.take(page, ids[start : start + size])
    assert [item.id for item in found] == [item.id for item in ids]
    pages = -(-total // size)
    if total >= size:
        assert asked <= max(pages, -(-expected // size)) * 1.04 + 3


@given(st.lists(st.text(min_size=1, max_size=255), unique=True, max_size=200))
def test_owners_are_asked_for_in_portions_that_fit_a_url(owners):
    portions = _portions(owners)
    assert [owner for portion in portions for owner in portion] == owners
    for portion in portions:
        length = sum(3 * len(owner.encode("utf-8", "surrogatepass")) + 18 for owner in portion)
        assert len(portion) == 1 or (length <= URL_ROOM and len(portion) <= 50)
