# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the role that are as large as its list of tenants."""

from __future__ import annotations

import yaml

from tests.support.collection import ROOT

VARIABLES = yaml.safe_load((ROOT / "roles" / "freshservice_link" / "vars" / "main.yml").read_text())


def test_no_variable_holds_a_result_or_a_document():
    # Ansible before 2.19 turns each variable that is a template into text and parses it, wherever it is used: seconds for thousands of rows.
    results = {"{{ freshservice_link_result }}", "{{ freshservice_link_accounts }}"}
    held = [
        name
        for name, value in VARIABLES.items()
        if isinstance(value, str)
        and (
            value in results or ("stackone.report(" in value and "report_stats(" not in value and ").rows" not in value)
        )
    ]
    assert not held
