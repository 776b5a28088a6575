# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CSV that a person or a spreadsheet made, read one line at a time. Pure.

No message shows the content of a line: it could be a key in the wrong column.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...module_utils._core.written import trimmed
from .problems import Problem, RowProblem

BOM = "\ufeff"
DELIMITERS = ",;\t"

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_SEPARATOR = re.compile(f'(?i)\\s*"?sep=([{DELIMITERS}])"?\\s*')
"""The line that a spreadsheet may write before the header."""

FORMULA_STARTS = tuple("=+-@\t\r＝＋－＠")
"""Characters that a spreadsheet reads as the beginning of a formula. Some spreadsheets accept the wide forms as well."""


@dataclass(frozen=True)
class TableRow:
    """One line's filled cells, by column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """The header, and the lines below it that are neither blank nor a comment. `written` is the header as written."""

    line: int
    columns: list[str]
    written: list[str]
    delimiter: str
    body: list[tuple[int, str]]

    def rows(self) -> Iterator[TableRow]:
        """Yield the rows that hold anything. Raises Problem at the first line that cannot be read."""
        for row in self.each():
            if isinstance(row, RowProblem):
                raise row
            yield row

    def each(self) -> Iterator[TableRow | RowProblem]:
        """Yield each row that holds anything, or its fault. Raises Problem if the rest cannot be read either."""
        for line, text in self.body:
            values = _cells(line, text, self.delimiter)
            try:
                cells = self._named(line, values)
            except RowProblem as problem:
                yield problem
                continue
            if cells:
                yield TableRow(line, cells)

    def _named(self, line: int, values: list[str]) -> dict[str, str]:
        named = {}
        for index, value in enumerate(values):
            name = self.columns[index] if index < len(self.columns) else ""
            # Spreadsheets pad lines with empty cells.
            if value and not name:
                raise RowProblem(
                    line,
                    f"there is a value in column {index + 1}, which the header in line {self.line} does not name. Put a"
                    f" value that holds {_spoken(self.delimiter)} in double quotes.",
                )
            if value:
                named[name] = value
        return named


def readable(text: str) -> str:
    """Return the text without a byte order mark. Raises Problem if Ansible read a file that is not in UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        line = len(_LINE_BREAK.findall(text, 0, error.start)) + 1
        raise Problem(f"line {line}: the file is not in UTF-8. Save it as UTF-8 text.") from None
    text = text.lstrip(BOM)
    if text.lstrip().startswith("$ANSIBLE_VAULT"):
        raise Problem(
            "the file is encrypted, but something precedes $ANSIBLE_VAULT, usually a byte order mark, so that"
            " Ansible does not see it. Save the file as UTF-8 without one."
        )
    return text


def column_name(written: str) -> str:
    """Return a column's name as an option's is written: spreadsheets and people write Origin Owner ID."""
    return re.sub(r"[ -]+", "_", trimmed(written).lower())


def table_from(text: str) -> Table:
    """Find the header and its delimiter. Raises Problem."""
    lines = _LINE_BREAK.split(readable(text))
    body = [(number, line) for number, line in enumerate(lines, 1) if has_content(line)]
    declared = _SEPARATOR.fullmatch(body[0][1]) if body else None
    if declared:
        body = body[1:]
    if not body:
        raise Problem("line 1: there is no header. The first line of a CSV names its columns.")
    line, header = body[0]
    delimiter = declared[1] if declared else max(DELIMITERS, key=header.count)
    written = _cells(line, header, delimiter)
    columns = list(map(column_name, written))
    for index, name in enumerate(columns):
        if name and columns.index(name) < index:
            raise Problem(f"line {line}: columns {columns.index(name) + 1} and {index + 1} have the same name.")
    return Table(line, columns, written, delimiter, body[1:])


def has_content(line: str) -> bool:
    """Return whether a line is neither blank nor a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _cells(line: int, text: str, delimiter: str) -> list[str]:
    """Return the values without the white space around them."""
    try:
        # If a quote is left open, the added line break ends up in the last value.
        values = next(csv.reader([text + "\n"], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        raise Problem(f"line {line}: this is not CSV: it holds a NUL character or an enormous value.") from None
    if values[-1].endswith("\n"):
        raise Problem(f"line {line}: a double quote is left open. A value ends on the line that it starts on.")
    return list(map(trimmed, values))


def _spoken(delimiter: str) -> str:
    return {",": "a comma", ";": "a semicolon", "\t": "a tab"}[delimiter]
