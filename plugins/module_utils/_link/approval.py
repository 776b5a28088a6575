# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what a run has decided to do for a tenant may be done."""

from __future__ import annotations

from typing import Protocol

from .._clients.account import Account
from .plan import Plan


class Approval(Protocol):
    """Sees each plan after it was made, and before anything of it is done."""

    def check(self, account: Account | None, plan: Plan) -> None:
        """Accept a plan for the tenant's account. Raises Failed(plan_stale) if it must not be carried out."""


class AnyPlan:
    """Accepts every plan: the declaration alone decides."""

    def check(self, account: Account | None, plan: Plan) -> None:
        """Do nothing."""


ANY_PLAN = AnyPlan()
