# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A listing of StackOne's accounts, indexed by id, by owner and by domain, and fetched once for a whole run."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Callable

from .._core.identity import plain_provider
from .._core.tenant import Tenant
from .account import Account
from .hub_form import domain_in
from .paging import EndlessListing
from .stackone import StackOne

OWNERS_AT_ONCE = 50
"""How many owners one request names at most. The length of the URL is limited too, by `URL_ROOM`."""
URL_ROOM = 4000

Each = Callable[..., Iterable[Any]]

READERS = 8
"""The number of pages of a listing that are read at a time: each is large, and a few at once are fast enough."""


class Directory:
    """An index of accounts by id, owner and domain.

    `each` is `map`, or a version of it that runs in parallel. `each_small` is the same for answers that are nearly empty,
    of which more than `READERS` may be read at a time.
    """

    def __init__(self, stackone: StackOne, each: Each = map, each_small: Each | None = None) -> None:
        self._stackone = stackone
        self._each = each
        self._each_small = each_small or each
        self._lock = threading.Lock()
        self._by_id: dict[str, Account] = {}
        self._by_owner: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
        self._by_domain: dict[tuple[str, str], list[Account]] | None = None
        self.complete = True
        """True unless only the accounts of the declared owners were listed."""

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_id.values())

    def load_for(self, tenants: Sequence[Tenant], all_needed: bool = False) -> None:
        """List the accounts before anything is done for these tenants. Raise Failed.

        Owners that are missing from the listing are asked for again. A listing can miss accounts, for example because
        its pages shift while others unlink accounts, and a tenant that it misses would be linked a second time. If the
        listing does not end, list only the declared owners, unless `all_needed`.
        """
        for provider, owners in owners_by_provider(tenants).items():
            try:
                self.load(provider, len(tenants))
            except EndlessListing:
                if all_needed:
                    raise
                self.complete = False
                self.load_owners(provider, owners)
            self.ask_again(provider, owners)

    def load(self, provider: str, declared: int = 0, expected: int = 0) -> None:
        """List all accounts of a provider. The number of declared tenants, if any, limits the pages. Raise Failed."""
        expected = expected or declared
        self._add(
            provider,
            self._stackone.accounts(provider, each=self._each, expected=expected, declared=declared, thorough=True),
        )

    def load_owners(self, provider: str, owners: Iterable[str]) -> None:
        """List the accounts of these owners, many in one request. Raise Failed."""
        self._load_portions(provider, owners, partial(self._stackone.accounts, thorough=True), self._each)

    def ask_again(self, provider: str, owners: Iterable[str]) -> None:
        """Ask for the owners that were not listed, many in one request and with different parameters. Raise Failed."""
        known = self._by_owner[plain_provider(provider)]
        missing = [owner for owner in owners if owner not in known]
        self._load_portions(provider, missing, self._stackone.look_again, self._each_small)

    def accounts(self, provider: str, owner: str) -> list[Account]:
        """Return the accounts of one owner."""
        with self._lock:
            return [self._by_id[account_id] for account_id in self._by_owner[plain_provider(provider)].get(owner, ())]

    def look_again(self, provider: str, owner: str) -> list[Account]:
        """Return the accounts of one owner. Owners that were missing from the listing have been asked for again already."""
        return self.accounts(provider, owner)

    def account(self, account_id: str) -> Account | None:
        """Return one account, or None if it does not exist. Ask StackOne if it was not listed. Raise Failed."""
        known = self._by_id.get(account_id)
        if known is None:
            known = self._stackone.account(account_id)
            self._add(known.provider if known else "", [known] if known else [])
        return known

    def listed(self, account_id: str) -> Account | None:
        """Return one account, or None if it was not listed."""
        return self._by_id.get(account_id)

    def with_domain(self, provider: str, domain: str) -> list[Account]:
        """Return the accounts that store a domain, as far as StackOne shows it, for any owner."""
        with self._lock:
            if self._by_domain is None:
                self._by_domain = {}
                for account in self._by_id.values():
                    key = plain_provider(account.provider), domain_in(account.setup_information) or ""
                    self._by_domain.setdefault(key, []).append(account)
            # An account whose provider is not shown may be of this provider too.
            keys = ((plain_provider(provider), domain), ("", domain))
            return [account for key in keys for account in self._by_domain.get(key, ())]

    def forget(self, account: Account) -> None:
        """Remove an account that was unlinked from its owner's, so that later look-ups do not return it."""
        with self._lock:
            for owners in self._by_owner.values():
                _remove(owners, account)

    def _load_portions(
        self, provider: str, owners: Iterable[str], listed: Callable[..., list[Account]], each: Each
    ) -> None:
        first, *others = _portions(owners) or [()]
        if first:
            self._add(provider, listed(provider, *first))
        if others and self._stackone.filters_ignored:
            # If filters are ignored, each portion lists everything. Once is enough.
            self._add(provider, listed(provider))
            return
        for found in each(lambda some: listed(provider, *some), others):
            self._add(provider, found)

    def _add(self, provider: str, accounts: Iterable[Account]) -> None:
        with self._lock:
            ids = self._by_owner[plain_provider(provider)]
            for account in accounts:
                known = self._by_id.get(account.id)
                if known and known.origin_owner_id != account.origin_owner_id:
                    # A listing may lag behind, so that what a later request shows is right.
                    _remove(ids, known)
                    known = None
                if known is None:
                    ids[account.origin_owner_id] = (*ids.get(account.origin_owner_id, ()), account.id)
                self._by_id[account.id] = account
            self._by_domain = None


def _remove(ids: dict[str, tuple[str, ...]], account: Account) -> None:
    """Remove an account from those of its owner, if it is one of them."""
    owned = ids.get(account.origin_owner_id, ())
    if account.id in owned:
        ids[account.origin_owner_id] = tuple(other for other in owned if other != account.id)


def owners_by_provider(tenants: Iterable[Tenant]) -> dict[str, list[str]]:
    """Return the owners of tenants, and their former ones, by provider, each once and in the order of the list."""
    owners: dict[str, dict[str, None]] = {}
    for tenant in tenants:
        named = owners.setdefault(tenant.provider.lower(), {})
        named.update(dict.fromkeys(tenant.owners))
    return {provider: list(owners[provider]) for provider in sorted(owners)}


def _portions(owners: Iterable[str]) -> list[Sequence[str]]:
    portions: list[list[str]] = [[]]
    room = URL_ROOM
    for owner in owners:
        length = 3 * len(owner.encode()) + len("&origin_owner_ids=")
        if portions[-1] and (room < length or len(portions[-1]) >= OWNERS_AT_ONCE):
            portions.append([])
            room = URL_ROOM
        room -= length
        portions[-1].append(owner)
    return [portion for portion in portions if portion]
