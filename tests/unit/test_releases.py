# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every public name of a release is still there, or the upgrade guide names it; every new one says since when."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.tenantlink.stackone.plugins.filter.merged_reports import merged_reports
from ansible_collections.tenantlink.stackone.plugins.filter.report import report
from ansible_collections.tenantlink.stackone.plugins.filter.report_csv import report_csv
from tests.support.collection import COLLECTIONS, ROOT
from tests.support.interface import incompatible, interface_of, since
from tests.support.releases import COMMITS, FIXTURES

GUIDE = (ROOT / "docs" / "upgrading.md").read_text()
VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
SAY_SINCE = ("module: ", "filter: ", "inventory: ", "role: ", "event source: ")
"""The kinds whose documentation has room for a version."""
FRAGMENTS = ROOT / "changelogs" / "fragments"


def released(version):
    return json.loads((FIXTURES / version / "interface.json").read_text())


def own_name(name):
    """Return the name that users write, such as `max_age` of "event source: account_webhooks: option max_age"."""
    return name.rpartition(": ")[2].rpartition(" ")[2]


def test_each_release_is_kept():
    made = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text())["releases"]
    assert set(made) - {VERSION} == set(COMMITS)


@pytest.mark.programs
@pytest.mark.parametrize("version", COMMITS)
def test_what_cannot_be_used_as_before_is_in_the_guide(version):
    table = GUIDE.partition("## Names and defaults")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", table))
    lost = [
        (name, why)
        for name, why in incompatible(released(version), interface_of(COLLECTIONS))
        if own_name(name) not in named
    ]
    assert lost == []


@pytest.mark.programs
@pytest.mark.parametrize("version", COMMITS)
def test_the_guide_names_nothing_else(version):
    table = GUIDE.partition("## Names and defaults")[2].partition("\n## ")[0]
    lost = {own_name(name) for name, _why in incompatible(released(version), interface_of(COLLECTIONS))}
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == lost


@pytest.mark.programs
def test_what_is_new_says_since_when():
    now, before = interface_of(COLLECTIONS), {name for version in COMMITS for name in released(version)}
    new = [name for name in now if name.startswith(SAY_SINCE) and name not in before]
    assert len(new) > 100
    assert [name for name in new if since(now, name) != VERSION] == []


@pytest.mark.programs
@pytest.mark.parametrize("version", COMMITS)
def test_what_is_old_keeps_its_version(version):
    now, before = interface_of(COLLECTIONS), released(version)
    assert [name for name in before if name in now and since(now, name) != since(before, name)] == []


def project_of(version):
    """Return the texts of the project that the files of a release were made with."""
    return {path.name: path.read_text() for path in (FIXTURES / version / "project").rglob("*.yml")}


@pytest.mark.parametrize("version", COMMITS)
def test_the_project_sets_every_variable_and_option(version):
    """Or a run of it says nothing about those that it leaves out."""
    project = project_of(version)
    for name in released(version):
        kind, _colon, rest = name.partition(": ")
        if " variable " in f" {rest}" and kind == "role":
            used = {
                "tenants_file",
                "api_keys",
                "api_keys_file",
                "new_api_keys",
                "new_api_keys_file",
                "stackone_api_key",
                "stackone_url",
                "freshservice_url",
            }
            assert own_name(name).removeprefix("freshservice_link_") in used or f"{own_name(name)}:" in "".join(
                project.values()
            ), name
        if " option " in rest and kind in ("module", "inventory"):
            text = project["modules.yml" if kind == "module" else "stackone.yml"]
            last = own_name(name).rpartition(".")[2]
            assert re.search(rf"\b{last}:", text) or last in ("stackone_url", "key"), name


@pytest.mark.parametrize("version", COMMITS)
def test_its_reports_are_written_in_other_forms(version):
    document = json.loads((FIXTURES / version / "report.json").read_text())
    table = report_csv(document["rows"], document["columns"])
    assert "globex" in table
    links = json.loads((FIXTURES / version / "results.json").read_text())["links"]
    again = report(links, "Links", "2026-01-01T00:00:00Z", True)
    assert [row["domain"] for row in again["rows"]] == ["acme", "globex", "hooli", "soylent", "initech", "umbrella"]
    assert [outcome["name"] for outcome in again["outcomes"]] == ["would be linked", "as declared", "failed"]


@pytest.mark.parametrize("version", COMMITS)
def test_its_reports_cannot_be_merged(version):
    with pytest.raises(
        AnsibleFilterError, match=r"report\.json was made by another version of this collection\. Make "
    ):
        merged_reports([str(FIXTURES / version / "report.json")], "All")


BEFORE = {
    "module: links": {"version_added": "1.0.0"},
    "module: links: option pace": {"type": "int", "default": 5, "choices": [5, 6]},
    "module: links: option pace.unit": {"type": "str"},
    "failure code: slow": {},
}


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, []),
        ({"failure code: slow": None}, ["it is gone"]),
        ({"module: links: option pace": {"type": "float", "default": 5, "choices": [5, 6]}}, ["its type was int"]),
        ({"module: links: option pace": {"type": "raw", "default": 5}}, []),
        ({"module: links: option pace": {"type": "int", "default": 5, "choices": [5]}}, ["its choices lack [6]"]),
        (
            {"module: links: option pace": {"type": "int", "default": 6, "choices": [5, 6, 7]}},
            ["its default was 5 and is 6"],
        ),
        ({"module: links: option pace.unit": {"type": "str", "required": True}}, ["it is required"]),
        ({"module: links: option pace.mode": {"type": "str", "required": True}}, ["it is new and required"]),
        ({"module: links: option mode": {"type": "str", "required": True}}, ["it is new and required"]),
        ({"module: others: option mode": {"type": "str", "required": True}}, []),
    ],
)
def test_what_breaks_a_user_is_seen(changes, seen):
    now = {name: facts for name, facts in {**BEFORE, **changes}.items() if facts is not None}
    assert [why for _name, why in incompatible(BEFORE, now)] == seen


def test_a_part_is_as_old_as_what_it_belongs_to():
    added = {**BEFORE, "module: links: option pace": {"version_added": "2.0.0"}}
    assert since(added, "module: links: option pace.unit") == "2.0.0"
    assert since(BEFORE, "module: links: option pace.unit") == "1.0.0"
    assert since(BEFORE, "failure code: slow") is None


def test_fragments_use_the_markup_of_the_changelog():
    """Which knows double backticks, and shows the macros of the documentation as they are written."""
    macro = re.compile(r"\b(?:[CEMOPV]|RV)\(")
    assert [path.name for path in FRAGMENTS.glob("*.yml") if macro.search(path.read_text())] == []


def breaking_fragments():
    """Return the names of the fragments that break something; none are left once the release is made."""
    return {path.stem for path in FRAGMENTS.glob("*.yml") if "breaking_changes" in yaml.safe_load(path.read_text())}


def test_each_breaking_change_is_in_the_guide():
    told = re.findall(r"^<!-- fragments: (.*) -->$", GUIDE, re.MULTILINE)
    named = {name for line in told for name in line.split(", ")}
    assert breaking_fragments() - named == set()
    assert named - breaking_fragments() == set() or not breaking_fragments()


def test_images_have_the_version_that_they_contain():
    examples = [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "examples").rglob("*.yml")]
    tags = re.findall(r"tenantlink-stackone(?:-decisions)?:(\d[\w.]*)", " ".join(path.read_text() for path in examples))
    assert set(tags) == {VERSION}
