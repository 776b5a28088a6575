# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a run for a tenant as a host: one line, which says what was done or why it failed."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.tenant import missing_options
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.plan import key_missing
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.asked import Asked
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.ending import (
    DIED,
    STAYS_UNLINKED,
    ending_of_host,
)
from tests.support.report_results import refused

MISSING = key_missing("this tenant has no account yet")


def test_a_host():
    result = {"actions": ["relink"], "account": {"id": "7", "status": "active"}, "agent": {"email": "a@b"}}
    result["diff"] = {"before": {"domain": "old"}, "after": {"domain": "new"}}
    assert ending_of_host("h", result, Asked()).lines == [
        "h: re-linked; account 7, active, agent a@b; domain: old → new"
    ]
    assert ending_of_host("h", {"actions": ["create"]}, Asked(check_mode=True)).lines == [
        "h: would be linked; account new, not linked yet"
    ]
    gone = {"actions": ["delete"], "account": {"id": "7", "status": "active"}}
    assert ending_of_host("h", gone, Asked()).lines == [f"h: unlinked; account 7{STAYS_UNLINKED}"]
    assert ending_of_host("h", {"key_check": {"status": "valid"}}, Asked()).verdict == ""


def test_a_host_without_a_key_is_not_asked_about_variables_that_are_read():
    """Those of the example inventory take theirs from dictionaries of keys."""
    told = ending_of_host("h", refused(MISSING), Asked(near=["vault_freshservice_api_keys"])).verdict
    assert "not read" not in told


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (
            refused(MISSING),
            "h: this tenant has no account yet, but no API key is declared. Set freshservice_link_api_key for this host,",
        ),
        (refused(missing_options(["domain"])), "h: domain is missing."),
        (refused(missing_options(["stackone_api_key"])), "h: StackOne's API key is missing."),
        ({"msg": "account_id is wrong."}, "h: freshservice_link_account_id is wrong."),
        ({"msg": "The api_key of a file is missing."}, "h: The freshservice_link_api_key of a file is missing."),
        ({"msg": ""}, f"h: {DIED}"),
    ],
)
def test_a_host_that_failed(result, words):
    assert ending_of_host("h", result, Asked()).verdict.startswith(words)
