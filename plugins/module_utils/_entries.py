# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of declared tenants: each sound or not by itself, and no two for the same link. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._arguments import tenant_from
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, Failure, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._sure import sure
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import State, Tenant, invalid_argument


@dataclass(frozen=True)
class Entry:
    """One tenant of the list, or why it is none. C(position) counts from 1. Owner and account as declared."""

    position: int
    tenant: Tenant | None
    failure: Failure | None
    domain: str | None
    origin_owner_id: str | None
    account_id: str | None

    @property
    def name(self) -> str:
        """What a message calls it."""
        return f"entry {self.position} ({self.tenant.name if self.tenant else self.domain or self.origin_owner_id or 'no domain'})"


TO_LINK = ("domain", "api_key", "origin_owner_id")
TO_CHECK = ("domain", "api_key")
TO_INVITE = ("origin_owner_id",)


def entries_from(listed: Sequence[Mapping[str, Any]], needed: Sequence[str] = TO_LINK) -> list[Entry]:
    """The declared tenants; what is wrong with one is its own failure, and does not stop the others.

    C(needed) are the options that a present tenant must have for what is to be done.
    """
    return [_entry(position, params, needed) for position, params in enumerate(listed, 1)]


def present(entries: Iterable[Entry]) -> list[Entry]:
    """Without those that are declared absent."""
    return [entry for entry in entries if entry.tenant is None or entry.tenant.state is State.PRESENT]


def refuse_duplicates(entries: Iterable[Entry]) -> None:
    """Raise Failed(duplicate_tenant) where two entries mean the same link: each run would undo one of them."""
    owners: dict[tuple[str, str], list[Entry]] = {}
    pinned: dict[str, Entry] = {}
    for entry in entries:
        tenant = entry.tenant
        if tenant is None:
            continue
        if tenant.account_id:
            _refuse_if(pinned.get(tenant.account_id), entry, f"name account {tenant.account_id}")
            pinned[tenant.account_id] = entry
        elif tenant.origin_owner_id:
            siblings = owners.setdefault((tenant.provider.lower(), tenant.origin_owner_id), [])
            for other in siblings:
                _refuse_siblings(other, entry)
            siblings.append(entry)


def refuse_same_account(found: Iterable[tuple[Entry, str | None]]) -> None:
    """Raise Failed(duplicate_tenant) where two entries turn out to mean one account, given by its id."""
    first: dict[str, Entry] = {}
    for entry, account_id in found:
        if account_id:
            _refuse_if(first.get(account_id), entry, f"both mean account {account_id}")
            first[account_id] = entry


def shared_domains(entries: Iterable[Entry]) -> list[str]:
    """Warnings where one Freshservice is linked to two owners: as a rule one of them is a slip."""
    first: dict[str, Entry] = {}
    warnings = []
    for entry in entries:
        tenant = entry.tenant
        if tenant is None or tenant.state is State.ABSENT or not tenant.domain:
            continue
        other = first.setdefault(tenant.domain, entry)
        if other.origin_owner_id != entry.origin_owner_id:
            warnings.append(
                f"Entries {other.position} and {entry.position} link the same domain {tenant.domain} to two owners"
                f" ({other.origin_owner_id} and {entry.origin_owner_id})."
            )
    return warnings


def _entry(position: int, params: Mapping[str, Any], needed: Sequence[str]) -> Entry:
    tenant, failure = None, None
    try:
        tenant = tenant_from(params)
        _require(tenant, needed if tenant.state is State.PRESENT else ())
    except Failed as error:
        name = f"entry {position}"
        known = params.get("domain") or params.get("origin_owner_id") or params.get("account_id")
        failure = error.located(Phase.ARGUMENTS, f"{name} ({known[:80]})" if known else name)
        tenant = None
    domain = tenant.domain if tenant else params.get("domain")
    return Entry(position, tenant, failure, domain, params.get("origin_owner_id"), params.get("account_id"))


def _require(tenant: Tenant, needed: Sequence[str]) -> None:
    """What the module for one tenant lets Ansible check: here one slip must not stop the others."""
    missing = [name for name in needed if getattr(tenant, name) is None]
    if missing:
        raise invalid_argument(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing.")
    if tenant.state is State.ABSENT and not (tenant.origin_owner_id or tenant.account_id):
        raise invalid_argument("origin_owner_id or account_id is needed.")
    if (tenant.admin_api_key is None) != (tenant.agent_email is None):
        raise invalid_argument("admin_api_key and agent_email are needed together.")


def _refuse_siblings(first: Entry, second: Entry) -> None:
    """Two entries of one owner are two links only where each stands for a domain of its own."""
    one, other = sure(first.tenant), sure(second.tenant)
    owner = f"are of owner {other.origin_owner_id}"
    if one.domain == other.domain or None in (one.domain, other.domain):
        _refuse_if(first, second, owner)
    if State.ABSENT in (one.state, other.state):
        return
    if not (one.allow_multiple and other.allow_multiple):
        _refuse_if(first, second, f"{owner} with two domains", "or set allow_multiple on both if it has two")


def _refuse_if(first: Entry | None, second: Entry, why: str, otherwise: str = "") -> None:
    if first is None:
        return
    raise Failed(
        FailureCode.DUPLICATE_TENANT,
        f"{first.name} and {second.name} {why}: they mean the same link.",
        f"Remove one of them{', ' + otherwise if otherwise else ''}. Nothing was changed.",
        phase=Phase.ARGUMENTS,
        tenant="tenants",
        details={"positions": [first.position, second.position]},
    )
