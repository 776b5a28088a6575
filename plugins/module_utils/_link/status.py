# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statuses of an account in which it does not work, and what can be done about each. Pure."""

from __future__ import annotations

from .._clients.account import Account
from .._core.failure import Failed, FailureCode

BROKEN = frozenset({"error", "expired"})
"""Statuses that a new key ends."""
DASHBOARD_ONLY = frozenset({"suspended", "archived"})
"""Statuses that only a person in StackOne's dashboard can end (S43)."""


def not_active(account: Account) -> Failed:
    """Return the failure of an account that exists but, according to StackOne, does not work."""
    why = f" ({'; '.join(account.status_reasons)})" if account.status_reasons else ""
    remediation = {
        "suspended": "Resume it in StackOne's dashboard: Accounts, the account's row menu.",
        "archived": "Restore it in StackOne's dashboard, or unlink it (state: absent) and link again.",
        "inactive": "Check in StackOne's dashboard, under Connector Profiles, that the Freshservice profile is enabled.",
    }.get(
        account.status,
        "Check the key and the agent's rights, then link again: StackOne then gets domain and key once more.",
    )
    return Failed(
        FailureCode.ACCOUNT_NOT_ACTIVE,
        f"the status of account {account.id} is {account.status}{why}.",
        remediation,
        details={"account_id": account.id, "status": account.status, "status_reasons": list(account.status_reasons)},
    )
