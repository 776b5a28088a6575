# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in a dictionary of keys, as messages show them. Pure.

If somebody has swapped names and keys, a name is a key: such a name is never shown.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from typing import Any

from ...module_utils._core.text import one_line

MOST_NAMED = 10
CLOSE = 0.75
LONG = 16
"""Keys are 20 characters and longer."""

_DOTTED = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


def showable(name: str, key: Any, position: int, tenants: Collection[str] = ()) -> str:
    """Return a name of the dictionary, or its position if the name could be a key.

    A key is a long run of letters and digits; a domain or a customer's id of that shape is not shown either.
    """
    if isinstance(key, str) and key.strip().lower() in {tenant.lower() for tenant in tenants}:
        return f"entry {position} (are its name and key swapped?)"
    return f"entry {position}" if looks_secret(name) else one_line(name)


def looks_secret(name: str) -> bool:
    """Return whether a name could be a key: long, in one piece, of several kinds of characters, and not a domain."""
    if _DOTTED.fullmatch(name):
        return False
    pieces = re.split(r"[-_.: ]", name)
    longest = max(pieces, key=len)
    kinds = [any(map(kind, longest)) for kind in (str.isdigit, str.islower, str.isupper)]
    return len(longest) >= LONG and sum(kinds) > 1


def meant(name: str, tenants: Collection[str]) -> str:
    """Return a question that names the tenant that was probably meant; empty if none is close."""
    close = closest(name.lower(), tenants)
    return f"did you mean {close}?" if close else ""


def closest(name: str, candidates: Collection[str]) -> str:
    """Return the candidate that a misspelt name was probably meant for; empty if none is close.

    Names with other numbers are other customers: customer-4711 is not a misspelling of customer-4712.
    """
    alike = sorted(candidate for candidate in candidates if not _has_another_number(candidate, name))
    return next(iter(difflib.get_close_matches(name, alike, n=1, cutoff=CLOSE)), "")


def _has_another_number(one: str, other: str) -> bool:
    first, second = _digits(one), _digits(other)
    return bool(first and second) and first != second


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))


def listed(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
