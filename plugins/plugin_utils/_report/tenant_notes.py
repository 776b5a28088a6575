# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes about single tenants at the end of a run over a list. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._link.actions import Action
from .document import records_in
from .rows import mapping, texts, to_line

MOST = 50
"""The number of tenants of a kind that are named."""


def moved(records: Sequence[Mapping[Any, Any]], check_mode: bool) -> Iterator[str]:
    """Yield a line for each account that has another domain now: its customer's data comes from another site."""
    lines = []
    for record in records:
        sides = mapping(mapping(record.get("changes")).get("domain"))
        if sides.get("before") and sides.get("after") and not record.get("failure"):
            would = "would be moved" if check_mode else "moved"
            lines.append(
                f"{name_of(record)}: {would} from the domain {to_line(sides['before'])} to {to_line(sides['after'])}."
            )
    yield from lines[:MOST]
    if len(lines) > MOST:
        yield f"... and {len(lines) - MOST} more were moved to another domain"


def unlinked(result: Mapping[Any, Any], check_mode: bool) -> Iterator[str]:
    """Yield a line for each account that was unlinked, and why, if the list does not declare it."""
    would, were = ("would be", "would be") if check_mode else ("was", "were")
    lines = [
        f"{name_of(record)}: account {to_line(record.get('account_id'))} {would} unlinked{_why(name, record)}."
        for name in ("results", "resolved", "purged")
        for record in records_in(result.get(name))
        if record.get("action") == Action.DELETE.value and not record.get("failure") and not record.get("replaced")
    ]
    yield from lines[:MOST]
    if len(lines) > MOST:
        yield f"... and {len(lines) - MOST} more {were} unlinked"


def _why(name: str, record: Mapping[Any, Any]) -> str:
    if name == "purged":
        return ", because no tenant of the list has it"
    return f", a duplicate of {to_line(record['duplicate_of'])}" if record.get("duplicate_of") else ""


def warned(records: Sequence[Mapping[Any, Any]]) -> Iterator[str]:
    """Yield a line for each warning about a tenant."""
    warnings = [f"{name_of(record)}: {to_line(each)}" for record in records for each in texts(record.get("warnings"))]
    yield from warnings[:MOST]
    if len(warnings) > MOST:
        yield f"... and {len(warnings) - MOST} more warnings"


def name_of(record: Mapping[Any, Any]) -> str:
    """Return what a line calls a tenant."""
    domain, owner = to_line(record.get("domain")), f"owner {to_line(record.get('origin_owner_id'))}"
    return f"{domain} ({owner})" if domain else owner
