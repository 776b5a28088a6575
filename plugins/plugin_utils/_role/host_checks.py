# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a list on each of several hosts, each of which yields what is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ansible.errors import AnsibleError
from jinja2 import UndefinedError

from ...module_utils._core.written import unset
from .._report.role_words import PREFIX
from .given import Given, is_false
from .other_declarations import LISTS, OF_A_TENANT, declarations, is_empty

_IF_OTHER_PROJECTS = (
    f"If the hosts are for different projects, give each host its {PREFIX}stackone_project_id in the inventory."
)


def files_of_other_hosts(given: Given) -> Iterator[str]:
    """Refuse files that another host of the playbook has used as well, for the same or for something else.

    One would overwrite the other's. Each host that runs the role notes its files before it compares them, so of two hosts
    at least one is refused, whatever the strategy.
    """
    uses = given.run.uses or {}
    for path, mine in uses.items():
        note = next((note for note in given.run.others if path in note["files"]), None)
        if note:
            theirs = note["files"][path]
            also = "" if theirs == mine else f", as {PREFIX}{theirs}"
            yield (
                f"{PREFIX}{mine} is {path} for the host {note['host']} as well{also}. Name one file for each host, with"
                " inventory_hostname in its name."
            )


def lists_among_tenants(given: Given) -> Iterator[str]:
    """Refuse a list on a host of a play in which other hosts are tenants: nothing compares them, and one report is made of both.

    The host with the list is refused, because it is one, and reads the variables of the others once.
    """
    raw = getattr(given.variables, "raw_get", given.variables.get)
    for host in _others(given) if given.run.steps in ("link_list", "verify_list") else ():
        variables = raw(host)
        set_for_it = {name for name in (*LISTS, *OF_A_TENANT) if not is_empty(variables.get(name))}
        if set_for_it and set_for_it.isdisjoint(LISTS):
            yield (
                f"The host {host} of this play is a tenant itself, and {given.run.host} has a list of tenants. What they declare is not"
                " compared, so run them in two plays, for example with --limit."
            )
            return


def purges_of_other_hosts(given: Given) -> Iterator[str]:
    """Refuse to purge a project that other hosts may use as well: each host would unlink the accounts of the others.

    What another host declares can be in variables of the play or the role, or in facts that are set later, which nobody sees
    from here. So a host of the play counts unless it is certain that it is for another project. Hosts of the inventory that
    `--limit` or the play leaves out count if they have a list of their own or stand for a tenant, unless a scope says which
    accounts are this host's.
    """
    if not _purges(given):
        return
    project = _project_seen(given)
    playing = [host for host in _others(given) if not _of_another_project(given, host, project)]
    if playing:
        yield (
            f"{PREFIX}purge: the host {playing[0]} is in this play as well, so accounts that belong to it could be unlinked. Put all"
            f" tenants of a StackOne project into one list, and run it for one host. {_IF_OTHER_PROJECTS}"
        )
    elif not given.value("purge_scope"):
        others = (each for each in declarations(given) if not _of_another_project(given, each.host, project))
        for other in islice(others, 1):
            yield (
                f"{PREFIX}purge: the host {other.host} of the inventory {other.what} could be unlinked. Put all tenants of a StackOne"
                f" project into one list, or set {PREFIX}purge_scope. {_IF_OTHER_PROJECTS}"
            )


def _purges(given: Given) -> bool:
    """Say whether a run purges, or carries out a plan that does."""
    run = given.run
    if run.steps not in ("link_list", "plan_list", "report_list") or run.rotating or given.value("only"):
        return False
    asked = given.values.get(f"{PREFIX}purge")
    # Whatever a plan unlinks, `false` leaves it out.
    return not is_false(asked) if not unset(asked) else run.steps == "link_list" and _purges_planned(given)


def _purges_planned(given: Given) -> bool:
    """Say whether a saved plan unlinks accounts that are not in the list. The module refuses what is not a plan."""
    path = given.path("plan")
    if not os.path.isfile(path):
        return False
    try:
        with open(path, encoding="utf-8") as file:
            return bool(json.load(file).get("purged"))
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


def _others(given: Given) -> list[str]:
    return [host for host in given.hosts if host != given.run.host]


def _project_seen(given: Given) -> Any:
    """Return the id of this host's project if it is in the inventory, where those of the other hosts are."""
    project = given.value("stackone_project_id")
    return project if project == _of_host(given.variables.get(given.run.host, {}), "stackone_project_id") else None


def _of_another_project(given: Given, host: str, project: Any) -> bool:
    """Say whether a host is for another project. Keys do not tell: a project can have several."""
    mine, theirs = _id_in(project), _id_in(_of_host(given.variables[host], "stackone_project_id"))
    return bool(mine and theirs) and mine != theirs


def _id_in(value: Any) -> str:
    """Return the id of a project, or empty text for what the run of that host would refuse, such as `omit`."""
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return "" if text.startswith("__omit_place_holder__") else text


def _of_host(variables: Mapping[str, Any], name: str) -> Any:
    """Return a variable of a host; nothing if it is not set, or refers to one that is not, for which that host is refused."""
    try:
        return _evaluated(variables.get(f"{PREFIX}{name}"))
    except (AnsibleError, UndefinedError):
        return None


def _evaluated(value: Any) -> Any:
    """Return a copy, because Ansible evaluates what is in a container only when it is read. Raises UndefinedError."""
    if isinstance(value, Mapping):
        return {name: _evaluated(each) for name, each in value.items()}
    return [_evaluated(each) for each in value] if isinstance(value, (list, tuple)) else value
