# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pages of StackOne's listing to ask for, and when all are seen. Pure."""

from __future__ import annotations

import math

from .._core.failure import Failed, FailureCode
from .account import Account

PAGE_SIZE = 100
SMALLEST_PAGE = 25
"""An answer with fewer accounts than the documented default page is the last one (S20)."""
MOST_PAGES = 2_000
PAGES_FOR_ONE_AHEAD = 32


def most_pages(declared: int) -> int:
    """Return how many pages are read at most where that many tenants are declared.

    A server that never ends its listing must not hold a run. 400 pages are 10,000 accounts of others at the smallest
    documented page.
    """
    return 400 + declared


class EndlessListing(Failed):
    """A listing went on for longer than anybody has accounts."""


class Paging:
    """Decides which pages to ask for next: survives either page base and any cap (S23).

    Page 0 means the request without a page number. A `thorough` listing does not take a short first page for the last
    one: a server may give fewer accounts at a time than it is asked for.
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
        """Return as many page numbers as there probably are, and more at a time the more there were.

        Raises EndlessListing where there are more than could be.
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

    def take(self, page: int, listed: list[Account]) -> list[Account]:
        """Return the accounts of a page that no page before it had."""
        fresh = [account for account in listed if account.id not in self._seen]
        self._seen.update(account.id for account in fresh)
        if (page == 0 and len(listed) < self._shortest) or (page >= 2 and not fresh):
            self.done = True
        elif page == 0:
            # Counted from 1, the page after the last is needed as well, to see that it is empty.
            self._probable_end = min(math.ceil(self._expected / len(listed)) + 1, self._most) if self._expected else 0
        return fresh
