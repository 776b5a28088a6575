# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide's table of what a tenant can declare is that of the code."""

from __future__ import annotations

import re

from ansible_collections.tenantlink.stackone.plugins.module_utils._module.argspec import listed_tenant_spec
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.tenant_list import COLUMNS
from tests.support.collection import ROOT

GUIDE = (ROOT / "docs" / "tenants_and_keys.md").read_text(encoding="utf-8")
TABLE = GUIDE.partition("## What a tenant can declare")[2].partition("\n## ")[0]
ROWS = {
    name: (in_a_csv, values)
    for names, in_a_csv, values in re.findall(r"^\| (`.+?) \| (yes|no) \| (.+?) \|", TABLE, re.MULTILINE)
    for name in re.findall(r"`(\w+)`", names)
}


def test_it_lists_every_key():
    assert set(ROWS) == set(listed_tenant_spec())


def test_it_says_which_can_be_columns():
    columns = {name for name, (in_a_csv, _values) in ROWS.items() if in_a_csv == "yes"}
    aliases = {alias for about in listed_tenant_spec().values() for alias in about.get("aliases", ())}
    assert columns == COLUMNS - aliases
    assert all(f"`{alias}`" in TABLE for alias in aliases)


def test_it_gives_choices_and_defaults():
    for name, about in listed_tenant_spec().items():
        values = ROWS[name][1]
        for choice in about.get("choices", ()):
            assert f"`{choice}`" in values, name
        default = about.get("default")
        if default is not None:
            shown = str(default).lower() if isinstance(default, bool) else f"`{default}`"
            assert re.search(rf"{re.escape(shown)} \(default\)", values), name
