# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/getting_started.md says that YAML makes of unquoted texts is what it makes of them."""

from __future__ import annotations

import re
from datetime import date

import yaml

from tests.support.collection import ROOT

GUIDE = (ROOT / "docs" / "getting_started.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`.+) \| (.+) \| (.+) \|$", GUIDE, re.MULTILINE)


def row(made):
    ((typed, _made, happens),) = [each for each in ROWS if made in each[1]]
    return [yaml.safe_load(text) for text in re.findall(r"`(.+?)`", typed)], happens


def test_whole_numbers_cannot_be_told_from_what_was_typed():
    values, happens = row("the whole numbers")
    assert values == [83, 31, 1000, 45045]
    assert re.findall(r"`(\d+)`", happens) == [str(value) for value in values]


def test_the_others():
    assert row("the number 4711")[0] == [4711]
    assert all(isinstance(value, str) for value in row("text")[0])
    assert all(value is None or isinstance(value, bool) for value in row("true, false or nothing")[0])
    assert all(isinstance(value, (float, date)) for value in row("a decimal number or a date")[0])
