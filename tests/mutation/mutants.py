# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read which mutants mutmut made and tried in the current folder: what each changes, and what became of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

KILLED = frozenset({"killed", "timeout"})
NOT_TRIED = "not checked"

_LITERAL = re.compile(r'"[^"]*"')
_HUNK = re.compile(r"@@ -(\d+)")


@dataclass(frozen=True)
class Mutant:
    """One change of one function, as the lines before and after it."""

    file: str
    function: str
    line: int
    was: str
    now: str
    killed: bool

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what stays the same while other lines of the file move."""
        return self.file, self.function, self.was, self.now

    @property
    def wording(self) -> bool:
        """Tell whether it only changes letters of a sentence: what would kill it is a copy of the sentence."""
        was, now = _LITERAL.findall(self.was), _LITERAL.findall(self.now)
        if len(was) != len(now) or _LITERAL.sub("", self.was) != _LITERAL.sub("", self.now):
            return False
        changed = [(before, after) for before, after in zip(was, now) if before != after]
        return all(
            re.search(r"\w\W? \w", before) and after.replace("XX", "").lower() == before.lower()
            for before, after in changed
        )


def mutants_of(folder: Path, name: str) -> Iterator[Mutant]:
    """Yield the mutants of a file in a folder that were tried."""
    path = folder / name
    found = SourceFileMutationData(path=path)
    found.load()
    lines = dict(_first_lines(ast.parse(path.read_text())))
    for mutant, exit_code in found.exit_code_by_key.items():
        status = status_by_exit_code[exit_code]
        if status == NOT_TRIED:
            continue
        function, owner = orig_function_and_class_names_from_key(mutant)
        function = f"{owner}.{function}" if owner else function
        offset, was, now = _change(get_diff_for_mutant(mutant, path=path))
        yield Mutant(name, function, lines[function] + offset, was, now, status in KILLED)


def _first_lines(tree: ast.AST, owner: str = "") -> Iterator[tuple[str, int]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _first_lines(node, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield f"{owner}{node.name}", node.lineno


def _change(diff: str) -> tuple[int, str, str]:
    """Return how far below the function's first line the change is, and what was and is there."""
    lines = diff.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("@@"))
    body = lines[head + 1 :]
    unchanged = next(number for number, line in enumerate(body) if line[:1] in "+-")
    was, now = (" ".join(line[1:].strip() for line in body if line.startswith(sign)) for sign in "-+")
    return int(_HUNK.match(lines[head]).group(1)) - 1 + unchanged, was, now
