# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""API keys by domain or owner: where a tenant's key is found, and how a CSV of keys is read. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ...module_utils._core.failure import Failed
from ...module_utils._core.tenant import normalise_domain, normalise_key
from ...module_utils._core.written import accident, hidden_character, not_text, trimmed, unset
from .problems import Problem
from .showable import meant, showable
from .table import TableRow, table_from


@dataclass(frozen=True)
class Keyring:
    """A dictionary of keys. Its names are domains or owners; nothing says which of them each is.

    `domains` has the names that can be domains, as bare labels, with the name as it was written. `declared` are the domains
    of all tenants: a key under one of them is that tenant's, although another one's owner may have the same name.
    """

    domains: dict[str, str] = field(default_factory=dict, repr=False)
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    positions: dict[str, int] = field(default_factory=dict, repr=False)
    declared: Collection[str] = ()

    def names(self, domain: Any, owner: Any) -> list[str]:
        """Return the names under which a key of a tenant is found: its domain, then its owner."""
        label, name = names_of({"domain": domain, "origin_owner_id": owner})
        found = [self.domains[label]] if label in self.domains else []
        if name not in self.keys or name in found:
            return found
        meant_as_domain = label_of(name)
        return found if meant_as_domain != label and meant_as_domain in self.declared else [*found, name]

    def find(self, domain: Any, owner: Any) -> str | None:
        """Return the key of a tenant."""
        names = self.names(domain, owner)
        return self.keys[names[0]] if names else None

    def besides(self, names: set[str], tenants: Collection[str]) -> list[str]:
        """Return what to call the keys under other names, each with the tenant that was probably meant."""
        others = [name for name in self.positions if name not in names]
        return [self._question(name, tenants) for name in others]

    def _question(self, name: str, tenants: Collection[str]) -> str:
        said, question = showable(name, self.keys[name], self.positions[name], tenants), meant(name, tenants)
        return f"{said} ({question})" if question and said == name else said


def keyring_from(keys: Any, option: str, complete: bool = False, declared: Collection[str] = ()) -> Keyring:
    """Return a keyring, without the names that have no key, unless it must be `complete`.

    `declared` are the domains of all tenants.

    Raises Problem, which shows an entry's position: if name and key are swapped, the name is a key.
    """
    if not isinstance(keys, Mapping):
        raise Problem(f"{option} must be a dictionary of keys by domain or origin_owner_id.")
    ring = Keyring(declared=declared)
    for position, (name, key) in enumerate(keys.items(), 1):
        key, name = unvault(key), _name_of(name, f"{option}: the name of entry {position}")
        if unset(key) and complete:
            raise Problem(f"{option}: entry {position} has no key. Remove the entry if that tenant keeps its key.")
        if unset(key):
            continue
        if not isinstance(key, str):
            kind = not_text(key) or "a number"
            said = showable(name, str(key), position)
            raise Problem(f"{option}: the API key of {said} is {kind}, not text; put it in quotes.")
        if ring.keys.setdefault(name, key) != key:
            raise Problem(f"{option}: entry {position} has the name of an earlier one, and another key. Remove one.")
        ring.positions.setdefault(name, position)
        label = label_of(name)
        if label is not None and ring.keys[ring.domains.setdefault(label, name)] != key:
            first = ring.domains[label]
            one = showable(first, ring.keys[first], ring.positions[first])
            other = showable(name, key, position)
            raise Problem(f"{option}: {one} and {other} mean the same domain, and have different keys. Remove one.")
    return ring


def _name_of(written: Any, where: str) -> str:
    """Return the domain or owner that a key is under. Raises Problem, which shows it only if it cannot be a key."""
    kind = not_text(written)
    if kind:
        raise Problem(f"{where} is {kind}, not text; put it in quotes.")
    name = trimmed(str(written))
    # A domain can be any word.
    hidden, slip = hidden_character(name), None if label_of(name) else accident(name)
    if hidden:
        raise Problem(f"{where} holds a character that cannot be seen ({hidden}). Type it again.")
    if slip:
        raise Problem(f"{where} is {slip}, not a domain or an id. Write the id itself, in YAML in quotes.")
    return name


def api_keys_from(text: str) -> dict[str, str]:
    """Return the keys of a CSV by domain (or owner, if a row has no domain). Raises Problem."""
    table = table_from(text)
    if "api_key" not in table.columns or not {"domain", "origin_owner_id"} & set(table.columns):
        # A list of YAML or a dictionary of JSON has no commas or tabs in its first line.
        other = " A file of variables, in YAML or JSON, is passed with -e @ instead." if len(table.columns) == 1 else ""
        raise Problem(
            f"line {table.line}: the header must name the columns domain (or origin_owner_id) and api_key.{other}"
        )
    keys: dict[str, str] = {}
    lines: dict[str, int] = {}
    for row in table.rows():
        name = _name(row)
        if name in lines:
            raise Problem(f"lines {lines[name]} and {row.line} are for the same tenant. Remove one of them.")
        lines[name] = row.line
        keys[name] = _key(row)
    if not keys:
        raise Problem(f"line {table.line}: no key follows the header.")
    return keys


# A list is gone through once for each dictionary of keys and each check, and to understand a domain is most of the work.
@lru_cache(maxsize=50_000)
def label_of(text: str) -> str | None:
    """Return the domain that a text means, if it means one."""
    try:
        return normalise_domain(text)
    except Failed:
        return None


def names_of(tenant: Mapping[Any, Any], default_domain: Any = None) -> tuple[str | None, str | None]:
    """Return what a tenant is called: its domain as a bare label, and its owner."""
    domain, owner = tenant.get("domain", default_domain), tenant.get("origin_owner_id")
    label = None if domain is None or not_text(domain) else label_of(str(domain))
    return label, None if owner is None or not_text(owner) else trimmed(str(owner))


def unvault(value: Any) -> Any:
    """Return the clear text of an inline vaulted value, which ansible-core before 2.19 hands over encrypted."""
    return str(value) if getattr(value, "__ENCRYPTED__", False) is True else value


def _name(row: TableRow) -> str:
    if "domain" not in row.cells:
        if "origin_owner_id" not in row.cells:
            raise Problem(f"line {row.line}: it does not say whose key it is: domain or origin_owner_id is empty.")
        return _name_of(row.cells["origin_owner_id"], f"line {row.line}: origin_owner_id")
    label = label_of(row.cells["domain"])
    if label is None:
        raise Problem(
            f"line {row.line}: the domain is not valid: write the part before .freshservice.com, as 'mycompany'."
        )
    return label


def _key(row: TableRow) -> str:
    if "api_key" not in row.cells:
        raise Problem(f"line {row.line}: the key is missing. Fill it in, or remove the line.")
    try:
        return normalise_key(row.cells["api_key"], "api_key")
    except Failed as error:
        raise Problem(f"line {row.line}: {error.failure.line}") from None
