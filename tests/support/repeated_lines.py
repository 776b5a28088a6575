# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find runs of lines that are written more than once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LEAST = 6
"""Lines of the shortest run that counts."""
Line = tuple[int, str]


@dataclass(frozen=True)
class Duplicate:
    """A run of `length` lines from line `line` of a file on, which repeats the one that starts at `first`."""

    path: Path
    line: int
    length: int
    first: tuple[Path, int]


def duplicates(paths: Iterable[Path]) -> Iterator[Duplicate]:
    """Yield each run of six and more lines that an earlier file, or an earlier part of the same file, holds already.

    Lines are compared without white space at their ends; empty lines and comments are left out. A run is as long as
    each six lines of it are a repetition, and the first appearance of a run is not counted.
    """
    seen: dict[tuple[str, ...], tuple[Path, int]] = {}
    for path in paths:
        lines = list(_lines(path))
        run: Duplicate | None = None
        for index, (number, _text) in enumerate(lines[: len(lines) - LEAST + 1]):
            window = tuple(text for _number, text in lines[index : index + LEAST])
            first = seen.setdefault(window, (path, number))
            if first == (path, number):
                yield from [run] if run else []
                run = None
            else:
                run = (
                    Duplicate(path, run.line, run.length + 1, run.first)
                    if run
                    else Duplicate(path, number, LEAST, first)
                )
        yield from [run] if run else []


def _lines(path: Path) -> Iterator[Line]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield number, text
