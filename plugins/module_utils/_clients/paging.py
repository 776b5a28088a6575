# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which pages of StackOne's listing to ask for, and when it is complete. Pure."""

from __future__ import annotations

import math

from .._core.failure import Failed, FailureCode
from .account import Account

PAGE_SIZE = 100
SMALLEST_PAGE = 25
"""A page with fewer accounts than the documented default size is the last one (S20)."""
MOST_PAGES = 2_000
PAGES_FOR_ONE_AHEAD = 32


def most_pages(declared: int) -> int:
    """Return the largest number of pages to read for this number of declared tenants.

    A server that never ends its listing must not block a run. 400 pages allow for 10,000 other accounts at the smallest
    documented page size.
    """
    return 400 + declared


class EndlessListing(Failed):
    """The failure of a listing that is longer than any realistic number of accounts."""


class Paging:
    """Decide which pages to ask for next, whether pages count from 0 or 1, and whatever their largest size (S23).

    Page 0 means the request without a page number. A `thorough` listing does not treat a short first page as the last
    one, because a server may return fewer accounts per page than requested.
    """

    def __init__(self, expected: int = 0, most: int = MOST_PAGES, thorough: bool = False) -> None:
        self.done = False
        self._expected = expected
        self._most = most
        self._shortest = 1 if thorough else SMALLEST_PAGE
        self._seen: set[str] = set()
        self._next = 0
        self._probable_end = 0

    def next_pages(self) -> list[int]:
        """Return the probable remaining page numbers, or more at a time the longer the listing is.

        Raise EndlessListing if there are too many pages.
        """
        if self._next >= self._most:
            raise EndlessListing(
                FailureCode.UNEXPECTED_ANSWER,
                f"StackOne's listing of accounts did not end within {self._most} pages.",
                "Check stackone_url, and that no proxy answers in place of StackOne.",
            )
        count = max(1 + self._next // PAGES_FOR_ONE_AHEAD, self._probable_end - self._next + 1)
        self._next += count
        return list(range(self._next - count, self._next))

    def take(self, page: int, listed: list[Account], more: bool = False) -> list[Account]:
        """Return the accounts of a page that were not on earlier pages. `more` is whether it says that there are more.

        Raise Failed if a page says so, and the next ones have none: whoever is missed would be linked a second time.
        """
        fresh = [account for account in listed if account.id not in self._seen]
        self._seen.update(account.id for account in fresh)
        if page >= 2 and not fresh and more:
            raise Failed(
                FailureCode.UNEXPECTED_ANSWER,
                "StackOne's listing of accounts says that there are more than its pages show.",
                "Check stackone_url, and that no proxy answers in place of StackOne.",
            )
        if (page == 0 and len(listed) < self._shortest and not more) or (page >= 2 and not fresh):
            self.done = True
        elif page == 0 and len(listed) >= SMALLEST_PAGE and self._expected:
            # A shorter page is probably the last one: it says nothing of how long pages are. If pages count from 1, the page
            # after the last one is needed too, to see that it is empty.
            self._probable_end = min(math.ceil(self._expected / len(listed)) + 1, self._most)
        return fresh
