# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tenants of a list a run is restricted to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._core.written import not_text, trimmed
from .keyring import label_of, names_of
from .problems import Problem
from .showable import listed as shown
from .showable import meant, showable


def names_from(only: Any) -> list[str]:
    """Return the names of tenants: a list, or a text with commas between them. Raises Problem."""
    given = only.split(",") if isinstance(only, str) else only
    if isinstance(given, Mapping) or not isinstance(given, Iterable) or any(map(not_text, given)):
        raise Problem("it must be a list of domains or origin_owner_ids.")
    names = [name for name in (trimmed(str(name)) for name in given) if name]
    if not names:
        raise Problem("it names no tenant. Name domains or origin_owner_ids, or leave it out for all tenants.")
    return names


def only_named(listed: Sequence[Any], names: Sequence[str], default_domain: Any, among: str) -> list[dict[str, Any]]:
    """Return the tenants that have one of the names as domain or owner, with their positions.

    A name that is a domain means that tenant, although another one's owner may be called the same. Raises Problem, which
    says `among` which tenants the others were not found.
    """
    unknown, kept = set(names), []
    labels = {name: label_of(name) or name for name in names}
    named = [names_of(own, default_domain) if isinstance(own, Mapping) else (None, None) for own in listed]
    owners = dict(named)
    as_domains = {name for name, label in labels.items() if label in owners and owners[label] != name}
    for position, (own, (label, owner)) in enumerate(zip(listed, named), 1):
        mine = {name for name in names if labels[name] == label or (name == owner and name not in as_domains)}
        unknown -= mine
        if mine:
            kept.append({"position": position, **own})
    if unknown:
        known = {name for both in named for name in both if name}
        asked = [_question(name, place, known) for place, name in enumerate(names, 1) if name in unknown]
        raise Problem(f"no tenant {among} has the domain or owner {shown(asked)}. Nothing was done.")
    return kept


def _question(name: str, position: int, known: Iterable[str]) -> str:
    shown_name, question = showable(name, None, position), meant(name, set(known))
    return f"{shown_name} ({question})" if question and shown_name == name else shown_name
