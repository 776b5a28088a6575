# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the phrases that `words.yml` bans in documentation, comments, docstrings and messages: `python -m tests.language [FILE ...]`.

Print a line for each, with the better phrase, and exit with 1 if there is any. Without files, read those that `words.yml`
names.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
WORDS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("words.yml").read_text(encoding="utf-8"))

_FENCE = re.compile(r"^\s*```")
_CODE = re.compile(r"``[^`]+``|`[^`]+`|\b(?:[BCEILMOPUV]|RV)\([^()]*\)")
_LINK_TARGET = re.compile(r"\]\([^()\s]*\)")
_OPENING = re.compile(r"""^[\s"'|>*\[-]*""")
_COMMENT = re.compile(r"^\s*#+ ?")
_STRINGS = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


@dataclass(frozen=True)
class Rule:
    """A banned phrase as a regular expression, and what to write instead."""

    pattern: re.Pattern[str]
    instead: str


@dataclass(frozen=True)
class Finding:
    """A banned phrase that was found."""

    file: str
    line: int
    phrase: str
    instead: str

    def __str__(self) -> str:
        return f'{self.file}:{self.line}: "{self.phrase}": write {self.instead}'


RULES = [Rule(re.compile(rule["pattern"]), rule["instead"]) for rule in WORDS["rules"]]


def main(files: Iterable[str]) -> int:
    """Print what is found in the files, or in all of the project's. Return the exit code."""
    findings = [finding for path in map(Path, files) for finding in findings_in(path)]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def project_files() -> Iterator[str]:
    """Yield the files that `words.yml` names, without those that are not there yet."""
    later = {path for pattern in WORDS["not_yet"] for path in ROOT.glob(pattern)}
    for path in sorted({path for pattern in WORDS["files"] for path in ROOT.glob(pattern)} - later):
        yield str(path)


def findings_in(path: Path) -> Iterator[Finding]:
    """Yield the banned phrases of one file."""
    absolute = path.resolve()
    name = str(absolute.relative_to(ROOT) if absolute.is_relative_to(ROOT) else path)
    for number, text in prose(path.suffix, path.read_text(encoding="utf-8")):
        for rule in RULES:
            for found in rule.pattern.finditer(text):
                yield Finding(name, number, found[0].strip(), rule.instead)


def prose(suffix: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that people read, each with its number, without markup, names of code and comment signs."""
    lines = _markdown if suffix == ".md" else _python if suffix == ".py" else _yaml
    for number, line in lines(text):
        yield number, _OPENING.sub("", _LINK_TARGET.sub("]", _CODE.sub("X", line)))


def _markdown(text: str) -> Iterator[tuple[int, str]]:
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if _FENCE.match(line):
            inside = not inside
        elif not inside:
            yield number, line


def _yaml(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        yield number, _COMMENT.sub("", line)


def _python(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in _STRINGS:
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, _COMMENT.sub("", line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or project_files()))
