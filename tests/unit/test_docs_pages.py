# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links between the pages lead somewhere, and the README is short and names all that the collection has."""

from __future__ import annotations

import posixpath
import re
from functools import cache

import pytest
import yaml

from tests.support.collection import ROOT

README = (ROOT / "README.md").read_text()
HEADINGS = [
    *("Description", "Requirements", "Installation", "Quick start", "Use cases", "Included content"),
    *("Communication", "Support", "Testing", "Release notes", "Related information", "License"),
]
MOST_WORDS, MOST_LINES = 1300, 150
REPOSITORY = yaml.safe_load((ROOT / "galaxy.yml").read_text())["repository"]
OWN = re.compile(rf"{re.escape(REPOSITORY)}/(?:blob|tree)/main/(.*)")
RAW = re.compile(r"https://raw\.githubusercontent\.com/tenantlink/stackone/main/(.*)")
LINK = re.compile(r"\]\(([^()\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "roles/*/README.md", "tests/*/README.md")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md"
)


def links_of(page):
    """Return (file or folder, heading) of each link into the repository; the file is relative to its root."""
    for found in LINK.finditer(FENCED.sub("", (ROOT / page).read_text())):
        target = found[1] or found[2]
        own = OWN.fullmatch(target) or RAW.fullmatch(target)
        if own or not re.match(r"[a-z]+:", target):
            path, _hash, heading = (own[1] if own else target).partition("#")
            folder = "" if own else posixpath.dirname(page)
            yield posixpath.normpath(posixpath.join(folder, path)) if path else page, heading


@cache
def headings_of(page):
    """Return the names by which a page's headings can be linked to. GitHub shows the README of a folder."""
    path = ROOT / page / "README.md" if (ROOT / page).is_dir() else ROOT / page
    headings = HEADING.findall(FENCED.sub("", path.read_text()))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    dead = [
        (path, heading)
        for path, heading in links_of(page)
        if not (ROOT / path).exists() or (heading and heading not in headings_of(path))
    ]
    assert dead == []


def test_headings_are_found():
    assert {"two-environments", "ids-names-and-quotes"} <= headings_of("docs/getting_started.md")
    assert ("docs/linking_at_scale.md", "one-run-at-a-time") in set(links_of("docs/getting_started.md"))


def test_links_of_the_readme_are_absolute():
    """Galaxy does not resolve others."""
    targets = [found[1] or found[2] for found in LINK.finditer(README)]
    assert [target for target in targets if not target.startswith("https://")] == []


def test_the_site_lists_every_page():
    index = (ROOT / "docs" / "site" / "index.md").read_text()
    listed = set(re.findall(r"^(?:.*<)?([\w/]+)>?$", index, re.MULTILINE))
    assert {f"docs/{path.stem}" for path in (ROOT / "docs").glob("*.md")} - listed == set()


def test_the_readme_has_the_headings_of_certification():
    assert re.findall(r"^## (.*)$", README, re.MULTILINE) == HEADINGS


def test_the_readme_is_short():
    assert len(README.split()) < MOST_WORDS
    assert README.count("\n") < MOST_LINES


def test_the_readme_has_one_picture_and_says_how_to_try_it():
    assert README.count("<img ") == 1
    assert "make demo" in README
    assert "make test" in README


def test_the_readme_names_all_modules_plugins_and_playbooks():
    """All filters are on the page that it refers to."""
    names = {path.stem for folder in ("modules", "inventory") for path in (ROOT / "plugins" / folder).glob("*.py")}
    eda = ROOT / "extensions" / "eda"
    names |= {path.stem for path in (eda / "plugins" / "event_source").glob("*.py")}
    names |= {path.stem for path in (eda / "rulebooks").glob("*.yml")}
    names |= {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert len(names) > 20
    assert {name for name in names if f"`{name}`" not in README} == set()


def test_every_filter_is_on_the_page_that_the_readme_refers_to():
    page = (ROOT / "docs" / "own_playbooks.md").read_text().partition("## Filters")[2].partition("\n## ")[0]
    filters = {path.stem for path in (ROOT / "plugins" / "filter").glob("*.yml")}
    rows = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == filters
