# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys under a name that is the domain of one tenant and the owner of another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils._core.tenant import SUFFIX
from ...module_utils._core.written import not_text, trimmed
from .keyring import Keyring, label_of
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
        of_domain.setdefault(_label(tenant), []).append(tenant)
    for tenant in tenants:
        name = _owner(tenant)
        label = label_of(name) if name in keyring.keys else None
        others = of_domain.get(label, ()) if label and label != _label(tenant) else ()
        if not others or any(_owner(other) == name for other in others):
            continue
        own = tenant.get(option) or _label(tenant) in keyring.domains
        if not own or any(_has_another(other, keyring, name, of_domain) for other in others):
            raise Problem(
                f"{variable}: the key under {name} can be the one of the domain {label}, or of owner {name} with another domain."
                f" If it is the domain's, pass it in a dictionary as {label}{SUFFIX}; if it is the owner's, put it under that"
                " tenant's own domain. Nothing was done."
            )


def _has_another(tenant: Mapping[Any, Any], keyring: Keyring, name: str, of_domain: Mapping[str | None, Any]) -> bool:
    """Return whether there is another key under a tenant's owner, which is not a domain, than the one under a name."""
    owner = _owner(tenant)
    return owner in keyring.keys and keyring.keys[owner] != keyring.keys[name] and label_of(owner) not in of_domain


def _label(tenant: Mapping[Any, Any]) -> str | None:
    domain = tenant.get("domain")
    return None if not domain or not_text(domain) else label_of(str(domain))


def _owner(tenant: Mapping[Any, Any]) -> str:
    owner = tenant.get("origin_owner_id")
    return "" if owner in (None, "") or not_text(owner) else trimmed(str(owner))
