# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connector profiles that accounts are linked under, which StackOne's listing does not show (H11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .._core.failure import Failed, FailureCode
from .._core.words import counted
from .account import ARCHIVED, Account
from .hub import Hub
from .stackone import StackOne

_FOR_NO_ACCOUNT = frozenset(
    {FailureCode.HUB_UNAVAILABLE, FailureCode.STACKONE_UNREACHABLE, FailureCode.STACKONE_UNAVAILABLE}
)
"""Failures with which every other account would meet as well."""


@dataclass
class AccountProfiles:
    """The profiles of accounts by the accounts' ids, and the default one, as far as they are known."""

    default: str | None = None
    by_account: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def account_profiles(stackone: StackOne, hub: Hub, provider: str, accounts: Iterable[Account]) -> AccountProfiles:
    """Look up the profile of each account in the Hub's edit view. If the provider has only one profile, nothing is looked up.

    Archived accounts are left out. Raises Failed if StackOne refuses the key.
    """
    known = stackone.profiles(provider)
    found = AccountProfiles(next((profile.id for profile in known if profile.default), None))
    if len(known) < 2:
        return found
    wanted = [account for account in accounts if account.status != ARCHIVED]
    reason = ""
    for account in wanted:
        try:
            profile = hub.view(stackone.edit_session(account, None), account.id).integration_id
        except Failed as error:
            code, reason = error.failure.code, reason or error.failure.message
            if code in (FailureCode.STACKONE_KEY_REFUSED, FailureCode.STACKONE_FORBIDDEN):
                raise
            if code in _FOR_NO_ACCOUNT:
                break
        else:
            found.by_account.update({account.id: profile} if profile else {})
    unknown = len(wanted) - len(found.by_account)
    if unknown:
        why = f": {reason}" if reason else "."
        found.warnings.append(f"The connector profile of {counted(unknown, 'account')} is not known{why}")
    return found
