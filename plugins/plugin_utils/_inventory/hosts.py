# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts as hosts: their names and variables. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._core.tenant import invalid_argument
from ...module_utils._core.text import NO_SECRETS, valid_unicode
from ...module_utils._core.written import not_text
from .marked import marked

PREFIX = "stackone_"
PROPERTIES = (
    "id",
    "provider",
    "status",
    "status_reasons",
    "origin_owner_id",
    "origin_owner_name",
    "origin_username",
    "label",
    "type",
    "shared",
    "domain",
    "created_at",
    "updated_at",
)
VARIABLES = frozenset(f"{PREFIX}{name}" for name in PROPERTIES)

_NO_NAME = re.compile(r"^\W|[^\w.@+-]")


def variables_of(account: Mapping[str, Any]) -> dict[str, Any]:
    """Return an account's host variables. Text that a customer typed is never evaluated."""
    return {f"{PREFIX}{name}": marked(valid_unicode(value)) for name, value in account.items()}


def preferences_from(hostnames: Iterable[Any], extra_variables: Mapping[str, Any]) -> list[str]:
    """Return the properties that hosts are named by. Raises Failed(invalid_argument) for one that no account has."""
    preferences = texts_from(hostnames, "hostnames")
    for preference in preferences:
        if preference.isidentifier() and preference not in {*PROPERTIES, *VARIABLES, *extra_variables}:
            raise invalid_argument(f"hostnames: an account has no {preference}.", f"It has {', '.join(PROPERTIES)}.")
    return preferences


def texts_from(values: Iterable[Any], option: str) -> list[str]:
    """Return a list's items as texts. Raises Failed(invalid_argument)."""
    if any(map(not_text, values)):
        raise invalid_argument(f"{option} must be a list of texts.")
    # A text stays the same object: Ansible recognises by it that an expression comes from the user.
    return [value if isinstance(value, str) else str(value) for value in values]


def host_name(value: Any) -> str:
    """Return the text as a host's name; empty if it cannot be one."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return _NO_NAME.sub("_", NO_SECRETS.line(str(value)))


def name_offers(name: str, account: Mapping[str, Any]) -> list[str]:
    """Return the names that an account may get, best first."""
    additions = filter(None, (host_name(account["domain"]), host_name(account["id"])))
    return [name, *(f"{name}_{addition}" for addition in additions)]


def unique_names(offers: Sequence[Sequence[str]], taken: Collection[str]) -> list[str]:
    """Return for each account the first of its offers that is not taken, and that no other account has.

    All accounts that want the same name move on to their next offers together, so their order does not matter.
    Raises Failed(invalid_argument) if the offers do not suffice.
    """
    places = [0] * len(offers)
    while True:
        names = [offer[place] for offer, place in zip(offers, places)]
        wanted = Counter(names)
        clashing = [index for index, name in enumerate(names) if wanted[name] > 1 or name in taken]
        if not clashing:
            return names
        moving = [index for index in clashing if places[index] + 1 < len(offers[index])]
        if not moving:
            raise invalid_argument(
                f"no host name is left for an account: {names[clashing[0]]} has another use.", "Choose other hostnames."
            )
        for index in moving:
            places[index] += 1
