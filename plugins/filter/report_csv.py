# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write rows as CSV. report_csv.yml documents the filter."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._keys.problems import Problem
from ..plugin_utils._keys.table import FORMULA_STARTS
from ..plugin_utils._report.document import records_of
from ..plugin_utils._report.rows import COLUMNS, to_line


def report_csv(source: Any, columns: Any = None) -> str:
    """Return the text of the CSV file."""
    try:
        rows = records_of(source)
        return _written(rows, _columns(source, rows, columns))
    except Problem as problem:
        raise AnsibleFilterError(f"report_csv: {problem}") from None


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


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"report_csv": report_csv}
