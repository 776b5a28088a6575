# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README has the headings that certification asks for, is short, and names everything that is in the collection."""

from __future__ import annotations

import re

from tests.support.collection import ROOT

README = (ROOT / "README.md").read_text()
HEADINGS = [
    *("Description", "Requirements", "Installation", "Quick start", "Use cases", "Included content", "Support"),
    *("Testing", "Release notes", "Related information", "License"),
]
MOST_WORDS, MOST_LINES = 1300, 150


def test_it_has_the_headings_of_certification():
    assert re.findall(r"^## (.*)$", README, re.MULTILINE) == HEADINGS


def test_it_is_short():
    assert len(README.split()) < MOST_WORDS
    assert README.count("\n") < MOST_LINES


def test_it_has_one_picture_and_says_how_to_try_it():
    assert README.count("<img ") == 1
    assert "make demo" in README
    assert "make test" in README


def test_it_names_all_modules_plugins_and_playbooks():
    """All filters are on the page that it refers to."""
    names = {path.stem for folder in ("modules", "inventory") for path in (ROOT / "plugins" / folder).glob("*.py")}
    eda = ROOT / "extensions" / "eda"
    names |= {path.stem for path in (eda / "plugins" / "event_source").glob("*.py")}
    names |= {path.stem for path in (eda / "rulebooks").glob("*.yml")}
    names |= {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert len(names) > 20
    assert {name for name in names if f"`{name}`" not in README} == set()


def test_every_filter_is_on_the_page_that_it_refers_to():
    page = (ROOT / "docs" / "own_playbooks.md").read_text().partition("## Filters")[2].partition("\n## ")[0]
    filters = {path.stem for path in (ROOT / "plugins" / "filter").glob("*.yml")}
    rows = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == filters
