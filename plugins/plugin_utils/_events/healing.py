# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides which of the declared tenants are to be healed. Pure.

Entries are as the filter `tenants` makes them: whatever an id was in YAML, it is compared as the text that StackOne has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._clients.account import ACTIVE
from ...module_utils._core.failure import Failed
from ...module_utils._core.tenant import normalise_domain

Entry = Mapping[str, Any]


def named_tenants(declared: Sequence[Entry], accounts: Iterable[Any]) -> list[Entry]:
    """Return the tenants of the owners of some accounts.

    The domain only distinguishes the tenants of one owner. It may be the value that has drifted: if no tenant of the owner has
    it, all of them are meant.
    """
    by_owner = defaultdict(list)
    for entry in declared:
        # An account that is to move still has its former owner.
        for owner in dict.fromkeys(_text(entry, name) for name in ("origin_owner_id", "previous_origin_owner_id")):
            by_owner[owner].append(entry)
    meant: dict[int, Entry] = {}
    for account in accounts:
        own = by_owner.get(_text(account, "origin_owner_id"), []) if _text(account, "origin_owner_id") else []
        domain = _domain(account)
        for entry in [entry for entry in own if domain and _domain(entry) == domain] or own:
            meant[id(entry)] = entry
    return list(meant.values())


def broken_tenants(declared: Sequence[Entry], accounts: Iterable[Entry]) -> list[Entry]:
    """Return the present tenants that have no active account; `accounts` are all of them, as account_info shows them."""
    active = [account for account in accounts if _text(account, "status") == ACTIVE]
    ids = {_text(account, "id") for account in active}
    domains = defaultdict(set)
    for account in active:
        domains[_text(account, "origin_owner_id")].add(_domain(account))
    return [entry for entry in declared if entry.get("state") != "absent" and not _is_linked(entry, ids, domains)]


def _is_linked(entry: Entry, ids: set[str], domains: Mapping[str, set[str]]) -> bool:
    """Return whether a tenant has an active account. Its domain only counts if the owner may have several accounts."""
    if _text(entry, "account_id"):
        return _text(entry, "account_id") in ids
    own = domains.get(_text(entry, "origin_owner_id"), set())
    several = _text(entry, "allow_multiple").lower() in ("true", "yes", "on", "1")
    return bool(own) and (not several or bool({_domain(entry), ""} & own))


def _domain(record: Entry) -> str:
    """Return the bare domain of a tenant or account, however it is written; empty if it is not known."""
    text = _text(record, "domain")
    try:
        return normalise_domain(text) if text else ""
    except Failed:
        return text


def _text(record: Any, name: str) -> str:
    value = record.get(name) if isinstance(record, Mapping) else None
    return "" if value is None else str(value).strip()
