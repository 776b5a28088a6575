# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as CSV, which a spreadsheet may open without danger. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._keys.problems import Problem
from .._keys.table import FORMULA_STARTS
from .document import records_of
from .rows import COLUMNS, to_line


def csv_of(source: Any, columns: Any = None) -> str:
    """Return the text of the file, of a document or of a list of dictionaries. Raises Problem."""
    rows = records_of(source)
    return _written(rows, _columns(source, rows, columns))


def _columns(source: Any, rows: Iterable[Mapping[Any, Any]], columns: Any) -> list[Any]:
    """Return the given columns, or those of a document, or all names in the order in which they first occur."""
    if columns is None:
        return COLUMNS if isinstance(source, Mapping) else list(dict.fromkeys(name for row in rows for name in row))
    if isinstance(columns, str) or not isinstance(columns, Sequence):
        raise Problem("columns is a list of names.")
    return list(columns)


def _written(rows: Iterable[Mapping[Any, Any]], columns: Sequence[Any]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([_cell(name) for name in columns])
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    text = to_line(value)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    # Otherwise a spreadsheet would evaluate text from customers when the file is opened.
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not number else text
