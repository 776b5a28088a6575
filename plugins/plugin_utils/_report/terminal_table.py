# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a report as a table for the terminal. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._keys.problems import Problem
from .document import records_of
from .rows import to_line

HEADS = {
    "domain": "tenant",
    "origin_owner_id": "owner",
    "outcome": "outcome",
    "account_id": "account",
    "account_status": "status",
    "verdict": "key",
    "agent": "agent",
    "details": "details",
}
GAP = "  "
CUT = "..."
NARROWEST = 8
ENOUGH_FOR_DETAILS = 40


def lines_of(source: Any, most: Any, width: Any) -> list[str]:
    """Return the lines of the table, `width` columns wide, with the `most` first rows. Raise Problem."""
    rows = records_of(source)
    return list(_lines(rows, _whole(most, "most"), _whole(width, "width")))


def _lines(rows: Sequence[Mapping[Any, Any]], most: int, width: int) -> Iterator[str]:
    first = sorted(rows, key=lambda row: not row.get("problem"))[:most]
    columns = {name: cells for name in HEADS if any(cells := [_cell(row, name) for row in first])}
    _leave_out(columns, width)
    if columns:
        widths = _widths(columns, width)
        yield _line([HEADS[name] for name in columns], widths)
        yield GAP.join("-" * each for each in widths)
        yield from (_line(cells, widths) for cells in zip(*columns.values()))
    if len(rows) > len(first):
        yield f"{CUT} and {len(rows) - len(first)} more"


def _cell(row: Mapping[Any, Any], name: str) -> str:
    if name == "details":
        return to_line([row.get("problem"), row.get("changes"), row.get("warnings")])
    return to_line(row.get(name))


def _leave_out(columns: dict[str, list[str]], width: int) -> None:
    """Leave out statuses that repeat the outcome, and IDs of accounts if they would have to be cut."""
    if columns.get("account_status") == columns.get("outcome"):
        columns.pop("account_status", None)
    wanted = _natural(columns)
    if "details" in wanted:
        wanted["details"] = min(wanted["details"], ENOUGH_FOR_DETAILS)
    if sum(wanted.values()) > _room(columns, width):
        columns.pop("account_id", None)


def _widths(columns: Mapping[str, Sequence[str]], width: int) -> list[int]:
    """Return the width of the longest cell of each column. If they do not fit, shorten the widest ones, `details` last."""
    room = _room(columns, width)
    widths = {name: min(each, max(room, NARROWEST)) for name, each in _natural(columns).items()}
    while sum(widths.values()) > room and max(widths.values()) > NARROWEST:
        wide = [name for name in widths if widths[name] > NARROWEST]
        widths[max(wide, key=lambda name: widths[name] / (2 if name == "details" else 1))] -= 1
    return list(widths.values())


def _natural(columns: Mapping[str, Sequence[str]]) -> dict[str, int]:
    return {name: max(map(_places, [HEADS[name], *cells])) for name, cells in columns.items()}


def _room(columns: Mapping[str, Any], width: int) -> int:
    return width - len(GAP) * (len(columns) - 1)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    fitting = [_cut(text, width) for text, width in zip(cells, widths)]
    padded = (text + " " * (width - _places(text)) for text, width in zip(fitting, widths))
    return GAP.join(padded).rstrip()


def _cut(text: str, width: int) -> str:
    if _places(text) <= width:
        return text
    kept, room = "", width - len(CUT)
    for character in text:
        room -= _places(character)
        if room < 0:
            break
        kept += character
    return kept + CUT


def _places(text: str) -> int:
    """Return how many columns of a terminal a text needs."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(each) in "FW" else not unicodedata.combining(each) for each in text)


def _whole(value: Any, option: str) -> int:
    try:
        return max(int(value), 0)
    except (TypeError, ValueError):
        raise Problem(f"{option} is a whole number.") from None
