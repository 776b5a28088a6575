# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what a run has decided to do for a tenant may be done, when it is decided and right before it is done."""

from __future__ import annotations

from typing import Protocol

from .._clients.account import Account
from .plan import Plan


class Approval(Protocol):
    """Sees each plan after it was made, and before anything of it is done."""

    binding: bool
    """Whether an account must be seen once more before it is changed, not only before it is unlinked."""

    def check(self, account: Account | None, plan: Plan) -> None:
        """Accept a plan for the tenant's account. Raises Failed(plan_stale) if it must not be carried out."""

    def confirm(self, account: Account) -> None:
        """Accept an account as it is right before it is changed or unlinked. Raises Failed if it must be left alone."""


class AnyPlan:
    """Accepts every plan: the declaration alone decides."""

    binding = False

    def check(self, account: Account | None, plan: Plan) -> None:
        """Do nothing."""

    def confirm(self, account: Account) -> None:
        """Do nothing."""


ANY_PLAN = AnyPlan()
