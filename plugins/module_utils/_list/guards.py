# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must still be so right before an account is unlinked that no tenant is declared absent for.

Between the listing and the request, others may have changed the account, or the one that is kept in its place.
"""

from __future__ import annotations

from typing import Callable

from .._clients.account import Account
from .._clients.hub_form import domain_in
from .._core.failure import Failed, FailureCode
from .._core.options import PurgeScope
from .._link.approval import Approval
from .._link.plan import Plan

Guard = Callable[[Account], None]


class Guarded:
    """An approval that also asks a guard right before the account is unlinked."""

    def __init__(self, approval: Approval, guard: Guard) -> None:
        self.binding = approval.binding
        self._approval = approval
        self._guard = guard

    def check(self, account: Account | None, plan: Plan) -> None:
        """Accept what the approval accepts."""
        self._approval.check(account, plan)

    def confirm(self, account: Account) -> None:
        """Accept what both accept."""
        self._approval.confirm(account)
        self._guard(account)


def still_in_scope(scope: PurgeScope) -> Guard:
    """Return the guard that refuses an account outside the scope. Its profile is not checked once more."""

    def guard(account: Account) -> None:
        if not scope.matches(account.label, account.origin_owner_id):
            raise _left_alone(account, "it is outside purge_scope by now")

    return guard


def still_duplicate(look: Callable[[str], Account | None], kept: Account, listed: Account) -> Guard:
    """Return the guard that refuses a duplicate if it has another domain by now, or the account that is kept has changed."""

    def guard(account: Account) -> None:
        if domain_in(account.setup_information) != domain_in(listed.setup_information):
            raise _left_alone(account, f"it is not a duplicate of account {kept.id} any more: it stores another domain")
        current = look(kept.id)
        problem = _what_changed(kept, current) if current else "is unlinked"
        if problem:
            raise _left_alone(account, f"account {kept.id}, which was to be kept in its place, {problem} by now")

    return guard


def _what_changed(listed: Account, current: Account) -> str:
    """Return why an account cannot take a duplicate's place any more; empty if it can."""
    if current.status != listed.status:
        return f"is {current.status}"
    if current.origin_owner_id != listed.origin_owner_id or not current.is_of(listed.provider):
        return "belongs to another owner or provider"
    if domain_in(current.setup_information) != domain_in(listed.setup_information):
        return "stores another domain"
    return ""


def _left_alone(account: Account, why: str) -> Failed:
    return Failed(
        FailureCode.ACCOUNT_MISMATCH,
        f"account {account.id} was not unlinked, because {why}.",
        "Run again, so that the accounts are compared once more.",
        retriable=True,
        details={"account_id": account.id},
    )
