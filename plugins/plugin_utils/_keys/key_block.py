# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dictionary of keys in a YAML text of variables: read, and changed as text, so that the rest stays as it was. Pure.

A YAML library that loads and dumps would drop comments and write other values than were read (`0123` as `83`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from .problems import Problem
from .table import BOM

VARIABLE = "freshservice_link_api_keys"

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_TEXT_TAG = "tag:yaml.org,2002:str"
_NULL_TAG = "tag:yaml.org,2002:null"
_SIMPLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_SIMPLE_TEXT = re.compile(r"[A-Za-z0-9._~+/=@: -]*")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_BLANK = " \t\r\n\x85\u2028\u2029"

_UNSAFE = (
    f"{VARIABLE} is written in a way that cannot be changed without a risk to the rest of the file. Write it as lines of"
    " 'name: key' with ansible-vault edit, then run this again."
)

Edit = tuple[int, int, str]
"""The start and the end of a place in the text, and its new content."""


@dataclass(frozen=True)
class Entry:
    """A key: its name as Ansible reads it, and its value, `None` if that is not text. Places are in the text."""

    name: str
    value: str | None
    start: int
    name_end: int
    value_start: int
    end: int
    in_place: bool
    """Whether the value is written next to the name, not elsewhere (`*alias`)."""


class KeyBlock:
    """A text of variables, with the dictionary of keys in it, or the place for one. Raises Problem."""

    def __init__(self, text: str) -> None:
        # The parser does not count a byte order mark at the beginning.
        self._start = text[: len(text) - len(text.lstrip(BOM))]
        self._text = text[len(self._start) :]
        self._break = "\r\n" if "\r\n" in self._text else "\n"
        self._root = _composed(self._text)
        found = [pair for pair in self._pairs() if pair[0].value == VARIABLE]
        if len(found) > 1:
            raise Problem(f"it holds {VARIABLE} {len(found)} times. Remove all but one with ansible-vault edit.")
        self._name, self._block = found[0] if found else (None, None)
        if self._block and self._block.tag != _NULL_TAG and not isinstance(self._block, yaml.MappingNode):
            raise Problem(f"it must hold variables, and {VARIABLE} a dictionary. Correct it with ansible-vault edit.")
        pairs = self._block.value if isinstance(self._block, yaml.MappingNode) else []
        self.entries = [_entry(name, value) for name, value in pairs]

    def changed(self, values: Mapping[str, str], added: Mapping[str, str], removed: frozenset[str]) -> str:
        """Return the text with other values for some names, with more names, and without some. Raises Problem."""
        edits = [self._value_edit(entry, values[entry.name]) for entry in self.entries if entry.name in values]
        if self.entries and self._block.flow_style:
            edits = [self._braces(values, added, removed)] if removed else [*edits, *self._in_braces(added)]
        else:
            edits += [self._line_edit(entry) for entry in self.entries if entry.name in removed]
            edits += self._lines(added) if added else []
        text = self._start + _applied(self._text, edits)
        self._verify(text, {**values, **added}, removed)
        return text

    def _verify(self, text: str, wanted: Mapping[str, str], removed: frozenset[str]) -> None:
        """Check that the new text holds the intended keys, and otherwise the same as the old one. Raises Problem."""
        try:
            after = KeyBlock(text)
        except Problem:
            raise Problem(_UNSAFE) from None
        kept = {name: value for name, value in self._serialized() if name not in removed and name not in wanted}
        new = {name: value for name, value in after._serialized() if name not in wanted}
        keys = {entry.name: entry.value for entry in after.entries if entry.name in wanted}
        if after._others() != self._others() or new != kept or keys != dict(wanted):
            raise Problem(_UNSAFE)

    def _pairs(self) -> list[tuple[yaml.Node, yaml.Node]]:
        return self._root.value if self._root else []

    def _others(self) -> list[str]:
        """Return all variables but the keys, in a form that holds every value, tag and anchor."""
        return [_serial(node) for pair in self._pairs() if pair[0].value != VARIABLE for node in pair]

    def _serialized(self) -> Iterator[tuple[str, str]]:
        for entry, (_name, value) in zip(self.entries, self._block.value if self.entries else []):
            yield entry.name, _serial(value)

    # The functions below make edits.

    def _value_edit(self, entry: Entry, value: str) -> Edit:
        if not entry.in_place:
            raise Problem(_UNSAFE)
        old = self._text[entry.value_start : entry.end]
        # A text of several lines ends with the last line break.
        after = old[len(old.rstrip(_BLANK)) :]
        return entry.value_start, entry.end, ("" if old else " ") + _value_text(value) + after

    def _line_edit(self, entry: Entry) -> Edit:
        """Return the edit that removes the lines of an entry."""
        start = self._line_start(entry.start)
        if self._text[start : entry.start].strip():
            raise Problem(_UNSAFE)
        return start, self._line_end(entry.end), ""

    def _lines(self, added: Mapping[str, str]) -> list[Edit]:
        """Return the edits that add lines at the end of the dictionary, or of the text if there is none."""
        if self.entries:
            last = self.entries[-1]
            indent = self._text[self._line_start(last.start) : last.start]
            if indent.strip():
                raise Problem(_UNSAFE)
            return [self._insert(last.end, _lines_of(added, indent))]
        if self._root and self._root.flow_style:
            return [self._first_in_braces(added)]
        indent = " " * (self._root.start_mark.column if self._pairs() else 0)
        lines = _lines_of(added, indent + "  ")
        if self._block is None:
            end = _end(self._root) if self._pairs() else len(self._text)
            return [self._insert(end, [f"{indent}{VARIABLE}:", *lines])]
        start, end = self._block.start_mark.index, self._block.end_mark.index
        return [(len(self._text[:start].rstrip(" ")), end, ""), self._insert(end, lines)]

    def _insert(self, after: int, lines: list[str]) -> Edit:
        place = self._line_end(after)
        text = self._break.join(lines)
        if place and not _LINE_BREAK.fullmatch(self._text[place - 1]):
            return place, place, self._break + text
        return place, place, text + self._break

    def _in_braces(self, added: Mapping[str, str]) -> list[Edit]:
        end = self.entries[-1].end
        return [(end, end, "".join(f", {pair}" for pair in _pairs_of(added)))]

    def _first_in_braces(self, added: Mapping[str, str]) -> Edit:
        """Return the edit for the first keys of a file that is written in braces, such as JSON."""
        block = "{" + ", ".join(_pairs_of(added)) + "}"
        if self._block is not None:
            return self._block.start_mark.index, self._block.end_mark.index, block
        if not self._pairs():
            start = self._root.start_mark.index + 1
            return start, start, f'"{VARIABLE}": {block}'
        end = _end(self._pairs()[-1][1])
        return end, end, f', "{VARIABLE}": {block}'

    def _braces(self, values: Mapping[str, str], added: Mapping[str, str], removed: frozenset[str]) -> Edit:
        """Return the edit for the whole dictionary, if it is in braces and loses entries. Raises Problem if it has a comment."""
        start, end = self._block.start_mark.index, self._block.end_mark.index
        places = [start, *(place for entry in self.entries for place in (entry.start, entry.end)), end]
        if any("#" in self._text[before:after] for before, after in zip(places[::2], places[1::2])):
            raise Problem(_UNSAFE)
        kept = [
            self._text[entry.start : entry.value_start] + _value_text(values[entry.name])
            if entry.name in values
            else self._text[entry.start : entry.end]
            for entry in self.entries
            if entry.name not in removed
        ]
        return start, end, "{" + ", ".join([*kept, *_pairs_of(added)]) + "}"

    def _line_start(self, place: int) -> int:
        return max(self._text.rfind("\n", 0, place), self._text.rfind("\r", 0, place)) + 1

    def _line_end(self, place: int) -> int:
        """Return the place behind the line break, if anything of the line is before the place."""
        if place == self._line_start(place):
            return place
        found = _LINE_BREAK.search(self._text, place)
        return found.end() if found else len(self._text)


def _composed(text: str) -> yaml.MappingNode | None:
    """Return the tree of a text of variables; its tags are not evaluated. Raises Problem, which shows none of the text."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1} of its content" if mark else "its content"
        raise Problem(f"{where} is not valid YAML. Correct it with ansible-vault edit.") from None
    if root is None or (root.tag == _NULL_TAG and not root.value):
        return None
    if not isinstance(root, yaml.MappingNode):
        raise Problem(
            f"it holds something other than variables, such as a CSV of keys. Name a YAML file with {VARIABLE}, or change this"
            " one with ansible-vault edit."
        )
    return root


def _entry(name: yaml.Node, value: yaml.Node) -> Entry:
    if not isinstance(name, yaml.ScalarNode):
        raise Problem(_UNSAFE)
    in_place = value.start_mark.index >= name.end_mark.index
    end = _end(value) if in_place else name.end_mark.index
    text = value.value if value.tag == _TEXT_TAG else None
    return Entry(_read(name), text, name.start_mark.index, name.end_mark.index, value.start_mark.index, end, in_place)


def _read(name: yaml.ScalarNode) -> str:
    """Return a name as Ansible reads it: `0123` is the number 83."""
    try:
        return str(_Loader("").construct_object(name))
    except (yaml.YAMLError, ValueError):
        return name.value


def _end(node: yaml.Node) -> int:
    """Return where a value ends. A list or dictionary of lines ends with its last item, before any comment."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        children = last if isinstance(last, tuple) else (last,)
        return max(_end(child) for child in children if child.start_mark.index >= node.start_mark.index)
    return node.end_mark.index


def _serial(node: yaml.Node) -> str:
    """Return everything that a node holds, tags and anchors included, in a form to compare."""
    if isinstance(node, yaml.ScalarNode):
        return f"{node.tag} {node.value}"
    serialized: str = yaml.serialize(node, Dumper=_Dumper)
    return serialized


def _lines_of(keys: Mapping[str, str], indent: str) -> list[str]:
    return [f"{indent}{_name_text(name)}: {_value_text(key)}" for name, key in keys.items()]


def _pairs_of(keys: Mapping[str, str]) -> list[str]:
    """Return names and keys as written within braces, in which a file may be JSON."""
    return [f"{_value_text(name)}: {_value_text(key)}" for name, key in keys.items()]


def _name_text(name: str) -> str:
    """Return a name as it is written: bare if every reader then treats it as a text."""
    resolver = yaml.SafeLoader("")
    bare = _SIMPLE_NAME.fullmatch(name) and resolver.resolve(yaml.ScalarNode, name, (True, False)) == _TEXT_TAG
    return name if bare else _value_text(name)


def _value_text(value: str) -> str:
    if _SIMPLE_TEXT.fullmatch(value):
        return f'"{value}"'
    dumped: str = yaml.dump(value, Dumper=_Dumper, default_style='"', allow_unicode=True, width=10**9)
    return dumped.strip()


def _applied(text: str, edits: list[Edit]) -> str:
    parts, place = [], 0
    for start, end, new in sorted(edits):
        parts += [text[place:start], new]
        place = end
    return "".join([*parts, text[place:]])
