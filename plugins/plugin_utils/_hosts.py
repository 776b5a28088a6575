# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What accounts are called as hosts. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import invalid_argument
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import NO_SECRETS

_NO_NAME = re.compile(r"^\W|[^\w.@+-]")


def host_name(value: Any) -> str:
    """The text as a host's name; empty where there is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return _NO_NAME.sub("_", NO_SECRETS.line(str(value)))


def name_offers(name: str, account: Mapping[str, Any]) -> list[str]:
    """The names that an account may get, best first."""
    additions = filter(None, (host_name(account["domain"]), host_name(account["id"])))
    return [name, *(f"{name}_{addition}" for addition in additions)]


def unique_names(offers: Sequence[Sequence[str]], taken: Collection[str]) -> list[str]:
    """For each account the first of its offers that is not taken, and that no other account has.

    All who want the same name go on to their next offers together, so the order of the accounts does not matter.
    Raises Failed(invalid_argument) where the offers do not suffice.
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
