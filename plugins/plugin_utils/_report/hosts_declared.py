# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenants as hosts: which two hosts mean the same account, by the rules for the entries of a list."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._core.failure import Failed, FailureCode, require
from ...module_utils._core.tenant import State, Tenant, normalise_domain
from ...module_utils._core.written import trimmed
from ...module_utils._list.entries import Entry, refuse_duplicates
from .._keys.keyring import unvault
from .role_words import PREFIX

NOTED = "__freshservice_link_declared"
"""The fact in which the role notes what a host declares: the role knows the play's variables as well."""

PROJECT = ("stackone_url", "stackone_api_key")
NAMES = ("domain", "origin_owner_id", "previous_origin_owner_id", "account_id", "provider", "allow_multiple", "state")


def hosts_of_one_account(hosts: Iterable[str], variables: Mapping[str, Mapping[str, Any]]) -> tuple[str, str] | None:
    """Return the first two hosts that mean the same account, or `None`.

    Hosts of different StackOne projects never do. Values that no host has declared yet, such as a variable of the play that
    a later batch will see, are treated as the same.
    """
    declared = {host: _declared(host, variables[host]) for host in hosts}
    projects = {project for project, _tenant in declared.values() if project}
    for project in projects or {""}:
        listed = [(host, tenant) for host, (own, tenant) in declared.items() if tenant and own in ("", project)]
        entries = [
            Entry(position, tenant, None, tenant.domain, tenant.origin_owner_id, tenant.account_id)
            for position, (_host, tenant) in enumerate(listed)
        ]
        try:
            refuse_duplicates(entries)
            _refuse_pinned_and_unpinned(entries)
            _refuse_moved(entries)
        except Failed as error:
            first, second = error.failure.details["positions"]
            return listed[first][0], listed[second][0]
    return None


def _refuse_pinned_and_unpinned(entries: Iterable[Entry]) -> None:
    """Raise Failed if one host of an owner names its account by id and another does not.

    A list asks StackOne whether both mean one account. Here StackOne was not asked yet, and they could undo each other.
    """
    first: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        tenant = entry.tenant
        for owner in tenant.owners if tenant else ():
            other = first.setdefault((tenant.provider.lower(), owner), entry)
            if bool(other.account_id) != bool(entry.account_id):
                raise _conflict(other, entry, "two hosts of one owner, of which one names its account by id")


def _refuse_moved(entries: Iterable[Entry]) -> None:
    """Raise Failed if a host moves an account of its domain from an owner whom another host declares for this domain.

    A list finds out by its look at the accounts. Hosts look one by one, when the account may have moved already.
    """
    seen: dict[tuple[str, str | None], list[Entry]] = {}
    for entry in entries:
        tenant = require(entry.tenant)
        others = seen.setdefault((tenant.provider.lower(), tenant.domain), [])
        for other in others:
            moved = tenant.previous_origin_owner_id or require(other.tenant).previous_origin_owner_id
            pinned = entry.account_id and other.account_id
            if moved and not pinned and not set(tenant.owners).isdisjoint(require(other.tenant).owners):
                raise _conflict(other, entry, "two hosts of one domain, of which one has the other's owner before")
        others.append(entry)


def _conflict(one: Entry, other: Entry, message: str) -> Failed:
    return Failed(FailureCode.DUPLICATE_TENANT, message, details={"positions": [one.position, other.position]})


def _declared(host: str, variables: Mapping[str, Any]) -> tuple[str, Tenant | None]:
    """Return a host's StackOne project, with the digest of its key, and its tenant; `None` if the host's own run will refuse it."""
    noted = _value(variables, NOTED)
    if isinstance(noted, Mapping):
        values = {name: _value(noted, name) for name in (*NAMES, *PROJECT)}
    else:
        if any(_value(variables, f"{PREFIX}{name}") for name in ("tenants", "tenants_file")):
            return "", None
        values = {name: _value(variables, f"{PREFIX}{name}") for name in (*NAMES, *PROJECT)}
        values["domain"] = values["domain"] or host
        if values["stackone_api_key"]:
            values["stackone_api_key"] = hashlib.sha256(str(values["stackone_api_key"]).encode()).hexdigest()
    project = "\n".join(str(values[name]) for name in PROJECT if values[name])
    return project, _tenant(values)


def _tenant(values: Mapping[str, Any]) -> Tenant | None:
    if not (values["origin_owner_id"] or values["account_id"]):
        return None
    try:
        return Tenant(
            domain=normalise_domain(str(values["domain"])) if values["domain"] else None,
            origin_owner_id=trimmed(str(values["origin_owner_id"] or "")) or None,
            previous_origin_owner_id=trimmed(str(values["previous_origin_owner_id"] or "")) or None,
            account_id=trimmed(str(values["account_id"] or "")) or None,
            provider=trimmed(str(values["provider"] or "freshservice")),
            allow_multiple=boolean(values["allow_multiple"] or False, strict=False),
            state=State(trimmed(str(values["state"] or State.PRESENT.value))),
        )
    except (Failed, ValueError):
        return None


def _value(variables: Mapping[str, Any], name: str) -> Any:
    """Return a variable's value, `None` if it is not defined or its template fails: the host's own run says why."""
    try:
        return unvault(variables[name]) if name in variables else None
    except Exception:
        return None
