# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run would change, line by line, and whether anything differs from its declaration. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._core.words import counted
from .document import OF_ACCOUNTS, records_in
from .rows import changed_fields, planned_outcome, texts, to_line

MOST = 200
"""The number of tenants whose changes are shown."""

NOTHING = "Nothing differs from what is declared."


def differing(result: Mapping[Any, Any]) -> list[Mapping[Any, Any]]:
    """Return the records of what a run would change, of a result in check mode."""
    records = [record for name in OF_ACCOUNTS for record in records_in(result.get(name))]
    return [record for record in records if record.get("changed") is True and not record.get("failure")]


def changes_shown(result: Mapping[Any, Any], more_in: Sequence[str] = ()) -> Iterator[str]:
    """Yield a line for each tenant that would be changed: what would be done, from what to what, and why.

    `more_in` are files that have what is not shown.
    """
    records = differing(result)
    yield from map(_line, records[:MOST])
    if len(records) > MOST:
        where = f": see {', '.join(more_in)}" if more_in else ""
        yield f"... and {counted(len(records) - MOST, 'more change')}{where}"


def verdict_on(result: Mapping[Any, Any], failed: str) -> str:
    """Return what `freshservice_link_detailed_exitcode` says at the end; empty if nothing differs and nothing failed.

    `failed` is why the run failed, if it did.
    """
    count = len(differing(result))
    if not count:
        return failed
    differ = f"{counted(count, 'account')} {'differs' if count == 1 else 'differ'} from what is declared"
    return f"{failed} Besides, {differ}." if failed else f"{differ}, and nothing failed."


def _line(record: Mapping[Any, Any]) -> str:
    name = to_line(record.get("domain")) or f"account {to_line(record.get('account_id'))}"
    fields = ", ".join(changed_fields(record))
    why = "; ".join(texts(record.get("reasons")))
    parts = f": {fields}" if fields else ""
    return f"{name} (owner {to_line(record.get('origin_owner_id'))}) {planned_outcome(record)}{parts}{f'. {why}' if why else ''}."
