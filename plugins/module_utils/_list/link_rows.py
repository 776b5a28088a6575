# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The row of a tenant that was linked or unlinked. Pure."""

from __future__ import annotations

from typing import Any

from .._core.tenant import NOT_DECLARED
from .._link.actions import Action
from .._link.outcome import Outcome

NONE = "none"


def link_parts(outcome: Outcome | None) -> dict[str, Any]:
    """Return what was done, and what is known of the account.

    Values that are not known are left out, because there may be ten thousand rows.
    """
    parts = {"action": action_of(outcome), "changed": bool(outcome and outcome.changed)}
    return {**parts, **_known(outcome)} if outcome else parts


def action_of(outcome: Outcome | None) -> str:
    """Return the most important action: to re-link an account may also mean to update it."""
    actions = outcome.applied.actions if outcome else []
    return min(actions, key=list(Action).index).value if actions else NONE


def moved_from(outcome: Outcome) -> str | None:
    """Return the domain that the account was linked to before, if that was another one."""
    before: str | None = _changes_of(outcome).get("domain", {}).get("before")
    return before


def _known(outcome: Outcome) -> dict[str, Any]:
    account, observed = outcome.account, outcome.observed
    known = {
        "origin_owner_name": outcome.tenant.origin_owner_name or (account.origin_owner_name if account else None),
        "key": NOT_DECLARED if outcome.tenant.keyless else None,
        "account_status": account.status if account else None,
        "agent": outcome.agent.name_or_id if outcome.agent else None,
        "verdict": outcome.key_status.value if outcome.key_status else None,
        "agent_change": observed.agent_change.value if observed.agent_change else None,
        "profile_drift": observed.profile_drift.as_dict() if observed.profile_drift else None,
        "replaced": outcome.replaced_by_now,
        "verified": outcome.verified,
        "changes": _changes_of(outcome),
        "moved_from": moved_from(outcome),
        "reasons": _reasons_of(outcome),
        "warnings": outcome.warnings,
    }
    return {name: value for name, value in known.items() if value not in (None, [], {})}


def _changes_of(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return outcome.done.differences if outcome.done else {}


def _reasons_of(outcome: Outcome) -> list[str]:
    return list(outcome.done.reasons) if outcome.done else []
