# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The word list finds what it should, only in what people read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.language import ROOT, RULES, WORDS, findings_in, main, project_files, prose

CASES = list(zip(WORDS["rules"], RULES))


def matches(rule, sentence, suffix):
    return any(rule.pattern.search(line) for _number, line in prose(suffix, sentence))


@pytest.mark.parametrize("written, rule", CASES, ids=[rule.pattern.pattern for rule in RULES])
def test_each_rule_finds_its_examples_and_not_their_counterparts(written, rule):
    assert written["wrong"]
    assert written["right"]
    assert [each for each in written["wrong"] if not matches(rule, each, ".md")] == []
    assert [each for each in written["right"] if matches(rule, each, ".md")] == []


@pytest.mark.parametrize(
    "suffix, text, lines",
    [
        (".md", "Keys sent anew.\n\n| cell | it is good |\n", [1, 3]),
        (".md", "```sh\nmake anew\n```\n`anew` [text](anew.md)\n", []),
        (".py", '"""It mends.\n\nSent anew.\n"""\nbegun = 1  # is begun\n', [1, 3, 5]),
        (".py", "anew = begun(`shall`)".replace("`", "'"), [1]),
        (".py", "anew = begun", []),
        (".yml", "# Where it is refused, the run ends.\nanew_one: V(anew), ``anew``\ntext: sent anew\n", [1, 3]),
    ],
)
def test_only_what_people_read_is_searched(tmp_path, suffix, text, lines):
    path = tmp_path / f"page{suffix}"
    path.write_text(text)
    assert sorted({finding.line for finding in findings_in(path)}) == lines


def test_a_finding_names_the_place_and_the_better_word(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("Good.\nSent anew.\n")
    assert main([str(page)]) == 1
    assert capsys.readouterr().out == f'{page}:2: "anew": write again, or regenerate\n'
    page.write_text("Sent again.\n")
    assert main([str(page)]) == 0


def test_the_pages_are_among_the_files():
    names = {str(Path(name).relative_to(ROOT)) for name in project_files()}
    assert {"README.md", "CONTRIBUTING.md", "docs/getting_started.md", "tests/emulator/README.md"} <= names


def test_every_exception_is_still_needed():
    """A line of `not_yet` whose files pass is removed."""
    done = [pattern for pattern in WORDS["not_yet"] if not any(list(findings_in(path)) for path in ROOT.glob(pattern))]
    assert done == [], "remove these from not_yet in tests/words.yml"
