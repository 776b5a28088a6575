# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declared tenants as the text of a file: YAML for `-e @file`, CSV or JSON for freshservice_link_tenants_file. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ...module_utils._core.words import counted
from .._keys.table import FORMULA_STARTS
from .._keys.tenant_list import LIST_VARIABLE
from .declarations import Declarations, Declared

TEMPLATE_STARTS = ("{{", "{%", "{#")

COLUMNS = (
    "domain",
    "origin_owner_id",
    "origin_owner_name",
    "label",
    "account_type",
    "shared",
    "allow_multiple",
    "account_id",
    "integration_id",
    "provider",
)

NAMED = 50
"""How many accounts that were left out are shown at the end of a run; the file has them all."""


@dataclass(frozen=True)
class Export:
    """The files to write, by path, and their content."""

    files: Mapping[str, str]
    found: Declarations
    notes_path: str
    """The path of the file that lists what was left out."""

    @property
    def lines(self) -> list[str]:
        """Return what a person must know at the end of a run."""
        notes = self.found.notes
        declared = counted(len(self.found.declared), "tenant")
        left_out, more = counted(len(self.found.left_out), "account"), len(notes) - NAMED
        return [
            f"{declared} declared in {next(iter(self.files))}, {left_out} left out",
            *notes[:NAMED],
            *([f"... and {more} more: see {self.notes_path}"] if more > 0 else []),
        ]


def export_of(path: str, form: str, found: Declarations) -> Export:
    """Return the export to a path, in a form: `yml`, `csv` or `json`."""
    if form == "csv":
        found = found.without(_why_not_in_csv)
    files = {path: _WRITERS[form](found)}
    if form in ("yml", "yaml"):
        return Export(files, found, path)
    # Also if there is nothing to list: an earlier export may have left a file there.
    notes_path = f"{path}.left_out.txt"
    notes = found.notes or ["Nothing was left out."]
    return Export({**files, notes_path: "".join(f"{note}\n" for note in notes)}, found, notes_path)


def _to_yaml(found: Declarations) -> str:
    title = f"# {counted(len(found.tenants), 'account')} of StackOne, exported without keys."
    lines = ["---", title, *_comments(found)]
    entries = [f"  - {'    '.join(_settings(tenant))}".rstrip("\n") for tenant in found.tenants]
    head = [f"{LIST_VARIABLE}:"] if entries else [f"{LIST_VARIABLE}: []"]
    return "\n".join([*lines, *head, *entries]) + "\n"


def _settings(tenant: Mapping[str, Any]) -> Iterator[str]:
    for option, value in tenant.items():
        yield f"{option}: {_yaml_value(value)}\n"


def _yaml_value(value: Any) -> str:
    """Return a value so that neither YAML nor Ansible changes it: in quotes, and never as a template."""
    if isinstance(value, bool):
        return "true" if value else "false"
    # A copy, because the dumper refuses texts that Ansible has marked.
    plain = "".join(list(value))
    quoted = yaml.safe_dump(plain, default_style='"', allow_unicode=True, width=float("inf")).rstrip("\n")
    return f"!unsafe {quoted}" if any(start in value for start in TEMPLATE_STARTS) else quoted


def _comments(found: Declarations) -> Iterator[str]:
    if found.notes:
        yield "#"
        yield "# Left out (a run with freshservice_link_purge unlinks accounts that are not declared):"
        yield from (f"#   {note}" for note in found.notes)


def _to_csv(found: Declarations) -> str:
    text = io.StringIO(newline="")
    used = [name for name in COLUMNS if name in COLUMNS[:2] or any(name in tenant for tenant in found.tenants)]
    writer = csv.DictWriter(text, used, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_cells(found.tenants))
    return text.getvalue()


def _cells(tenants: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    for tenant in tenants:
        yield {name: str(value).lower() if isinstance(value, bool) else value for name, value in tenant.items()}


def _why_not_in_csv(each: Declared) -> str | None:
    """Return why a CSV cannot hold a tenant; `None` if it can."""
    for name, value in each.options.items():
        text = str(value)
        if text.startswith(FORMULA_STARTS):
            return f"its {name} would be a formula in a spreadsheet; export it to .yml or .json"
        if text != text.strip() or len(text.splitlines()) > 1:
            return f"its {name} has white space that a CSV does not keep; export it to .yml or .json"
    return None


def _to_json(found: Declarations) -> str:
    return json.dumps(found.tenants, indent=2, ensure_ascii=False) + "\n"


_WRITERS: dict[str, Callable[[Declarations], str]] = {
    "yml": _to_yaml,
    "yaml": _to_yaml,
    "csv": _to_csv,
    "json": _to_json,
}
FORMS = tuple(_WRITERS)
