# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys under a name that is the domain of one tenant and the owner of another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils._core.tenant import SUFFIX
from .keyring import Keyring, label_of, names_of
from .problems import Problem


def refuse_shared_names(declared: Iterable[Any], keyring: Keyring, option: str, variable: str) -> None:
    """Raise Problem if it is not clear whose key one of the keys is: it would be sent to another customer's Freshservice.

    A key is the domain's if the owner of that name has one under its own domain or in its entry (`option`), and the domain
    none under its owner.
    """
    if not keyring.keys:
        return
    tenants = [each for each in declared if isinstance(each, Mapping) and each.get("state") != "absent"]
    of_domain: dict[str | None, list[Mapping[Any, Any]]] = {}
    for tenant in tenants:
        of_domain.setdefault(names_of(tenant)[0], []).append(tenant)
    for tenant in tenants:
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


def _has_another(tenant: Mapping[Any, Any], keyring: Keyring, name: str, of_domain: Mapping[str | None, Any]) -> bool:
    """Return whether there is another key under a tenant's owner, which is not a domain, than the one under a name."""
    owner = names_of(tenant)[1]
    if owner is None or owner not in keyring.keys or label_of(owner) in of_domain:
        return False
    return keyring.keys[owner] != keyring.keys[name]
