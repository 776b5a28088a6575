# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys under a name that stands for two tenants. Pure.

It is the domain of one and the owner of another, the owner of two, or an owner's id that changed hands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils._core.tenant import SUFFIX
from .keyring import Keyring, label_of, names_of
from .problems import Problem


def refuse_shared_names(declared: Iterable[Any], keyring: Keyring, option: str, variable: str) -> None:
    """Raise Problem if it is not clear whose key one of the keys is: it would be sent to another customer's Freshservice.

    A key is the domain's if the owner of that name has one under its own domain or in its entry (`option`), and the domain
    none under its owner. A tenant that is declared absent needs no key, and its key may still be there.
    """
    if not keyring.keys:
        return
    tenants = [each for each in declared if isinstance(each, Mapping)]
    of_domain: dict[str | None, list[Mapping[Any, Any]]] = {}
    for tenant in tenants:
        of_domain.setdefault(names_of(tenant)[0], []).append(tenant)
    present = [tenant for tenant in tenants if tenant.get("state") != "absent"]
    _refuse_former_ids(present, keyring, option, variable)
    _refuse_two_domains(present, keyring, option, variable)
    for tenant in present:
        domain, name = names_of(tenant)
        label = label_of(name) if name and name in keyring.keys else None
        others = of_domain.get(label, ()) if label and label != domain else ()
        if not name or not others or any(names_of(other)[1] == name for other in others):
            continue
        own = tenant.get(option) or domain in keyring.domains
        if not own or any(_has_another(other, keyring, name, of_domain) for other in others):
            raise Problem(
                f"{variable}: the key under {name} can be the one of the domain {label}, or of owner {name} with another domain."
                f" If it is the domain's, pass it in a dictionary as {label}{SUFFIX}; if it is the owner's, put it under that"
                " tenant's own domain. Nothing was done."
            )


def _refuse_former_ids(tenants: Iterable[Mapping[Any, Any]], keyring: Keyring, option: str, variable: str) -> None:
    """Raise Problem if a key under an owner's id can be the one of the tenant that had this id before."""
    former: dict[str | None, Mapping[Any, Any]] = {}
    for tenant in tenants:
        former.setdefault(names_of({"origin_owner_id": tenant.get("previous_origin_owner_id")})[1], tenant)
    for tenant in tenants:
        domain, name = names_of(tenant)
        other = former.get(name) if name else None
        if not other or other is tenant or tenant.get(option) or keyring.names(domain, name) != [name]:
            continue
        key = other.get(option) or keyring.find(other.get("domain"), other.get("origin_owner_id"))
        if key in (None, keyring.keys[name]):
            raise Problem(
                f"{variable}: the key under {name} can be the one of owner {name}, or of {names_of(other)[0]}, whose former ID"
                f" that is. Put each under its tenant's own domain ({domain}, {names_of(other)[0]}). Nothing was done."
            )


def _refuse_two_domains(tenants: Iterable[Mapping[Any, Any]], keyring: Keyring, option: str, variable: str) -> None:
    """Raise Problem if a key under an owner's id would be sent to two of that owner's Freshservice tenants."""
    first: dict[str, str | None] = {}
    for tenant in tenants:
        domain, name = names_of(tenant)
        sound = domain and tenant.get("state", "present") == "present"
        if not sound or not name or tenant.get(option) or keyring.names(domain, name) != [name]:
            continue
        other = first.setdefault(name, domain)
        if other != domain:
            raise Problem(
                f"{variable}: the key under {name} can be the one of {other}, or of {domain}, which are both of that owner. Put each"
                " key under its tenant's own domain. Nothing was done."
            )


def _has_another(tenant: Mapping[Any, Any], keyring: Keyring, name: str, of_domain: Mapping[str | None, Any]) -> bool:
    """Return whether there is another key under a tenant's owner, which is not a domain, than the one under a name."""
    owner = names_of(tenant)[1]
    if owner is None or owner not in keyring.keys or label_of(owner) in of_domain:
        return False
    return keyring.keys[owner] != keyring.keys[name]
