# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that makes the list of tenants. Its documentation is in tenants.yml."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import Tenant
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import valid_unicode
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys import Keyring, keyring_from, opened
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._showable import listed as named
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._table import Problem, Table, readable, table_from

ALIASES = {"connector_profile_id": "integration_id"}
NEVER_IN_A_CSV = {"api_key", "admin_api_key", "credential_fields"}
COLUMNS = ({field.name for field in fields(Tenant)} - NEVER_IN_A_CSV) | set(ALIASES)

_PLAIN_NAME = re.compile(r"[A-Z]?[a-z]{1,19}([ _-][A-Z]?[a-z]{1,19}){0,4}")


def tenants(
    source: Any, api_keys: Any = None, admin_api_keys: Any = None, defaults: Any = None, keyed_only: bool = False
) -> list[dict]:
    """Return the list that freshservice_links takes."""
    try:
        keyrings = {
            "api_key": keyring_from({} if api_keys is None else api_keys, "api_keys"),
            "admin_api_key": keyring_from({} if admin_api_keys is None else admin_api_keys, "admin_api_keys"),
        }
        common = _settings({} if defaults is None else defaults, "defaults")
        # Before ansible-core 2.19, what a role passes on although it is not set is empty text.
        common = {name: value for name, value in common.items() if value != ""}
        listed = [_settings(entry, where) for where, entry in _entries(opened(source))]
        if keyed_only:
            listed = _keyed(listed, common, keyrings["api_key"])
        return [_tenant(own, common, keyrings) for own in listed]
    except Problem as problem:
        raise AnsibleFilterError(str(problem)) from None


def _tenant(own: dict[str, Any], common: dict[str, Any], keyrings: Mapping[str, Keyring]) -> dict[str, Any]:
    """What the tenant says itself wins over the dictionaries of keys, and these over the defaults."""
    merged = {**_plain(common), **own}
    for option, keyring in keyrings.items():
        key = keyring.find(merged.get("domain"), merged.get("origin_owner_id"))
        if option not in own and key is not None:
            merged[option] = key
    return merged


def _keyed(listed: list[dict[str, Any]], common: dict[str, Any], keyring: Keyring) -> list[dict[str, Any]]:
    """The tenants that the keyring has a key for, without keys of their own. Raises Problem where a key has no tenant."""
    kept, used = [], set()
    for own in listed:
        if own.get("state") == "absent":
            continue
        name = keyring.name(own.get("domain", common.get("domain")), own.get("origin_owner_id"))
        if name is not None:
            used.add(name)
            kept.append({option: value for option, value in own.items() if option != "api_key"})
    present = [own for own in listed if own.get("state") != "absent"]
    tenants_named = {str(own[name]) for own in present for name in ("domain", "origin_owner_id") if own.get(name)}
    unused = keyring.besides(used, tenants_named)
    if unused:
        which = "belongs" if len(unused) == 1 else "belong"
        raise Problem(f"api_keys: {named(unused)} {which} to no present tenant of the list. Nothing was changed.")
    return kept


def _entries(source: Any) -> Iterator[tuple[str, Any]]:
    """Each entry, and what a message calls it."""
    if isinstance(source, str):
        text = readable(source)
        first = text.lstrip()[:1]
        if first == "{":
            raise Problem("the JSON is one object. Write a list of them, in square brackets.")
        if first != "[":
            return _from_csv(text)
        source = _from_json(text)
    if isinstance(source, (bytes, Mapping)) or not isinstance(source, Iterable):
        raise Problem("tenants must be a list of dictionaries, or the text of a JSON or CSV file.")
    return ((f"entry {position}", entry) for position, entry in enumerate(source, 1))


def _from_json(text: str) -> list[Any]:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Problem(f"the JSON is malformed at line {error.lineno}, column {error.colno}.") from None
    except (ValueError, RecursionError):
        raise Problem("the JSON is nested too deeply, or holds an enormous number.") from None


def _from_csv(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    table = table_from(text)
    for number, name in enumerate(table.columns, 1):
        if name:
            _refuse_column(table, number, name)
    return ((f"line {row.line}", row.cells) for row in table.rows())


def _refuse_column(table: Table, number: int, name: str) -> None:
    """Raise Problem unless the column is an option of a tenant that is no secret."""
    if name in COLUMNS:
        return
    plain = re.sub(r"[ -]", "_", name.lower())
    if plain in NEVER_IN_A_CSV:
        raise Problem(
            f"line {table.line}: column {number} is {plain}, but a CSV of tenants holds no keys. Remove the column, and"
            " pass the keys as a vaulted dictionary in api_keys (or admin_api_keys), and credential_fields in defaults."
        )
    # Without a header, the first tenant's line is taken for one: only what is plainly a name is shown.
    shown = f" ({name})" if _PLAIN_NAME.fullmatch(name) else ""
    close = difflib.get_close_matches(plain, sorted(COLUMNS), n=1)
    advice = f"Did you mean {close[0]}?" if close else f"The header names options: {', '.join(sorted(COLUMNS))}."
    raise Problem(f"line {table.line}: column {number}{shown} is no option of a tenant. {advice}")


def _settings(entry: Any, where: str) -> dict[str, Any]:
    """A new dictionary of what is set, each option under its own name."""
    if not isinstance(entry, Mapping):
        raise Problem(f"{where} is no dictionary. Write options and values, such as 'domain: mycompany'.")
    settings = {ALIASES.get(name, name): _plain(value) for name, value in entry.items() if value is not None}
    if settings != valid_unicode(settings):
        raise Problem(f"{where} holds half a character, which is not valid Unicode. Correct or remove it.")
    return settings


def _plain(value: Any) -> Any:
    """The value itself, or a new container: a result shares nothing with the input that could be changed later."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return opened(value)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> filter."""
        return {"tenants": tenants}
