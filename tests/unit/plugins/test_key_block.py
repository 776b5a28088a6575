# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys in a text of variables are changed as text: what else the text holds stays the same to the character."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys import key_block as _key_block
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.key_block import VARIABLE, KeyBlock
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.problems import Problem

NONE: frozenset[str] = frozenset()
SECRET = "a-key-that-must-not-show"


@pytest.fixture(params=[yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)], autouse=True)
def loader(request, monkeypatch):
    """Both parsers must tell the same places in the text."""
    monkeypatch.setattr(_key_block, "_Loader", request.param)


def changed(text, values=None, added=None, removed=NONE):
    return KeyBlock(text).changed(values or {}, added or {}, frozenset(removed))


# What a person wrote, what is asked for, and what must come of it, to the character.
EDITS = {
    "a value": (f"{VARIABLE}:\n  acme: OLD # since May\n", {"acme": "NEW"}, {}, [], f'{VARIABLE}:\n  acme: "NEW" # since May\n'),
    "what stands around it": (
        f"# ours\nnumber: 0123\nyes: no\n{VARIABLE}: # by domain\n    acme:   'OLD'\n    # Globex\n\n    globex: G\n# last\nthe_end: 1.10\n",
        {"acme": "NEW"}, {"hooli": "H"}, [],
        f'# ours\nnumber: 0123\nyes: no\n{VARIABLE}: # by domain\n    acme:   "NEW"\n    # Globex\n\n    globex: G\n    hooli: "H"\n# last\nthe_end: 1.10\n',
    ),
    "one goes": (f"{VARIABLE}:\n  acme: A # x\n  globex: G\n  # end\n", {}, {}, ["acme"], f"{VARIABLE}:\n  globex: G\n  # end\n"),
    "all go, others come": (
        f"{VARIABLE}:\n  acme: A\n  globex: G\nz: 1\n", {}, {"new": "N"}, ["acme", "globex"],
        f'{VARIABLE}:\n  new: "N"\nz: 1\n',
    ),
    "no dictionary yet": ("a: 1 # x\n# end\n", {}, {"new": "N"}, [], f'a: 1 # x\n{VARIABLE}:\n  new: "N"\n# end\n'),
    "nothing at all": ("", {}, {"new": "N"}, [], f'{VARIABLE}:\n  new: "N"\n'),
    "a comment alone": ("---\n# ours", {}, {"new": "N"}, [], f'---\n# ours\n{VARIABLE}:\n  new: "N"'),
    "empty": (f"{VARIABLE}: # by domain\na: 1\n", {}, {"new": "N"}, [], f'{VARIABLE}: # by domain\n  new: "N"\na: 1\n'),
    "null": (
        f"{VARIABLE}: null # x\na: 1\n", {}, {"new": "N"}, [],
        f'{VARIABLE}: # x\n  new: "N"\na: 1\n',
    ),
    "empty braces": (f"{VARIABLE}: {{}}\n", {}, {"new": "N"}, [], f'{VARIABLE}:\n  new: "N"\n'),
    "no line break at the end": (f"{VARIABLE}:\n  acme: A", {}, {"new": "N"}, [], f'{VARIABLE}:\n  acme: A\n  new: "N"'),
    "an end of the document": ("a: 1\n...\n", {}, {"new": "N"}, [], f'a: 1\n{VARIABLE}:\n  new: "N"\n...\n'),
    "a value without one": (f"{VARIABLE}:\n  acme:\n  globex: G\n", {"acme": "A"}, {}, [], f'{VARIABLE}:\n  acme: "A"\n  globex: G\n'),
    "a value in lines": (
        f"{VARIABLE}:\n  acme: |\n    OLD\n\n  globex: G\n", {"acme": "A"}, {}, [],
        f'{VARIABLE}:\n  acme: "A"\n\n  globex: G\n',
    ),
    "lines at the end": ("a: |+\n  text\n\n\n", {}, {"new": "N"}, [], f'a: |+\n  text\n\n\n{VARIABLE}:\n  new: "N"\n'),
    "Windows": (
        f"a: 0x1F\r\n{VARIABLE}:\r\n  acme: A\r\n", {"acme": "B"}, {"new": "N"}, [],
        f'a: 0x1F\r\n{VARIABLE}:\r\n  acme: "B"\r\n  new: "N"\r\n',
    ),
    "letters of two units": (f"\ufeffä😀: '😀'\n{VARIABLE}:\n  😀: A # 😀\n", {"😀": "B"}, {}, [], f"\ufeffä😀: '😀'\n{VARIABLE}:\n  😀: \"B\" # 😀\n"),
    "tags": (
        f"a: !vault |\n  31\n{VARIABLE}:\n  acme: !vault |\n    31\n  globex: G\n", {"globex": "H"}, {}, [],
        f'a: !vault |\n  31\n{VARIABLE}:\n  acme: !vault |\n    31\n  globex: "H"\n',
    ),
    "an alias beside it": (
        f"k: &k K\n{VARIABLE}:\n  acme: *k\n  globex: G\n", {"globex": "H"}, {"new": "N"}, [],
        f'k: &k K\n{VARIABLE}:\n  acme: *k\n  globex: "H"\n  new: "N"\n',
    ),
    "a merge": (
        f"b: &b {{x: X}}\n{VARIABLE}:\n  <<: *b\nz: 1\n", {}, {"new": "N"}, [],
        f'b: &b {{x: X}}\n{VARIABLE}:\n  <<: *b\n  new: "N"\nz: 1\n',
    ),
    "JSON": (
        f'{{\n  "a": 01,\n  "{VARIABLE}": {{"acme": "A",\n "globex": "G"}}\n}}\n', {"acme": "B"}, {"new": "N"}, [],
        f'{{\n  "a": 01,\n  "{VARIABLE}": {{"acme": "B",\n "globex": "G", "new": "N"}}\n}}\n',
    ),
    "JSON, one goes": (
        f'{{"{VARIABLE}": {{"acme": "A", "globex": "G"}}, "z": 1}}', {"globex": "H"}, {"new": "N"}, ["acme"],
        f'{{"{VARIABLE}": {{"globex": "H", "new": "N"}}, "z": 1}}',
    ),
    "JSON without them": ('{"a": {"b": [1]}}', {}, {"new": "N"}, [], f'{{"a": {{"b": [1]}}, "{VARIABLE}": {{"new": "N"}}}}'),
    "JSON with nothing": ("{}\n", {}, {"new": "N"}, [], f'{{"{VARIABLE}": {{"new": "N"}}}}\n'),
}  # fmt: skip


@pytest.mark.parametrize(("text", "values", "added", "removed", "expected"), EDITS.values(), ids=EDITS)
def test_nothing_else_changes(text, values, added, removed, expected):
    assert changed(text, values, added, removed) == expected


@pytest.mark.parametrize(
    "name", ["on", "yes", "null", "0123", "1e5", "1_000", "2024-01-01", "12:30:45", "", " ", "=", "<<", "a: b", '"', "\\", "ü", "#x"]
)  # fmt: skip
def test_names_and_keys_are_read_back_as_what_they_are(name):
    for text in ("", "{}", f"{VARIABLE}:\n  acme: A\n"):
        assert yaml.safe_load(changed(text, added={name: name}))[VARIABLE][name] == name


@pytest.mark.parametrize(
    "text,values,removed",
    [
        (f"k: &k {SECRET}\n{VARIABLE}:\n  acme: *k\n", {"acme": "N"}, []),
        (f"{VARIABLE}:\n  acme: &k {SECRET}\nz: *k\n", {"acme": "N"}, []),
        (f"{VARIABLE}:\n  ? acme\n  : {SECRET}\n", {}, ["acme"]),
        (f"{VARIABLE}: {{acme: {SECRET}, # x\n globex: G}}\n", {}, ["acme"]),
        (f"{VARIABLE}:\n  [a, b]: {SECRET}\n", {}, []),
    ],
    ids=["an alias", "an anchor", "a question mark", "a comment in braces", "a list as a name"],
)
def test_what_cannot_be_changed_safely_is_refused(text, values, removed):
    with pytest.raises(Problem, match="cannot be changed without a risk") as problem:
        changed(text, values, {"new": "N"}, removed)
    assert SECRET not in str(problem.value)


def test_two_dictionaries_are_refused():
    with pytest.raises(Problem, match="2 times"):
        KeyBlock(f"{VARIABLE}: {{a: b}}\nx: 1\n{VARIABLE}: {{c: d}}\n")


def test_names_are_read_as_ansible_reads_them():
    block = KeyBlock(f"{VARIABLE}:\n  0123: a\n  on: b\n  '0456': c\n  4711: 12\n")
    assert [(entry.name, entry.value) for entry in block.entries] == [
        ("83", "a"), ("True", "b"), ("0456", "c"), ("4711", None),
    ]  # fmt: skip


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=8)
# An empty name is dumped with a question mark.
NAMES = TEXTS.filter(bool)
LINES = st.lists(
    st.sampled_from(["# a comment", "", "n: 0123 # x", "s: 'it''s'", "l:\n- a\n\n- b # x", "b: |\n  {{ x }}\n\n  y\n", "t: !vault |\n  31", "o: on"]),
    max_size=4, unique=True,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(LINES, LINES, st.dictionaries(NAMES, TEXTS, max_size=4), st.dictionaries(NAMES, TEXTS, min_size=1), st.data())
def test_whatever_is_asked_is_done_and_all_other_lines_stay(before, after, old, wanted, data):
    after = [line for line in after if line not in before or line.startswith("#") or not line]
    block = yaml.safe_dump({VARIABLE: old}, allow_unicode=True, width=10**6).splitlines() if old else [f"{VARIABLE}:"]
    text = "\n".join([*before, *block, *after]) + "\n"
    removed = frozenset(data.draw(st.sets(st.sampled_from(sorted(old))))) - set(wanted) if old else NONE
    values = {name: key for name, key in wanted.items() if name in old}
    added = {name: key for name, key in wanted.items() if name not in old}
    new = changed(text, values, added, removed)
    kept = {name: key for name, key in old.items() if name not in removed}
    # As a tree, since the tag is not one of a safe loader's.
    found = {name.value: node for name, node in yaml.compose(new).value}[VARIABLE]
    assert {name.value: value.value for name, value in found.value} == {**kept, **wanted}
    lines = new.splitlines()
    for line in [line for part in (*before, *after) for line in part.splitlines()]:
        assert line in lines
