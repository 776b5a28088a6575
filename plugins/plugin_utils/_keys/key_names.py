# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys of a dictionary no tenant uses, and which of them was probably meant for a tenant without a key. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .keyring import label_of, unvault
from .showable import closest, showable


@dataclass(frozen=True)
class Keys:
    """A dictionary of keys as the run was given it, and the variable that it came in. It is never shown as a whole.

    `file` is the path of the file that the variable names, if the keys are in one.
    """

    variable: str = "freshservice_link_api_keys"
    given: Mapping[Any, Any] = field(default_factory=dict, repr=False)
    file: str = ""

    def hint(self, record: Mapping[Any, Any], unused: Sequence[str]) -> str:
        """Return where a tenant's missing key belongs, and which unused name was probably meant for it."""
        names = _names_of(record)
        if not names:
            return ""
        said = (
            f"Add the key to {self.file} ({self.variable}), for {names[0]!r}."
            if self.file
            else f"Set the key in {self.variable}[{names[0]!r}], encrypted with ansible-vault."
        )
        close = self.close(record, unused)
        return f"{said} {close}" if close else said

    def close(self, record: Mapping[Any, Any], unused: Sequence[str]) -> str:
        """Return which unused name was probably meant for a tenant without a key; empty if none was."""
        return _close(_names_of(record), unused)

    def unused(self, records: Sequence[Mapping[Any, Any]]) -> list[str]:
        """Return what to call each key that none of the records, which are those of the whole list, uses."""
        return list(unused_names(self.given, records))


def _close(names: Sequence[str], unused: Sequence[str]) -> str:
    candidates = {name for name in unused if not name.startswith("entry ")}
    for name in names:
        close = closest(name, candidates)
        if close:
            return f"There is an unused key for {close}: did you mean that one?"
    return ""


def unused_names(given: Mapping[Any, Any], records: Sequence[Mapping[Any, Any]]) -> Iterator[str]:
    """Return what to call each key that no tenant uses."""
    used = {name for record in records for name in _names_of(record)}
    for position, (name, key) in enumerate(given.items(), 1):
        text = str(name)
        if text not in used and label_of(text) not in used:
            yield showable(text, unvault(key), position, used)


def _names_of(record: Mapping[Any, Any]) -> list[str]:
    """Return the names under which a tenant's key is found: its domain, as a bare label, and its owner."""
    domain, owner = record.get("domain"), record.get("origin_owner_id")
    label = label_of(str(domain)) if domain else None
    return [name for name in (label, str(owner) if owner not in (None, "") else None) if name]
