# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of tenants as it was handed in: a list, or the text of a JSON, YAML or CSV file. Pure."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

import yaml

from ...module_utils._core.tenant import Tenant
from ...module_utils._core.written import did_you_mean, plain_name
from ...module_utils._module.reading import PROBLEM
from .problems import Problem, RowProblem
from .table import Table, TableRow, column_name, has_content, readable, table_from
from .yaml_faults import GivenTwice, fault_of

ALIASES = {"connector_profile_id": "integration_id"}
NEVER_IN_A_CSV = {"api_key", "admin_api_key", "credential_fields"}
COLUMNS = ({field.name for field in fields(Tenant)} - NEVER_IN_A_CSV) | set(ALIASES)
LIST_VARIABLE = "freshservice_link_tenants"

_YAML = re.compile(r"(---|-)(\s|$)|%YAML|['\"]?\w+['\"]?\s*:(\s|$)")
_FILE_NAME = re.compile(r"[^\n,;]+[.](csv|json|ya?ml)", re.IGNORECASE)


def entries_of(source: Any, ignored: Collection[str] = ()) -> Iterable[Any]:
    """Return the entries, those of a CSV with the line that each is from. Raises Problem if it is not a list."""
    if isinstance(source, str):
        text = readable(source)
        first = next((line for line in text.splitlines() if has_content(line)), "").lstrip()
        if first.startswith("{"):
            raise Problem("the JSON is one object. Write a list of them, in square brackets.")
        if _FILE_NAME.fullmatch(text.strip()):
            raise Problem(
                "this is the name of a file, not a list. Name a file in the role's freshservice_link_tenants_file, or read it with"
                " the lookup ansible.builtin.file."
            )
        if not first.startswith("[") and not _YAML.match(first):
            return _from_csv(text, {column_name(name) for name in ignored})
        source = _from_json(text) if first.startswith("[") else _from_yaml(text)
    if isinstance(source, (str, bytes, Mapping)) or not isinstance(source, Iterable):
        raise Problem("tenants must be a list of dictionaries, or the text of a JSON, YAML or CSV file.")
    return source


def is_ignored(name: Any, ignored: Collection[str]) -> bool:
    """Return whether a column or option is a note of whoever keeps the list, rather than one of the collection's."""
    if name == PROBLEM:
        return False
    return isinstance(name, str) and (name.startswith("_") or name in ignored or column_name(name) in ignored)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object. Raises Problem if it holds an option twice: whichever was meant, the other is lost."""
    names = [name for name, _value in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        shown = f" ({twice})" if plain_name(twice) else ""
        raise Problem(f"an entry of the JSON holds an option twice{shown}. Remove one of them.")
    return dict(pairs)


def _as_written(digits: str) -> int | str:
    """Return a whole number, or its text if the number would be written in another way, such as -0."""
    number = int(digits)
    return number if str(number) == digits else digits


def _from_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_int=_as_written)
    except Problem:
        raise
    except json.JSONDecodeError as error:
        raise Problem(f"the JSON is malformed at line {error.lineno}, column {error.colno}.") from None
    except (ValueError, RecursionError):
        raise Problem("the JSON is nested too deeply, or holds an enormous number.") from None


def _from_yaml(text: str) -> Any:
    """Return the list of a YAML file, each value as it is written. Raises Problem."""
    try:
        # The loader that is written in C refuses texts that Ansible has marked.
        found = yaml.load(io.StringIO(text), _AsWritten)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        raise Problem(fault_of(error, text)) from None
    except (yaml.YAMLError, RecursionError):
        raise Problem("the YAML holds a character that is not allowed, or is nested too deeply.") from None
    if isinstance(found, Mapping):
        if set(found) != {LIST_VARIABLE}:
            raise Problem(
                f"the YAML is a dictionary. Write a list of tenants, or {LIST_VARIABLE} and nothing else; a file of"
                " variables is passed with -e @file instead."
            )
        found = found[LIST_VARIABLE]
    return found


# Its parts construct nothing but texts, lists and dictionaries.
class _AsWritten(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Leaves texts as they are written, as a CSV does: YAML would read 0123 as 83, 1_000 as 1000 and on as true."""

    yaml_implicit_resolvers = {
        first: [
            (tag, pattern) for tag, pattern in resolvers if tag in ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    # The others make something else of a value, and their errors quote it.
    yaml_constructors = {
        tag: make
        for tag, make in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.rpartition(":")[2] in ("str", "seq", "map", "null")
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Construct a mapping like the safe loader, which however silently keeps the last of several values."""
        names: set[str] = set()
        for key, _value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in names:
                raise GivenTwice(key.start_mark)
            names.add(key.value)
        return super().construct_mapping(node, deep)


def _from_csv(text: str, ignored: Collection[str]) -> Iterator[dict[str, Any]]:
    table = table_from(text)
    for number, name in enumerate(table.columns, 1):
        if name:
            _refuse_column(table, number, name, ignored)
    return map(_entry_of, table.each())


def _entry_of(row: TableRow | RowProblem) -> dict[str, Any]:
    """Return an entry; for a row that cannot be understood, only its problem: its values may be in wrong columns."""
    if isinstance(row, RowProblem):
        return {PROBLEM: row.message, "line": row.line}
    return {**row.cells, "line": row.line}


def _refuse_column(table: Table, number: int, name: str, ignored: Collection[str]) -> None:
    """Raise Problem unless the column is an option of a tenant that is not secret, or to be ignored."""
    if name == "credential_fields":
        raise Problem(
            f"line {table.line}: column {number} is {name}, which a CSV cannot hold. Remove the column, and set them for all tenants, in"
            " defaults of the filter or in the variable freshservice_link_credential_fields of the role."
        )
    if name in NEVER_IN_A_CSV:
        raise Problem(
            f"line {table.line}: column {number} is {name}, but a CSV of tenants holds no keys. Remove the column, and"
            " pass the keys as a vaulted dictionary in api_keys (or admin_api_keys), or as a CSV of their own in api_keys_file."
        )
    if name in COLUMNS or is_ignored(name, ignored):
        return
    # Without a header, the first tenant's line is taken for one: show only what is clearly a name.
    written = table.written[number - 1]
    shown = f" ({written})" if plain_name(written) else ""
    advice = did_you_mean(name, COLUMNS) or f"The header names options: {', '.join(sorted(COLUMNS))}."
    raise Problem(
        f"line {table.line}: column {number}{shown} is not an option of a tenant. {advice} A column of your own begins"
        " with _ or is named in ignore_columns."
    )
