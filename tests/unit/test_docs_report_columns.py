# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/report_columns.md names what a report holds, as the filter documents it, and in the order of the CSV."""

from __future__ import annotations

import re

import yaml

from ansible_collections.tenantlink.stackone.plugins.filter.report import FilterModule
from ansible_collections.tenantlink.stackone.plugins.filter.report_csv import FilterModule as CsvModule
from tests.support.collection import ROOT

PAGE = (ROOT / "docs" / "report_columns.md").read_text(encoding="utf-8")
TEMPLATE = (ROOT / "roles/freshservice_link/templates/report.html.j2").read_text(encoding="utf-8")
DOCUMENT = yaml.safe_load((ROOT / "plugins/filter/report.yml").read_text())["RETURN"]["_value"]["contains"]
ROWS = DOCUMENT["rows"]["contains"]


def section(title):
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def first_cells(title):
    return re.findall(r"^\| `(\w+)` \|", section(title), re.MULTILINE)


def made():
    """Return a document of one tenant."""
    report = FilterModule().filters()["report"]
    return report(
        {"results": [{"domain": "acme", "action": "create", "changed": True}]}, "Links", "2026-11-01T08:00:00Z"
    )


def test_every_field_of_the_document_is_explained():
    assert sorted(first_cells("The JSON document")) == sorted(made()) == sorted(DOCUMENT)


def test_every_column_is_explained_in_its_place():
    document = made()
    header = CsvModule().filters()["report_csv"](document).splitlines()[0].split(",")
    assert first_cells("Rows") == [*header, "changed"] == list(document["rows"][0])
    assert set(header) | {"changed"} == set(ROWS)


def test_every_documented_outcome_is_listed():
    told = set(re.findall(r"`([\w -]+)`", section("Outcomes"))) - {"verify", "report"}
    documented = set(re.findall(r"V\(([\w -]+)\)", " ".join(ROWS["outcome"]["description"])))
    assert documented - told == set()


def test_the_page_s_columns_are_the_template_s():
    shown = set(re.findall(r"^\{?\s*\{'name': '(\w+)'", TEMPLATE, re.MULTILINE))
    told = {
        re.split(r"[ ,]", row)[0]
        for row in re.findall(r"^\| `\w+` \| [^|]+ \| ([^|]+) \|", section("Rows"), re.MULTILINE)
    }
    assert told - {"none"} == shown
