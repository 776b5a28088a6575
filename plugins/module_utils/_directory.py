# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's accounts as one listing showed them, so that no tenant of a long list costs a request of its own."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Callable

from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import SMALLEST_PAGE, Account, StackOne
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import Tenant

OWNERS_AT_ONCE = 50
"""How many owners one request names: few enough for any limit on the length of a URL."""
URL_ROOM = 4000

Each = Callable[..., Iterable[Any]]


class Directory:
    """Accounts by id and by owner. C(each) applies a function to several things at a time, as C(map) does."""

    def __init__(self, stackone: StackOne, each: Each = map) -> None:
        self._stackone = stackone
        self._each = each
        self._lock = threading.Lock()
        self._by_id: dict[str, Account] = {}
        self._by_owner: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_id.values())

    def load(self, provider: str, expected: int = 0) -> None:
        """List all accounts of a provider, of which there may be C(expected). Raises Failed."""
        self._add(self._stackone.accounts(provider, each=self._each, expected=expected))

    def load_owners(self, provider: str, owners: Iterable[str]) -> None:
        """List the accounts of these owners, many in one request. Raises Failed."""
        first, *others = _portions(owners) or [()]
        if first:
            self._add(self._stackone.accounts(provider, *first))
        if others and self._stackone.filters_ignored:
            # Each portion would list everything; once is enough.
            self.load(provider)
            return
        for found in self._each(lambda some: self._stackone.accounts(provider, *some), others):
            self._add(found)

    def look_again(self, provider: str, owners: Iterable[str]) -> None:
        """Ask for the owners that the listing did not show, unless it was a single page.

        Where others unlink accounts while pages are read, later ones move up and one can be missed: it would
        be linked a second time.
        """
        missing = [owner for owner in owners if owner not in self._by_owner[provider.lower()]]
        if len(self) >= SMALLEST_PAGE:
            self.load_owners(provider, missing)

    def accounts(self, provider: str, owner: str) -> list[Account]:
        """The accounts of one owner."""
        with self._lock:
            return [self._by_id[account_id] for account_id in self._by_owner[provider.lower()].get(owner, ())]

    def account(self, account_id: str) -> Account | None:
        """One account, C(None) where none was listed."""
        return self._by_id.get(account_id)

    def forget(self, account: Account) -> None:
        """It was unlinked: whoever looks among its owner's accounts afterwards must not ask for it any more."""
        with self._lock:
            ids = self._by_owner[account.provider.lower()]
            left = tuple(other for other in ids.get(account.origin_owner_id, ()) if other != account.id)
            ids[account.origin_owner_id] = left

    def _add(self, accounts: Iterable[Account]) -> None:
        with self._lock:
            for account in accounts:
                ids = self._by_owner[account.provider.lower()]
                if account.id not in self._by_id:
                    ids[account.origin_owner_id] = (*ids.get(account.origin_owner_id, ()), account.id)
                self._by_id[account.id] = account


def owners_by_provider(tenants: Iterable[Tenant]) -> dict[str, list[str]]:
    """Provider -> the owners of its tenants, each once, in the order of the list."""
    owners: dict[str, dict[str, None]] = {}
    for tenant in tenants:
        named = owners.setdefault(tenant.provider.lower(), {})
        if tenant.origin_owner_id:
            named[tenant.origin_owner_id] = None
    return {provider: list(owners[provider]) for provider in sorted(owners)}


def _portions(owners: Iterable[str]) -> list[Sequence[str]]:
    portions: list[list[str]] = [[]]
    room = URL_ROOM
    for owner in owners:
        room -= 3 * len(owner.encode()) + len("&origin_owner_ids=")
        if portions[-1] and (room < 0 or len(portions[-1]) >= OWNERS_AT_ONCE):
            portions.append([])
            room = URL_ROOM
        portions[-1].append(owner)
    return [portion for portion in portions if portion]
