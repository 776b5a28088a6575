# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenants as hosts: the result of every host of a play, also of those that failed before their turn."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

RESULT = "freshservice_link_result"
BEGUN = "__freshservice_link_begun"
"""The fact by which the role notes that it works on a host, whose result is empty until that has ended.

It is `{entry_point, host, before}`. Without `host`, the result is meant for every host. Otherwise a host with the note of
another one has that one's result: with `run_once`, Ansible gives it to all hosts. `before` is what the host did for the entry
point before: `{entry_point, result}`.
"""

FAILED_BEFORE = {
    "failed": True,
    "msg": "The host failed, could not be reached or was ended before its tenant was processed; the run's output says why.",
}


def host_results(
    hosts: Sequence[str],
    active: Collection[str],
    variables: Mapping[str, Mapping[str, Any]],
    near: str | None = None,
    entry_point: str = "",
) -> dict[str, Any]:
    """Return the result of each host, and whether no host is being worked on any more.

    `active` are the hosts that have not failed. A host that is active without a result and has not started waits for its
    turn, in a later batch or, if the strategy lets hosts run ahead, at its own pace. In that case each host asks, and
    reading the variables of all takes a second for a few hundred: so the hosts around `near`, which started at the same
    time, are checked first, and no results are returned if one of them is still worked on.
    What a host has of another host, or of another entry point if one is given, is not its result of this run.
    """
    still, entries, complete = set(active), [], True
    if near is not None and any(
        host in still and _is_worked_on(_of_run(host, variables[host], entry_point, True))
        for host in _around(hosts, near)
    ):
        return {"complete": False, "results": []}
    for host in hosts:
        known = _of_run(host, variables[host], entry_point, host in still)
        if known.get(RESULT):
            entries.append({"host": host, "result": known[RESULT]})
        elif host not in still:
            entries.append({"host": host, "result": FAILED_BEFORE})
        else:
            complete = complete and not _is_worked_on(known)
            entries.append({"host": host, "result": {}, "started": False})
    return {"complete": complete, "results": entries}


def _of_run(host: str, known: Mapping[str, Any], entry_point: str, active: bool) -> Mapping[str, Any]:
    """Return what is known of a host for an entry point. Only an active host can be ahead of it, and work on the next one."""
    begun = known.get(BEGUN) or {}
    if begun.get("host", host) != host:
        return {}
    if not entry_point or begun.get("entry_point", entry_point) == entry_point:
        return known
    before = (begun.get("before") or {}) if active else {}
    return {RESULT: before["result"]} if before.get("entry_point") == entry_point else {}


def _is_worked_on(known: Mapping[str, Any]) -> bool:
    return bool(known.get(BEGUN)) and not known.get(RESULT)


def _around(hosts: Sequence[str], near: str) -> Iterator[str]:
    """Yield the hosts by their distance to one of them."""
    place = hosts.index(near) if near in hosts else 0
    yield from (hosts[index] for index in sorted(range(len(hosts)), key=lambda index: abs(index - place)))
