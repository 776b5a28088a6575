# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenants as hosts: which two hosts mean the same account, by the rules for the entries of a list."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._core.failure import Failed, FailureCode
from ...module_utils._core.tenant import State, Tenant
from ...module_utils._core.urls import comparable_url
from ...module_utils._core.written import trimmed
from ...module_utils._list.entries import Entry, entries_from, refuse_duplicates
from .._keys.keyring import unvault
from .role_words import PREFIX

NOTED = "__freshservice_link_declared"
"""The fact in which the role notes what a host declares: the role knows the play's variables as well.

With `run_once`, Ansible gives the other hosts the note of the one on which the role runs.
"""

_UNSEEN_IN_KEYS = re.compile("[^!-~]+")
"""What the module removes around a key, and what no key contains: the role's template for the fact does the same."""

PROJECT = ("stackone_url", "stackone_api_key", "stackone_project_id")
NAMES = ("domain", "origin_owner_id", "previous_origin_owner_id", "account_id", "provider", "allow_multiple", "state")


@dataclass(frozen=True)
class _Host:
    """What a host declares. `url`, `key` (a digest) and `id` of its StackOne project are empty if no variable sets them."""

    name: str
    entry: Entry
    url: str
    key: str
    id: str

    def may_be_of(self, project: _Project) -> bool:
        """Return whether it may mean the project: what it does not set can come from the environment, or a later batch."""
        same_id = not self.id or self.id == project.id or not project.id
        return self.url in ("", project.url) and same_id and (not self.key or self.key in project.keys)


@dataclass(frozen=True)
class _Project:
    """Hold what identifies a StackOne project: with an id, all of its keys that are known, else one key."""

    url: str
    id: str
    keys: Collection[str]


def hosts_of_one_account(hosts: Iterable[str], variables: Mapping[str, Mapping[str, Any]]) -> tuple[str, str] | None:
    """Return the first two hosts that mean the same account, or `None`.

    Hosts of different StackOne projects never do. What a host does not set counts as the same as any other's.
    """
    declared = list(_declared(hosts, variables))
    for project in _projects(declared):
        entries = [host.entry for host in declared if host.may_be_of(project)]
        try:
            refuse_duplicates(entries)
            _refuse_pinned_and_unpinned(entries)
            _refuse_moved(entries)
        except Failed as error:
            first, second = (declared[position - 1] for position in error.failure.details["positions"])
            return first.name, second.name
    return None


def _projects(declared: Sequence[_Host]) -> Iterator[_Project]:
    """Yield each project that is known. One can have several keys, which only its id tells."""
    keys: dict[tuple[str, str], set[str]] = {}
    for host in declared:
        keys.setdefault((host.id, "" if host.id else host.key), set()).add(host.key)
    for url in {host.url for host in declared} - {""} or {""}:
        yield from (_Project(url, project_id, known) for (project_id, _key), known in keys.items())


def _refuse_pinned_and_unpinned(entries: Iterable[Entry]) -> None:
    """Raise Failed if one host of an owner names its account by id and another does not.

    A list asks StackOne whether both mean one account. Here StackOne was not asked yet, and they could undo each other.
    """
    first: dict[tuple[str, str], Entry] = {}
    for entry, tenant in _tenants(entries):
        for owner in tenant.owners:
            other = first.setdefault((tenant.provider.lower(), owner), entry)
            if bool(other.account_id) != bool(entry.account_id):
                raise _conflict(other, entry, "two hosts of one owner, of which one names its account by id")


def _refuse_moved(entries: Iterable[Entry]) -> None:
    """Raise Failed if a host moves or unlinks an account that another host could take for its own, or move as well.

    A list finds out by its look at all accounts. Hosts look one by one, and the account has moved by then, or not yet.
    """
    of_domain: dict[tuple[str, str, str | None], list[tuple[Entry, Tenant]]] = {}
    of_owner: dict[tuple[str, str | None], list[tuple[Entry, Tenant]]] = {}
    takers = []
    for entry, tenant in _tenants(entries):
        provider = tenant.provider.lower()
        if tenant.state is State.PRESENT and not tenant.allow_multiple:
            # The owner's only account is its own, whatever its domain.
            of_owner.setdefault((provider, tenant.origin_owner_id), []).append((entry, tenant))
        for owner in tenant.owners:
            of_domain.setdefault((provider, owner, tenant.domain), []).append((entry, tenant))
        for owner in _left(tenant):
            takers.append((entry, tenant, (provider, owner)))
    for entry, tenant, former in takers:
        for other, each in (*of_domain.get((*former, tenant.domain), ()), *of_owner.get(former, ())):
            if other is not entry and not (each.account_id and tenant.account_id):
                raise _conflict(other, entry, "two hosts, of which one takes an account from the other's owner")


def _left(tenant: Tenant) -> list[str]:
    """Return the owners whose account leaves them for this tenant: it moves, or is unlinked."""
    gone = tenant.origin_owner_id if tenant.state is State.ABSENT else None
    return [owner for owner in (tenant.previous_origin_owner_id, gone) if owner]


def _conflict(one: Entry, other: Entry, message: str) -> Failed:
    positions = sorted((one.position, other.position))
    return Failed(FailureCode.DUPLICATE_TENANT, message, details={"positions": positions})


def _tenants(entries: Iterable[Entry]) -> Iterator[tuple[Entry, Tenant]]:
    return ((entry, entry.tenant) for entry in entries if entry.tenant)


def _declared(hosts: Iterable[str], variables: Mapping[str, Mapping[str, Any]]) -> Iterator[_Host]:
    """Yield what each host declares. The entry of a host that its own run will refuse has no tenant."""
    for position, name in enumerate(hosts, 1):
        values = _values(name, variables[name])
        entry = entries_from([{**{each: values[each] for each in NAMES}, "position": position}], needed=())[0]
        url, key, project_id = (trimmed(str(values[each] or "")) for each in PROJECT)
        yield _Host(name, entry, comparable_url(url) if url else "", key, project_id)


def _values(host: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a host's options, with a digest in place of the StackOne key."""
    noted = _value(variables, NOTED)
    if isinstance(noted, Mapping) and _value(noted, "host") in (None, host):
        return {name: _value(noted, name) for name in (*NAMES, *PROJECT)}
    if any(_value(variables, f"{PREFIX}{name}") for name in ("tenants", "tenants_file")):
        return dict.fromkeys((*NAMES, *PROJECT))
    values = {name: _value(variables, f"{PREFIX}{name}") for name in (*NAMES, *PROJECT)}
    key = _UNSEEN_IN_KEYS.sub("", str(values["stackone_api_key"] or ""))
    return {
        **values,
        "domain": values["domain"] or host,
        "stackone_api_key": key and hashlib.sha256(key.encode()).hexdigest(),
    }


def _value(variables: Mapping[str, Any], name: str) -> Any:
    """Return a variable's value, `None` if it is not defined or its template fails: the host's own run says why."""
    try:
        return unvault(variables[name]) if name in variables else None
    except Exception:
        return None
