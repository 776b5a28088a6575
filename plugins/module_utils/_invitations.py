# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Auth links of many owners: the row of each, and their counts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._auth import Invitation
from ansible_collections.tenantlink.stackone.plugins.module_utils._batch import Failures, Item


def row_of(item: Item) -> dict[str, Any]:
    """What came of one owner."""
    entry, invitation, failure = item.entry, item.result, item.failure
    row: dict[str, Any] = {
        "origin_owner_id": entry.origin_owner_id,
        "origin_owner_name": entry.tenant.origin_owner_name if entry.tenant else None,
        "domain": entry.tenant.domain if entry.tenant else entry.domain,
    }
    if invitation:
        row.update(_shown(invitation))
    if failure:
        row["failure"] = {**failure.as_dict(), "msg": failure.line}
    return row


def summary_of(items: Sequence[Item], requests: dict[str, int]) -> dict[str, Any]:
    """Return the counts of the run."""
    failures = Failures([item.failure for item in items if item.failure], len(items))
    return {
        "tenants": len(items),
        "linked": sum(item.result.linked for item in items if item.result),
        "auth_links": sum(item.result.purpose is not None for item in items if item.result),
        "failed": len(failures.started),
        "not_started": failures.not_started,
        "requests": requests,
    }


def _shown(invitation: Invitation) -> dict[str, Any]:
    shown = invitation.as_dict()
    account = shown.pop("account") or {}
    return {**shown, "account_id": account.get("id"), "account_status": account.get("status")}
