# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The snippets of the upgrade guide: what worked before is reported as it says, and what it shows instead works."""

from __future__ import annotations

import re

import pytest

from tests.support.collection import ROOT

GUIDE = (ROOT / "docs" / "upgrading.md").read_text()
BEFORE = re.compile(r"<!-- before -->\n```yaml\n(.*?)```\n\n```text\n(.*?)\n```", re.DOTALL)
AFTER = re.compile(r"<!-- after -->\n```yaml\n(.*?)```", re.DOTALL)
SECTIONS = {
    section.partition("\n")[0]: (BEFORE.findall(section), AFTER.findall(section))
    for section in GUIDE.split("\n### ")[1:]
}
SHOWN = sorted(title for title, (_before, after) in SECTIONS.items() if after)


@pytest.fixture
def link(runner, request):
    """Preview a run over a list with a snippet's variables. The tenant is not linked, and a customer has left."""
    runner.emulator.set_tenant("mycompany", create=True)
    runner.by_hand("acme", origin_owner_id="customer-0")
    playbook = request.getfixturevalue("playbook")

    def run(snippet):
        path = runner.folder / "snippet.yml"
        path.write_text(snippet)
        tenants = [{"domain": "mycompany", "origin_owner_id": "customer-1"}]
        return playbook("link", "--check", "-e", f"@{path}", freshservice_link_tenants=tenants, quiet=True)

    return run


def test_there_are_snippets():
    assert len(SHOWN) == 7
    assert sum(len(before) for before, _after in SECTIONS.values()) == 6


@pytest.mark.parametrize("title", SHOWN)
def test_what_worked_before_is_reported_and_the_guide_says_what_works(link, title):
    reported, [after] = SECTIONS[title]
    for before, message in reported:
        run = link(before)
        assert run.code == 2, run.output
        assert message in " ".join(run.output.split()), run.output
    run = link(after)
    assert run.code == 0, run.output
