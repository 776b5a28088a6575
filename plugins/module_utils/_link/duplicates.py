# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of several accounts of one link is kept, and which of them a run may unlink. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .._clients.account import ARCHIVED, Account
from .._core.failure import Failed, FailureCode
from .._core.tenant import Tenant, same_domain
from .outcome import Creation
from .selection import Candidate


def same_link(tenant: Tenant, candidates: Sequence[Candidate]) -> list[Account]:
    """Return the accounts that are this tenant's link: those of its owner that store its domain.

    If an owner has one link only, an account whose domain is unknown counts as well.
    """
    return [item.account for item in candidates if item.account.status != ARCHIVED and _is_link(tenant, item)]


def first_made(accounts: Sequence[Account]) -> Account | None:
    """Return the account that StackOne made first, by time and then by id; `None` if the order is unknown."""
    if not accounts or any(account.made_at is None for account in accounts):
        return None
    return min(accounts, key=_age)


def made_by(creation: Creation, account: Account) -> bool:
    """Return whether this run made an account.

    Its own request must have been answered with the id, and the account must not be older than that request. A Hub that
    updates may answer with an account that was there before (H19).
    """
    if not creation.answered or creation.account_id != account.id:
        return False
    if account.made_at is None or creation.sent_at is None:
        return False
    # Some versions write whole seconds, and then nothing finer can be compared.
    sent_at = math.floor(creation.sent_at) if account.made_at.is_integer() else creation.sent_at
    return account.made_at >= sent_at


def survivor(accounts: Sequence[Account]) -> Account | None:
    """Return the account that a repair keeps: the oldest that works, else the oldest; `None` if ages are unknown."""
    working = [account for account in accounts if account.active]
    return first_made(working or accounts) if first_made(accounts) else None


def duplicate_account(tenant: Tenant, accounts: Sequence[Account]) -> Failed:
    """Return the failure of a link that has several accounts, none of which may be unlinked without asking."""
    listed = ", ".join(f"{account.id} ({account.status}, made {account.created_at})" for account in accounts)
    return Failed(
        FailureCode.DUPLICATE_ACCOUNT,
        f"StackOne has {len(accounts)} accounts for this one link: {listed}."
        " Another run or a person linked the same tenant at the same time.",
        "Run again when no other run is under way. If both accounts remain, unlink one by its account_id, or let"
        " freshservice_links do so with resolve_duplicates.",
        retriable=True,
        details={
            "candidates": [
                {"account_id": account.id, "domain": tenant.domain, "status": account.status} for account in accounts
            ]
        },
    )


def _is_link(tenant: Tenant, item: Candidate) -> bool:
    if item.domain is None or tenant.domain is None:
        return not tenant.allow_multiple
    return same_domain(tenant.domain, item.domain)


def _age(account: Account) -> tuple[float, str]:
    return account.made_at or 0.0, account.id
