# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation says of codes and facts that the code names: all of them, and no others."""

from __future__ import annotations

import re

from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import FailureCode
from tests.support.collection import ROOT

FACT = re.compile(r"\b[FHS]\d{1,2}[a-z]?\b")


def first_cells(page):
    """The first cell of every table row of a page."""
    return re.findall(r"^\| `?(\w+)`? \|", (ROOT / "docs" / page).read_text(), re.MULTILINE)


def test_troubleshooting_names_every_failure_code_once():
    named = [cell for cell in first_cells("troubleshooting.md") if cell != "code"]
    assert sorted(named) == sorted(code.value for code in FailureCode)


def test_api_facts_explain_every_number_that_the_code_names():
    """In the plugins, and in the switches of the emulator."""
    sources = [*(ROOT / "plugins").rglob("*.py"), ROOT / "tests" / "emulator" / "README.md"]
    named = {number for path in sources for number in FACT.findall(path.read_text())}
    explained = [cell for cell in first_cells("api_facts.md") if FACT.fullmatch(cell)]
    assert len(explained) == len(set(explained))
    assert named - set(explained) == set()
