# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts no tenant of the list stands for, and how many of them may be unlinked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._apply import Outcome
from ansible_collections.tenantlink.stackone.plugins.module_utils._entries import Entry
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import domain_in
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import one_line

NAMED_ACCOUNTS = 10
"""How many accounts a refusal names."""


def unlisted(
    accounts: Iterable[Account], entries: Sequence[Entry], outcomes: Sequence[Outcome | None]
) -> list[Account]:
    """The accounts that no entry means. In doubt an account is listed: an owner's accounts are spared while it
    is not known which of them its entries mean. Raises Failed where an entry could mean any account."""
    spared_owners: set[str] = set()
    spared_ids: set[str] = set()
    for entry, outcome in zip(entries, outcomes):
        if entry.account_id:
            spared_ids.add(entry.account_id)
        if outcome and outcome.found:
            spared_ids |= {outcome.account_id} if outcome.account_id else set()
            continue
        if not (entry.origin_owner_id or entry.account_id):
            raise _refused(f"{entry.name} has neither origin_owner_id nor account_id.")
        if entry.origin_owner_id:
            spared_owners.add(entry.origin_owner_id)
    return [
        account for account in accounts if account.id not in spared_ids and account.origin_owner_id not in spared_owners
    ]


def most(limit: float, accounts: int) -> int:
    """Return how many accounts a purge may unlink: below 1 a share of all, rounded down, else a number."""
    # As it was written: 0.07 of 100 is 7, although the float is a little more.
    return int(Fraction(repr(limit)) * accounts) if limit < 1 else int(limit)


def check_limit(accounts: Sequence[Account], limit: float, total: int) -> None:
    """Raise Failed(purge_refused) where more would be unlinked than is allowed: then the list is rather wrong."""
    allowed = most(limit, total)
    if len(accounts) <= allowed:
        return
    share = f" ({limit} of {total})" if limit < 1 else ""
    shown, more = accounts[:NAMED_ACCOUNTS], len(accounts) - NAMED_ACCOUNTS
    named = ", ".join(map(_named, shown)) + (f" and {more} more" if more > 0 else "")
    raise _refused(
        f"{len(accounts)} of {total} accounts are not in the list, but purge_limit allows {allowed}{share}: {named}.",
        f"Check that the list is complete; if it is, set purge_limit to {len(accounts)}.",
        {"accounts": list(map(_told, shown)), "more": max(0, more)},
    )


def _told(account: Account) -> dict[str, Any]:
    domain = domain_in(account.setup_information)
    return {"account_id": account.id, "origin_owner_id": account.origin_owner_id, "domain": domain}


def _named(account: Account) -> str:
    told = _told(account)
    owner = f"owner {told['origin_owner_id']}"
    return one_line(f"{account.id} ({owner}, {told['domain']})" if told["domain"] else f"{account.id} ({owner})")


def _refused(
    message: str, remediation: str = "Correct it, then run again.", details: dict[str, Any] | None = None
) -> Failed:
    return Failed(
        FailureCode.PURGE_REFUSED,
        f"{message} No unlisted account was unlinked.",
        remediation,
        phase=Phase.APPLY,
        tenant="purge",
        details=details or {},
    )
