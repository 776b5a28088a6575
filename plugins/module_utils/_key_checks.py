# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key checks of many tenants: the row of each, and their counts. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._batch import Failures, Item
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failure, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import KeyCheck, KeyStatus
from ansible_collections.tenantlink.stackone.plugins.module_utils._sure import sure


def failure_of(item: Item) -> Failure | None:
    """Why a tenant's key is not good, or could not be checked."""
    check: KeyCheck | None = item.result
    if check is None or check.status is KeyStatus.VALID:
        return item.failure
    tenant = sure(item.entry.tenant)
    return check.failed().located(Phase.KEY_CHECK, tenant.name)


def row_of(item: Item) -> dict[str, Any]:
    """What came of one tenant."""
    entry, check, failure = item.entry, item.result, failure_of(item)
    known = {
        "verdict": check.status.value if check else None,
        "agent": check.agent.name_or_id if check and check.agent else None,
        "warnings": list(check.warnings) if check else [],
        "failure": {**failure.as_dict(), "msg": failure.line} if failure else None,
    }
    shown = {name: value for name, value in known.items() if value}
    return {
        "domain": entry.tenant.domain if entry.tenant else entry.domain,
        "origin_owner_id": entry.origin_owner_id,
        **shown,
    }


def summary_of(items: Sequence[Item], requests: dict[str, int]) -> dict[str, Any]:
    """Counts of the run."""
    verdicts = Counter(item.result.status.value for item in items if item.result)
    failures = Failures([failure for failure in map(failure_of, items) if failure], len(items))
    return {
        "tenants": len(items),
        "failed": len(failures.started),
        "not_started": failures.not_started,
        "verdicts": dict(verdicts.most_common()),
        "requests": requests,
    }
