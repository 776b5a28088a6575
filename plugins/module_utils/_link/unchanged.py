# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The failures of accounts that StackOne does not give to another owner or put under another connector profile. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from .._clients.account import Account
from .._clients.profiles import ProfileDrift
from .._core.failure import Failed, FailureCode


def still_linked(account_id: str, asked: bool = True) -> Failed:
    """Return the failure of an account that StackOne still shows after it was unlinked, or although it does not know it."""
    said = "was asked to unlink" if asked else "does not know"
    return Failed(
        FailureCode.CHANGE_NOT_KEPT if asked else FailureCode.ACCOUNT_NOT_FOUND,
        f"StackOne {said} account {account_id}, but still shows the account.",
        "Check it in StackOne's dashboard, under Accounts, and run again later.",
        retriable=True,
        details={"account_id": account_id},
    )


def account_not_shown(account_id: str) -> Failed:
    """Return the failure of an account that StackOne named or showed before, and does not show now."""
    return Failed(
        FailureCode.ACCOUNT_NOT_FOUND,
        f"StackOne named account {account_id}, but does not show it now.",
        "Run again: if it exists, the next run finds it.",
        retriable=True,
        details={"account_id": account_id},
    )


def taken_over(former: Account, domain: str) -> Failed:
    """Return the failure of an account that was to be replaced, and that links another domain by now."""
    return Failed(
        FailureCode.ACCOUNT_MISMATCH,
        f"account {former.id}, which was replaced, links the domain {domain} by now, so it was not unlinked.",
        f"If another run or person uses account {former.id}, remove previous_origin_owner_id from this tenant; otherwise unlink it by its"
        " account_id.",
        details={"account_id": former.id},
    )


def profile_not_kept(account: Account, profile: str | None, declared: str, former: str | None = None) -> Failed:
    """Return the failure of an account that StackOne did not put under the declared connector profile.

    `former` is the account that a new one was to replace; the new one was unlinked again.
    """
    what = f"StackOne took the request to link account {account.id} under the connector profile {declared} without an error"
    seen = f"the account is under {profile or 'one that it does not show'}"
    if former:
        ending = f", but {seen}. It was unlinked again, and account {former} is kept."
        advice = "Check in StackOne's dashboard that the profile is enabled and can be linked under."
    else:
        ending = f", but {seen}."
        advice = (
            "Check the account and the profile in StackOne's dashboard. If StackOne cannot change an account's profile,"
            " profile_change: replace links a new account."
        )
    return Failed(
        FailureCode.CHANGE_NOT_KEPT,
        what + ending,
        advice,
        details={"account_id": account.id, "fields": ["integration_id"]},
    )


def profile_refused(error: Failed, account: Account, moved: ProfileDrift) -> Failed:
    """Return the failure of an account that StackOne does not link again under another connector profile."""
    failure = error.failure
    code = failure.code
    if code is FailureCode.CREDENTIALS_REFUSED and _PROFILE.search(failure.message):
        code = FailureCode.STACKONE_REJECTED
    error.failure = replace(
        failure,
        code=code,
        message=f"{failure.message} Account {account.id} was to move from the connector profile {moved.account} to"
        f" {moved.declared}.",
        remediation=f"{failure.remediation} If StackOne cannot change an account's profile, profile_change: replace links a new"
        " account.".strip(),
    )
    return error


_PROFILE = re.compile(r"integration|profile", re.IGNORECASE)

_STAYS = (
    "No second account was made. Declare the former owner's id as origin_owner_id until it can be changed in StackOne; or"
    " unlink the account, leave previous_origin_owner_id out and link the tenant again."
)


def not_moved(error: Failed, account: Account, owner: str) -> Failed:
    """Return the failure of a move, which says what was left as it is if StackOne rejected it."""
    failure = error.failure
    if failure.code is not FailureCode.STACKONE_REJECTED or failure.details.get("uncertain"):
        return error
    what = f"account {account.id} is still of the former owner {account.origin_owner_id}, not of {owner}"
    return Failed(
        failure.code,
        f"{failure.message} Nothing was changed: {what}.",
        _STAYS,
        http_status=failure.http_status,
        details={**failure.details, "account_id": account.id},
    )


def owner_not_kept(account: Account, shown: str, owner: str) -> Failed:
    """Return the failure of a move after which StackOne shows an account as the `shown` owner's."""
    if shown != account.origin_owner_id:
        return Failed(
            FailureCode.ACCOUNT_MISMATCH,
            f"account {account.id} was given to owner {shown} while it was moved from {account.origin_owner_id} to {owner}."
            " Nothing else was changed.",
            "Find out in StackOne's dashboard whose account it is, and run again.",
            details={"account_id": account.id},
        )
    return Failed(
        FailureCode.CHANGE_NOT_KEPT,
        f"StackOne answered that account {account.id} was changed, but it is still of the former owner {shown}, not of"
        f" {owner}. Nothing else was changed.",
        _STAYS,
        details={"account_id": account.id, "fields": ["origin_owner_id"]},
    )
