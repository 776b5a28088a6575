# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a list on each of several hosts, each of which yields what is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import UndefinedError

from ...module_utils._module.argspec import links_spec
from ...module_utils._module.reading import read
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
    """Refuse to purge a project of which another host has a list: each would unlink the accounts of the other.

    Two purges may be meant if their scopes have nothing in common.
    """
    run = given.run
    whole = not run.rotating and not given.value("only")
    if run.steps not in ("link_list", "plan_list") or not whole or not is_true(given.value("purge")):
        return
    mine = given.variables.get(run.host, {})
    for host in _others(given):
        theirs = given.variables[host]
        if _has_list(theirs) and _same_project(mine, theirs) and not _apart(_scope_of(mine), _scope_of(theirs)):
            yield (
                f"{PREFIX}purge: the host {host} has a list of the same StackOne project, whose accounts this host would unlink. Put the"
                f" tenants into one list, or give both hosts a {PREFIX}purge_scope with labels, owners or profiles of their own."
            )
            return


def _others(given: Given) -> list[str]:
    return [host for host in given.hosts if host != given.run.host]


def _has_list(variables: Mapping[str, Any]) -> bool:
    """Say whether a host has a list of tenants, without evaluating the list."""
    try:
        sources = [variables.get(f"{PREFIX}{name}") for name in ("tenants", "tenants_file")]
    except UndefinedError:
        return True
    return any(bool(source.strip()) if isinstance(source, str) else source is not None for source in sources)


def _same_project(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    declared = [_of_host(each, "stackone_project_id") for each in (mine, theirs)]
    return _key_of(mine) == _key_of(theirs) or (all(declared) and declared[0] == declared[1])


def _key_of(variables: Mapping[str, Any]) -> str:
    """Return the key of a host, which is for one project, whatever the URL looks like."""
    return str(_of_host(variables, "stackone_api_key") or os.environ.get("STACKONE_API_KEY") or "").strip()


def _scope_of(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    values, _faults = read({"purge_scope": _of_host(variables, "purge_scope")}, links_spec())
    scope: Mapping[str, Any] = values.get("purge_scope", {})
    return scope


def _apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two scopes have no account in common, because a condition of both has no value in common."""
    return any(not {*one[name]} & {*other[name]} for name in one if one[name] and other.get(name))


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
