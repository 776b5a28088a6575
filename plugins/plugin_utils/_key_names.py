# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in a dictionary of keys that fit no tenant: said by name where it is safe, with the one that was meant. Pure.

Somebody may have swapped names and keys, and then a name is a key: such a name is never shown.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys import label_of, opened
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._rows import shown

MOST_NAMED = 10
CLOSE = 0.75
LONG = 16
"""Keys are 20 characters and longer."""

_DOTTED = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


@dataclass(frozen=True)
class Keys:
    """A dictionary of keys as the run was given it, and the variable that it came in. It is never shown as a whole."""

    variable: str = "freshservice_link_api_keys"
    given: Mapping[Any, Any] = field(default_factory=dict, repr=False)

    def hint(self, record: Mapping[Any, Any]) -> str:
        """Say for a tenant without a key where it belongs, and which name was probably meant for it."""
        names = _names_of(record)
        if not names:
            return ""
        said = f"Set it in {self.variable}[{names[0]!r}], encrypted with ansible-vault."
        close = self._close(names, [record])
        return f"{said} {close}" if close else said

    def unused_line(self, records: Sequence[Mapping[Any, Any]]) -> Iterator[str]:
        """Name the keys that no tenant of the list has, in one line."""
        unused = list(unused_names(self.given, records))
        if unused:
            yield f"{self.variable} holds keys that no tenant of the list uses: {listed(unused)}."

    def _close(self, names: Sequence[str], records: Sequence[Mapping[Any, Any]]) -> str:
        unused = {name for name in unused_names(self.given, records) if not name.startswith("entry ")}
        for name in names:
            close = difflib.get_close_matches(name, sorted(unused), n=1, cutoff=CLOSE)
            if close:
                return f"There is an unused key for {close[0]}: did you mean that one?"
        return ""


def unused_names(given: Mapping[Any, Any], records: Sequence[Mapping[Any, Any]]) -> Iterator[str]:
    """Return what to call each key that no tenant uses."""
    used = {name for record in records for name in _names_of(record)}
    for position, (name, key) in enumerate(given.items(), 1):
        text = str(name)
        if text not in used and label_of(text) not in used:
            yield showable(text, opened(key), position, used)


def showable(name: str, key: Any, position: int, tenants: Collection[str] = ()) -> str:
    """Return a name of the dictionary, or its position where the name could be a key.

    A key is a long run of letters and digits; a domain or a customer's id of that shape stays unnamed with it.
    """
    swapped = isinstance(key, str) and (key in tenants or label_of(key) in tenants)
    if swapped:
        return f"entry {position} (are its name and key swapped?)"
    return f"entry {position}" if looks_secret(name) else shown(name)


def looks_secret(name: str) -> bool:
    """Whether a name could be a key: long, in one piece, of several kinds of characters, and not a domain's address."""
    if _DOTTED.fullmatch(name):
        return False
    pieces = re.split(r"[-_.: ]", name)
    longest = max(pieces, key=len)
    kinds = [any(map(kind, longest)) for kind in (str.isdigit, str.islower, str.isupper)]
    return len(longest) >= LONG and sum(kinds) > 1


def meant(name: str, tenants: Collection[str]) -> str:
    """Return a question that names the tenant that was probably meant; empty where none is close."""
    close = difflib.get_close_matches(name.lower(), sorted(tenants), n=1, cutoff=CLOSE)
    return f"did you mean {close[0]}?" if close else ""


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _names_of(record: Mapping[Any, Any]) -> list[str]:
    """Under which names a tenant's key is found: its domain, as a bare label, and its owner."""
    domain, owner = record.get("domain"), record.get("origin_owner_id")
    label = label_of(str(domain)) if domain else None
    return [name for name in (label, str(owner) if owner not in (None, "") else None) if name]
