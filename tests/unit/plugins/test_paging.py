# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pages of a listing are asked for, whatever the server's page base, cap and end (S20, S23)."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.paging import (
    MOST_PAGES,
    EndlessListing,
    Paging,
    most_pages,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed, FailureCode


def page_of(*numbers):
    return [Account(f"id-{number}", "freshservice", "active", "1") for number in numbers]


def after_first(count, *args, **options):
    """Return the paging of a listing whose first page shows this many accounts."""
    paging = Paging(*args, **options)
    assert paging.done is False
    assert paging.next_pages() == [0]
    assert paging.take(0, page_of(*range(count))) == page_of(*range(count))
    return paging


def test_a_short_first_page_is_the_last_one():
    assert after_first(24).done is True


@pytest.mark.parametrize("count", [25, 100])
def test_a_full_one_is_not(count):
    paging = after_first(count)
    assert paging.done is False
    assert paging.next_pages() == [1]


def test_a_thorough_listing_ends_with_an_empty_page():
    assert after_first(1, thorough=True).done is False
    assert after_first(0, thorough=True).done is True


@pytest.mark.parametrize(
    ("page", "done"), [(1, False), (2, True), (3, True)], ids=["the first page again", "the second", "the third"]
)
def test_a_page_without_anything_new_ends_it_from_the_second_on(page, done):
    """Page 1 is the first page once more where pages are counted from 1."""
    paging = after_first(30)
    assert paging.take(page, page_of(*range(30))) == []
    assert paging.done is done


@pytest.mark.parametrize("count", [0, 3, 30])
def test_a_listing_that_says_that_there_are_more_than_it_shows(count):
    paging = Paging()
    assert paging.take(0, page_of(*range(count)), more=True) == page_of(*range(count))
    assert paging.take(1, page_of(*range(count)), more=True) == []
    assert paging.done is False
    with pytest.raises(Failed, match="says that there are more than its pages show"):
        paging.take(2, page_of(*range(count)), more=True)


def test_one_that_shows_them_later_is_complete():
    paging = Paging()
    shown = [paging.take(0, [], more=True), paging.take(1, page_of(1), more=True), paging.take(2, page_of(2))]
    assert (shown, paging.done) == ([[], page_of(1), page_of(2)], False)
    assert (paging.take(3, []), paging.done) == ([], True)


@pytest.mark.parametrize("page", [1, 2])
def test_a_short_page_that_is_not_the_first_ends_nothing(page):
    paging = after_first(30)
    assert paging.take(page, page_of(29, 30)) == page_of(30)
    assert paging.done is False


@pytest.mark.parametrize(
    ("expected", "size", "pages"),
    [
        *[(0, 100, [1]), (1, 100, [1, 2]), (100, 100, [1, 2]), (101, 100, [1, 2, 3]), (300, 100, [1, 2, 3, 4])],
        (100, 25, [1, 2, 3, 4, 5]),
    ],
)
def test_as_many_pages_as_there_probably_are_are_asked_for_at_once(expected, size, pages):
    paging = after_first(size, expected)
    assert paging.next_pages() == pages
    assert paging.next_pages() == [pages[-1] + 1]


def test_more_pages_at_a_time_the_more_there_were():
    paging = Paging()
    asked = [paging.next_pages() for _time in range(50)]
    assert [len(pages) for pages in asked] == [1] * 32 + [2] * 16 + [3] * 2
    assert [page for pages in asked for page in pages] == list(range(32 + 32 + 6))


@pytest.mark.parametrize("most", [1, 3])
def test_a_listing_without_an_end_is_given_up(most):
    paging = Paging(most=most)
    for page in range(most):
        assert paging.next_pages() == [page]
    with pytest.raises(EndlessListing) as caught:
        paging.next_pages()
    failure = caught.value.failure
    assert failure.code is FailureCode.UNEXPECTED_ANSWER
    assert failure.message == f"StackOne's listing of accounts did not end within {most} pages."
    assert "stackone_url" in failure.remediation


def test_the_expected_pages_are_no_more_than_the_most():
    assert after_first(25, expected=10_000, most=5).next_pages() == [1, 2, 3, 4, 5]


def test_how_many_pages_are_read_at_most():
    assert (most_pages(1), most_pages(1000)) == (401, 1400)
    paging = Paging()
    paging._next = MOST_PAGES - 1
    assert paging.next_pages()
    with pytest.raises(EndlessListing):
        paging.next_pages()


@pytest.mark.parametrize(("first", "ahead"), [(2, 1), (24, 1), (25, 13), (50, 7), (100, 4)])
def test_a_page_that_is_probably_the_last_says_nothing_of_how_long_pages_are(first, ahead):
    """With one or two accounts of 300 declared, hundreds of pages would be asked for."""
    paging = after_first(first, 300, thorough=True)
    assert len(paging.next_pages()) == ahead
