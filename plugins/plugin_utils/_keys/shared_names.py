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


def refuse_shared_names(declared: Iterable[Any], keyring: Keyring, option: str) -> None:
    """Raise Problem if it is not clear whose key one of the keys is: it would be sent to another customer's Freshservice.

    A key is the domain's if the owner of that name has a key under its own domain, and the domain none under its owner.
    """
    if not keyring.keys:
        return
    tenants = [each for each in declared if isinstance(each, Mapping) and each.get("state") != "absent"]
    by_domain = {label: each for each in tenants if (label := _label(each))}
    for tenant in tenants:
        name = _owner(tenant)
        if name not in keyring.keys:
            continue
        label = label_of(name)
        other = by_domain.get(label) if label and label != _label(tenant) else None
        if other is None or _owner(other) == name:
            continue
        owner = _owner(other)
        has_two = owner in keyring.keys and keyring.keys[owner] != keyring.keys[name]
        if has_two or not (tenant.get("api_key") or _label(tenant) in keyring.domains):
            raise Problem(
                f"{option}: the key under {name} can be the one of the domain {label}, or of owner {name} with another domain."
                f" If it is the domain's, pass it in a dictionary as {label}{SUFFIX}; if it is the owner's, put it under that"
                " tenant's own domain. Nothing was done."
            )


def _label(tenant: Mapping[Any, Any]) -> str | None:
    domain = tenant.get("domain")
    return None if not domain or not_text(domain) else label_of(str(domain))


def _owner(tenant: Mapping[Any, Any]) -> str:
    owner = tenant.get("origin_owner_id")
    return "" if owner in (None, "") or not_text(owner) else trimmed(str(owner))
