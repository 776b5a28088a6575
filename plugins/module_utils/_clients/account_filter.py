# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter for StackOne's accounts, and the search for those that match, with few requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._core.identity import is_account_id
from .._core.tenant import checked_id, invalid_argument, normalise_domain
from .account import Account
from .directory import Directory
from .hub_form import domain_in
from .stackone import StackOne

DOCUMENTED_STATUSES = ("active", "inactive", "suspended", "archived", "expired", "error")
"""StackOne may have more (S31)."""
FEW_IDS = 20
"""Up to this number, accounts are fetched one by one. For more, the listing is cheaper."""


@dataclass(frozen=True)
class AccountFilter:
    """The properties that accounts must have; `None` matches any. Statuses are in lower case, domains are bare labels."""

    provider: str
    owners: frozenset[str] | None = None
    ids: frozenset[str] | None = None
    domains: frozenset[str] | None = None
    labels: frozenset[str] | None = None
    statuses: frozenset[str] | None = None
    account_type: str | None = None

    def matches(self, account: Account) -> bool:
        """Return whether an account has all properties."""
        asked = (
            (self.owners, account.origin_owner_id),
            (self.ids, account.id),
            (self.domains, domain_in(account.setup_information)),
            (self.labels, account.label),
            (self.statuses, account.status),
            (self.account_type and {self.account_type}, account.type),
        )
        mine = account.is_of(self.provider)
        return mine and all(wanted is None or value in wanted for wanted, value in asked)


def find(stackone: StackOne, choice: AccountFilter) -> list[Account]:
    """Return the accounts that match, sorted by owner and id. Raise Failed."""
    return sorted(filter(choice.matches, _candidates(stackone, choice)), key=_order)


def summary_of(accounts: Iterable[Account]) -> dict[str, Any]:
    """Return the number of accounts, in all and by status."""
    statuses = Counter(account.status for account in accounts)
    return {"accounts": sum(statuses.values()), "statuses": dict(sorted(statuses.items()))}


def undocumented_statuses(choice: AccountFilter, accounts: Iterable[Account]) -> list[str]:
    """Return a warning about statuses that are probably misspelt: no account has them, and StackOne documents none."""
    known = {*DOCUMENTED_STATUSES, *(account.status for account in accounts)}
    unknown = ", ".join(sorted(repr(status) for status in (choice.statuses or frozenset()) - known))
    known_names = ", ".join(DOCUMENTED_STATUSES)
    return [f"statuses: no account has the status {unknown}. StackOne documents {known_names}."] if unknown else []


def _candidates(stackone: StackOne, choice: AccountFilter) -> Iterable[Account]:
    if choice.ids is not None and len(choice.ids) <= FEW_IDS:
        return filter(None, map(stackone.account, sorted(choice.ids)))
    directory = Directory(stackone)
    if choice.owners is not None:
        directory.load_owners(choice.provider, sorted(choice.owners))
    else:
        directory.load(choice.provider)
    return directory


def _order(account: Account) -> tuple[str, str]:
    return account.origin_owner_id, account.id


def account_filter_from(params: Mapping[str, Any]) -> AccountFilter:
    """Return the filter that the options describe. Raise Failed(invalid_domain or invalid_argument)."""

    def chosen(name: str) -> frozenset[str] | None:
        return None if params[name] is None else frozenset(params[name])

    for number, owner in enumerate(params["origin_owner_ids"] or (), 1):
        checked_id(owner, f"item {number} of origin_owner_ids")
    for number, account_id in enumerate(params["account_ids"] or (), 1):
        if not is_account_id(account_id):
            raise invalid_argument(
                f"item {number} of account_ids is not the id of an account.",
                "StackOne shows an account's id under Accounts.",
            )
    domains = None if params["domains"] is None else frozenset(map(normalise_domain, params["domains"]))
    statuses = chosen("statuses")
    return AccountFilter(
        provider=params["provider"],
        owners=chosen("origin_owner_ids"),
        ids=chosen("account_ids"),
        domains=domains,
        labels=chosen("labels"),
        statuses=None if statuses is None else frozenset(map(str.lower, statuses)),
        account_type=params["account_type"],
    )
