# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a list on each of several hosts, each of which yields what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jinja2 import UndefinedError

from .._report.role_words import PREFIX
from .given import Given, flat, full, is_true

HOSTS_TOGETHER = ("link_host", "verify_host")
"""The steps of tenants as hosts, which write one report together."""

OF_ONE_HOST = ("report", "auth_links_file", "export", "plan")
"""The variables with files that each host of a list writes or carries out itself."""


def files_of_other_hosts(given: Given) -> Iterator[str]:
    """Refuse files that other hosts have as well: each would overwrite what the others have written."""
    if given.run.steps in HOSTS_TOGETHER:
        return
    for name in OF_ONE_HOST:
        mine = [full(path) for path in flat(given.value(name))]
        for host in _others(given) if mine else ():
            theirs = {full(path) for path in flat(_of_host(given.variables[host], name))}
            for path in sorted(theirs.intersection(mine)):
                yield (
                    f"{PREFIX}{name} is {path} for the host {host} as well. Name one file for each host, with inventory_hostname in its"
                    " name."
                )


def purges_of_other_hosts(given: Given) -> Iterator[str]:
    """Refuse to purge a project that other hosts may use as well: each host would unlink the accounts of the others.

    What another host declares can be in variables of the play or the role, or in facts that are set later, which nobody sees
    from here. So a host of the play counts unless it is certain that it is for another project. Hosts of the inventory that
    `--limit` or the play leaves out count if they have a list, unless a scope says which accounts are this host's.
    """
    run = given.run
    whole = not run.rotating and not given.value("only")
    if run.steps not in ("link_list", "plan_list") or not whole or not is_true(given.value("purge")):
        return
    project = _project_seen(given)
    playing = [host for host in _others(given) if not _of_another_project(given, host, project)]
    if playing:
        yield (
            f"{PREFIX}purge: the host {playing[0]} is in this play as well, so accounts that belong to it could be unlinked. Put all"
            f" tenants of a StackOne project into one list, and run it for one host. {_IF_OTHER_PROJECTS}"
        )
    elif not given.value("purge_scope"):
        idle = [host for host in given.variables if host not in given.hosts and host != run.host]
        listing = (
            host for host in idle if _has_list(given.variables[host]) and not _of_another_project(given, host, project)
        )
        for host in islice(listing, 1):
            yield (
                f"{PREFIX}purge: the host {host} of the inventory has a list, too, whose accounts could be unlinked. Put all tenants of a"
                f" StackOne project into one list, or set {PREFIX}purge_scope. {_IF_OTHER_PROJECTS}"
            )


_IF_OTHER_PROJECTS = (
    f"If the hosts are for different projects, give each host its {PREFIX}stackone_project_id in the inventory."
)


def _others(given: Given) -> list[str]:
    return [host for host in given.hosts if host != given.run.host]


def _has_list(variables: Mapping[str, Any]) -> bool:
    """Say whether a host has a list of tenants, without evaluating the list."""
    try:
        sources = [variables.get(f"{PREFIX}{name}") for name in ("tenants", "tenants_file")]
    except UndefinedError:
        return True
    return any(bool(source.strip()) if isinstance(source, str) else source is not None for source in sources)


def _project_seen(given: Given) -> Any:
    """Return the id of this host's project if it is in the inventory, where those of the other hosts are."""
    project = given.value("stackone_project_id")
    return project if project == _of_host(given.variables.get(given.run.host, {}), "stackone_project_id") else None


def _of_another_project(given: Given, host: str, project: Any) -> bool:
    """Say whether a host is for another project. Keys do not tell: a project can have several."""
    theirs = _of_host(given.variables[host], "stackone_project_id")
    return bool(project and theirs) and str(project).strip() != str(theirs).strip()


def _of_host(variables: Mapping[str, Any], name: str) -> Any:
    """Return a variable of a host; nothing if it is not set, or refers to one that is not, for which that host is refused."""
    try:
        return _evaluated(variables.get(f"{PREFIX}{name}"))
    except UndefinedError:
        return None


def _evaluated(value: Any) -> Any:
    """Return a copy, because Ansible evaluates what is in a container only when it is read. Raises UndefinedError."""
    if isinstance(value, Mapping):
        return {name: _evaluated(each) for name, each in value.items()}
    return [_evaluated(each) for each in value] if isinstance(value, (list, tuple)) else value
