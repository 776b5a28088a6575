# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenants as hosts: what came of every host of a play, also of those that failed before their turn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

RESULT = "freshservice_link_result"
BEGUN = "__freshservice_link_begun"
"""The fact with which the role notes that it works on a host. The result is empty until it has ended."""

FAILED_BEFORE = {
    "failed": True,
    "msg": "The host failed or could not be reached before its tenant was looked at; the run's output says why.",
}


def host_results(
    hosts: Iterable[str], active: Collection[str], variables: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what came of each host, and whether no host is being worked on any more.

    `active` are the hosts that have not failed. A host that is active without a result and has not begun waits for
    its turn, in a later batch or, where the strategy lets hosts run ahead, at its own pace.
    """
    still, entries, complete = set(active), [], True
    for host in hosts:
        result, begun = variables[host].get(RESULT), variables[host].get(BEGUN)
        if result:
            entries.append({"host": host, "result": result})
        elif host not in still:
            entries.append({"host": host, "result": FAILED_BEFORE})
        else:
            complete = complete and not begun
            entries.append({"host": host, "result": {}, "started": False})
    return {"complete": complete, "results": entries}
