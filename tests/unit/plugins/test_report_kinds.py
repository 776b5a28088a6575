# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The document of checked keys, of accounts, and of hosts that are tenants."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.key_status import KeyStatus
from tests.support.report_results import EMPTY, SUMMARY, account, failed, only_row, outcomes, report, row


def keys(*verdicts):
    rows = [{"domain": f"t{number}", "origin_owner_id": None, "verdict": each} for number, each in enumerate(verdicts)]
    return {"results": rows, "summary": {"tenants": len(rows), "verdicts": {}, "requests": {"freshservice": 3}}}


def test_keys_are_valid_or_refused_or_could_not_be_checked():
    assert outcomes(keys(*(status.value for status in KeyStatus), None)) == {"valid": 1, "refused": 7, "not checked": 3}
    document = report(keys("unreachable", "valid", "key_disabled"))
    assert [each["name"] for each in document["outcomes"]] == ["valid", "refused", "not checked"]
    assert document["totals"] == {"tenants": 3, "changed": 0, "failed": 2, "not_started": 0}


def test_a_refused_key_says_why():
    result = keys("valid", "key_disabled", "access_denied")
    result["results"][0]["agent"] = "a@acme.example"
    result["results"][1]["failure"] = failed("t1")["failure"]
    valid, disabled, denied = report(result)["rows"]
    assert (valid["agent"], valid["verdict"], valid["problem"]) == ("a@acme.example", "valid", "")
    assert (disabled["problem"], disabled["code"]) == ("The API key is switched off.", "key_disabled")
    assert (denied["problem"], denied["code"]) == ("Access denied", "access_denied")


def test_keys_are_told_from_links_without_a_summary():
    assert outcomes({"results": keys("valid")["results"]}) == {"valid": 1}
    assert outcomes({"results": [row(verdict="valid")]}) == {"as declared": 1}
    assert outcomes({"results": [row()], "summary": SUMMARY}) == {"as declared": 1}


def test_accounts_count_by_status():
    result = {"accounts": [account(each) for each in ("error", "active", "new_one", "archived", "active", None)]}
    document = report(result)
    names = ["active", "archived", "error", "new_one", "unknown"]
    assert [each["name"] for each in document["outcomes"]] == names
    assert document["totals"] == {"tenants": 6, "changed": 0, "failed": 4, "not_started": 0}


def test_an_account_that_does_not_work_says_why_and_what_to_do():
    broken = account("error", status_reasons=["Invalid credentials"], origin_owner_name="Acme Ltd")
    shown = {"domain": "acme", "origin_owner_id": "customer-1", "origin_owner_name": "Acme Ltd", "account_id": "17"}
    assert only_row({"accounts": [broken], "summary": {"accounts": 1}}) == {
        **{**EMPTY, **shown, "outcome": "error", "account_status": "error", "code": "account_not_active"},
        "problem": "The status of account 17 is error (Invalid credentials).",
        "remediation": "Check the key and the agent's rights, then link again: StackOne then gets domain and key once more.",
    }
    suspended = only_row({"accounts": [account("suspended")]})
    assert suspended["remediation"] == "Resume it in StackOne's dashboard: Accounts, the account's row menu."


LINKED = {
    "changed": True,
    "actions": ["relink", "update"],
    "stored_key": "changed",
    "agent_change": "other",
    "account": {"id": "17", "status": "active", "domain": "acme", "origin_owner_id": "customer-1", "origin_owner_name": "Acme"},
    "agent": {"id": 5, "email": "a@acme.example"},
    "key_check": {"status": "valid", "message": "the API key works.", "remediation": ""},
    "diff": {"before": {"label": "Old", "api_key": "unchanged", "type": "test"}, "after": {"label": "New", "api_key": "changed", "type": "test"}},
    "warnings": ["Repeated 1 request."],
}  # fmt: skip
REFUSED = {
    "changed": False,
    "domain": "globex",
    "key_check": {"status": "key_disabled", "message": "the API key is switched off.", "remediation": "Enable it."},
}


def test_a_linked_host():
    shown = {"domain": "acme", "origin_owner_id": "customer-1", "origin_owner_name": "Acme", "account_id": "17"}
    assert only_row([{"host": "tenant-1", "result": LINKED}]) == {
        **{**EMPTY, **shown, "outcome": "re-linked", "changed": True, "account_status": "active", "verdict": "valid"},
        "agent": "a@acme.example",
        "changes": ["label: Old → New", "API key: changed", "agent: another one than before"],
        "warnings": ["Repeated 1 request."],
    }


def test_a_host_that_would_be_linked_is_known_by_its_diff():
    result = {"changed": True, "actions": ["create"], "diff": {"before": {}, "after": {"domain": "acme", "origin_owner_id": "c", "label": "x"}}}  # fmt: skip
    shown_row = only_row([{"host": "tenant-1", "result": result}], check_mode=True)
    assert (shown_row["domain"], shown_row["origin_owner_id"]) == ("acme", "c")
    assert (shown_row["outcome"], shown_row["changes"]) == ("would be linked", [])


def test_a_host_whose_key_was_only_checked():
    shown_row = only_row([{"host": "tenant-1", "result": REFUSED}])
    assert (shown_row["domain"], shown_row["outcome"]) == ("globex", "refused")
    assert (shown_row["problem"], shown_row["remediation"]) == ("The API key is switched off.", "Enable it.")
    assert shown_row["code"] == shown_row["verdict"] == "key_disabled"
    good = {**REFUSED, "key_check": LINKED["key_check"], "agent": LINKED["agent"]}
    shown_row = only_row([{"host": "tenant-1", "result": good}])
    assert (shown_row["outcome"], shown_row["agent"], shown_row["problem"]) == ("valid", "a@acme.example", "")


def test_a_failed_host_is_known_by_its_result():
    failure = failed("globex")["failure"]
    result = {"changed": False, "actions": [], "msg": failure.pop("msg"), "failure": failure}
    result.update(domain="globex", origin_owner_id="customer-globex")
    shown_row = only_row([{"host": "tenant-1", "result": result}])
    assert (shown_row["domain"], shown_row["origin_owner_id"]) == ("globex", "customer-globex")
    assert (shown_row["outcome"], shown_row["problem"]) == ("failed", "The API key is switched off.")


def test_a_host_that_could_not_be_reached():
    shown_row = only_row([{"host": "acme", "result": {"unreachable": True, "msg": "no route"}}])
    assert (shown_row["domain"], shown_row["outcome"], shown_row["problem"]) == ("acme", "failed", "No route")


@pytest.mark.parametrize(
    "result", [None, {}, "text", {"skipped": True, "changed": False, "skip_reason": "Conditional result was False"}]
)
def test_a_host_without_a_result_is_left_out(result):
    document = report([{"host": "acme", "result": result}, {"host": "globex"}, {"host": "x", "result": LINKED}])
    assert [each["domain"] for each in document["rows"]] == ["acme"]
    assert document["rows"][0]["outcome"] == "re-linked"


def test_a_module_that_died_on_a_host_is_no_success():
    """What ansible-core 2.19 and newer leave of it in a task that is told not to fail."""
    left = {"changed": False, "failed": False, "failed_when_suppressed_exception": "(traceback unavailable)"}
    shown_row = only_row([{"host": "acme", "result": left}])
    assert (shown_row["domain"], shown_row["outcome"]) == ("acme", "failed")
    assert shown_row["problem"] == "The module ended without a result."


def test_no_hosts_at_all():
    assert report([])["totals"] == {"tenants": 0, "changed": 0, "failed": 0, "not_started": 0}


def test_hosts_that_did_not_get_to_their_turn():
    lost = {"failed": True, "msg": "It was lost."}
    hosts = [{"host": "later", "result": {}, "started": False}, {"host": "lost", "result": lost}]
    shown = [(row["domain"], row["outcome"]) for row in report(hosts)["rows"]]
    assert shown == [("later", "not started"), ("lost", "failed")]


def test_a_play_with_a_list_and_a_tenant_as_a_host():
    listed = {"changed": True, "results": [{"domain": "globex", "action": "create", "changed": True}], "summary": {"actions": {"create": 1}}}  # fmt: skip
    shown = report([{"host": "list", "result": listed}, {"host": "tenant-1", "result": LINKED}])["rows"]
    assert [(row["domain"], row["outcome"]) for row in shown] == [("globex", "linked"), ("acme", "re-linked")]
    assert [(row["domain"], row["outcome"]) for row in report(LINKED)["rows"]] == [("acme", "re-linked")]
