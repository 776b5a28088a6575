# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that makes a report's document of a run over many tenants."""

from __future__ import annotations

import importlib
import json

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.tenantlink.stackone.plugins.filter.report import FilterModule
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import (
    Failure,
    FailureCode,
    Phase,
    not_started,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.early_end import Ended, Failures, tenants_failed
from ansible_collections.tenantlink.stackone.plugins.modules import freshservice_links
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.asked import Asked
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.document import OF_ACCOUNTS
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.ending import ending_of_list
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.rows import COLUMNS
from tests.support.collection import ROOT
from tests.support.report_results import EMPTY, MADE_AT, failed, links, only_row, outcomes, report, row

SECRET = "sEcReT0fACustomer99x"


def test_a_document():
    more = {"origin_owner_name": "Acme Ltd", "account_status": "active", "agent": "a@acme.example", "verdict": "valid"}
    warnings = ["Agent a@acme.example is occasional."]
    first = {"domain": "acme", "origin_owner_id": "customer-acme", "outcome": "linked", "changed": True}
    second = {"domain": "globex", "origin_owner_id": "customer-globex", "outcome": "failed", "code": "key_disabled"}
    problem = {"problem": "The API key is switched off.", "remediation": "Let it be enabled."}
    assert report(links(row("acme", "create", **more, warnings=warnings), failed("globex"))) == {
        **{"version": 1, "title": "Customers", "made_at": MADE_AT, "check_mode": False, "parts": 1},
        **{"problem": None, "problem_code": None},
        "totals": {"tenants": 2, "changed": 1, "failed": 1, "not_started": 0},
        "outcomes": [{"name": "linked", "count": 1}, {"name": "failed", "count": 1}],
        "requests": {"freshservice": 3, "stackone": 9},
        "quota_seconds": 1.5,
        "columns": [name for name in COLUMNS if name != "changes"],
        "rows": [
            {**EMPTY, **first, **more, "account_id": "4711", "warnings": warnings},
            {**EMPTY, **second, **problem, "account_id": "4711"},
        ],
    }


ACTIONS = ["delete", "none", "update", "relink", "create"]


def test_each_row_has_one_outcome_and_they_come_in_a_fixed_order():
    rows = [failed(), *(row(action=action) for action in ACTIONS), row(), failed(action="create")]
    document = report(links(*rows))
    counts = [("linked", 1), ("re-linked", 1), ("updated", 1), ("unlinked", 1), ("as declared", 2), ("failed", 2)]
    assert document["outcomes"] == [{"name": name, "count": count} for name, count in counts]
    assert document["totals"] == {"tenants": 8, "changed": 5, "failed": 2, "not_started": 0}
    assert [each["outcome"] for each in document["rows"]][:2] == ["failed", "unlinked"]


def test_check_mode_says_what_would_be():
    rows = [failed(), *(row(action=action) for action in ACTIONS)]
    would = [f"would be {done}" for done in ("linked", "re-linked", "updated", "unlinked")]
    assert list(outcomes(links(*rows), check_mode=True)) == [*would, "as declared", "failed"]
    assert report(links(), check_mode="yes")["check_mode"] is True


@pytest.mark.parametrize("said", [True, False])
def test_a_result_knows_better_than_the_command_line_whether_it_is_of_check_mode(said):
    """A play, a block or a task can have another check mode."""
    result = {**links(row(action="create")), "check_mode": said}
    outcome = "would be linked" if said else "linked"
    for document in (
        report(result, check_mode=not said),
        report([{"host": "h", "result": result}], check_mode=not said),
    ):
        assert document["check_mode"] is said
        assert [each["outcome"] for each in document["rows"]] == [outcome]


def test_no_change_is_hidden_behind_an_action_of_a_later_version():
    assert only_row(links(row(action="moved")))["outcome"] == "updated"


def test_a_purged_account_is_a_row_and_can_fail():
    gone = {"domain": None, "origin_owner_id": "customer-9", "account_id": "9", "action": "delete", "changed": True}
    kept = {**failed("initech"), "domain": None}
    document = report(links(row(), purged=[gone, kept]))
    assert document["outcomes"] == [{"name": name, "count": 1} for name in ("unlinked", "as declared", "failed")]
    assert document["totals"] == {"tenants": 3, "changed": 1, "failed": 1, "not_started": 0}
    shown = {"origin_owner_id": "customer-9", "account_id": "9", "outcome": "unlinked", "changed": True}
    assert document["rows"][1] == {**EMPTY, **shown}


CHANGES = {
    "a text": ({"label": {"before": "Old", "after": "New"}}, ["label: Old → New"]),
    "from nothing": ({"label": {"before": None, "after": "New"}}, ["label: unset → New"]),
    "to nothing": ({"label": {"before": "Old", "after": ""}}, ["label: Old → unset"]),
    "a name of an option": ({"origin_owner_name": {"before": "A", "after": "B"}}, ["owner name: A → B"]),
    "a label with a word of keys": ({"label": {"before": None, "after": "changed"}}, ["label: unset → changed"]),
    "the key": ({"api_key": {"before": "unchanged", "after": "changed"}}, ["API key: changed"]),
    "the key, perhaps": ({"api_key": {"before": "changed", "after": "unknown"}}, ["API key: unknown"]),
    "a key in clear, against all agreements": ({"api_key": {"before": SECRET, "after": SECRET}}, ["API key: changed"]),
    "further fields": ({"credential_fields": {"before": {"x": "unchanged"}, "after": {"x": "changed"}}}, ["field x: changed"]),
    "a field in clear": ({"credential_fields": {"before": {"x": SECRET}, "after": {"x": SECRET}}}, ["field x: changed"]),
    "several": (
        {"domain": {"before": "a", "after": "b"}, "status": {"before": "error", "after": "active"}},
        ["domain: a → b", "status: error → active"],
    ),
    "none": ({}, []),
    "no dictionary": (["x"], []),
    "no sides": ({"label": "New"}, ["label: unset → unset"]),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), CHANGES.values(), ids=CHANGES)
def test_changes(changes, expected):
    shown_row = only_row(links(row(action="relink", changes=changes)))
    assert shown_row["changes"] == expected
    assert SECRET not in json.dumps(shown_row)


@pytest.mark.parametrize(
    "change, expected", [("other", ["agent: another one than before"]), ("same", []), ("unknown", []), (None, [])]
)
def test_the_key_of_another_agent_is_told(change, expected):
    assert only_row(links(row(action="relink", agent_change=change)))["changes"] == expected


FAILURES = {
    "as it is": ({}, "The API key is switched off."),
    "without remediation": ({"remediation": ""}, "The API key is switched off."),
    "without msg": ({"msg": None}, "The API key is switched off."),
    "nothing but a code": ({"msg": None, "message": None}, "Key disabled"),
    "without anything": ({"msg": None, "message": None, "code": None}, "It failed, and the result does not say why."),
    "an option's name": ({"message": "api_key is empty."}, "api_key is empty."),
}


@pytest.mark.parametrize(("more", "problem"), FAILURES.values(), ids=FAILURES)
def test_a_failure_is_shown_in_its_parts(more, problem):
    record = failed()
    record["failure"].update(more)
    shown_row = only_row(links(record))
    assert shown_row["problem"] == problem
    assert shown_row["remediation"] == more.get("remediation", "Let it be enabled.")


def test_the_line_of_a_failure_without_parts_is_shown_as_it_is():
    record = failed()
    del record["failure"]["message"]
    shown_row = only_row(links(record))
    assert shown_row["problem"] == record["failure"]["msg"]
    assert shown_row["remediation"] == ""


def test_a_failure_that_is_only_text():
    shown_row = only_row(links(row(failure="it broke")))
    assert (shown_row["outcome"], shown_row["problem"]) == ("failed", "It broke")


def test_every_list_of_rows_that_the_module_returns_is_reported():
    returned = yaml.safe_load(freshservice_links.RETURN)
    assert {name for name, about in returned.items() if about.get("elements") == "dict"} == set(OF_ACCOUNTS)


@pytest.mark.parametrize("name", OF_ACCOUNTS)
def test_a_failure_in_any_list_is_a_row_and_makes_the_run_fail(name):
    result = {**links(), name: [failed(duplicate_of="45320976103598426371", action="delete")]}
    shown_row = only_row(result)
    assert (shown_row["outcome"], shown_row["domain"]) == ("failed", "acme")
    assert shown_row["changes"] == ["duplicate of account 45320976103598426371, which is kept"]
    words = {"results": "1 of 1 tenant failed"}.get(name, "Unlinking 1 of 1 other accounts failed")
    assert ending_of_list(result, Asked()).verdict == f"{words}: the lines above say why."


def run_failure(failure, *rows, purged=()):
    """A result as the module fails with it."""
    return {**links(*rows), "purged": list(purged), "msg": failure.line, "failure": failure.as_dict()}


def failures(*rows):
    """What the module made these rows of."""
    return Failures([Failure(FailureCode.KEY_REFUSED, each["failure"]["msg"]) for each in rows], 9)


def test_failed_tenants_are_no_problem_of_the_run():
    failure = tenants_failed(failures(failed()), None)
    assert report(run_failure(failure, failed()))["problem"] is None


def test_the_problem_of_a_stopped_run_is_why_it_was_stopped():
    rows = [failed(f"t{number}") for number in range(7)]
    failure = tenants_failed(failures(*rows), Ended("after 7 failed tenants (stop_after_failures)"))
    document = report(run_failure(failure, *rows))
    assert document["problem"] == "The run ended after 7 failed tenants (stop_after_failures)."


def test_the_problem_of_a_run_does_not_repeat_its_tenants():
    rows = [failed("acme"), failed("globex", remediation=""), *(failed(f"t{number}") for number in range(5))]
    failure = Failure(
        FailureCode.PURGE_REFUSED,
        f"{tenants_failed(failures(*rows), None).message} purge: 5 of 10 accounts are not in the list.",
        "Check the list.",
        details={"reason": "purge: 5 of 10 accounts are not in the list."},
    )
    document = report(run_failure(failure, *rows))
    assert document["problem"] == "purge: 5 of 10 accounts are not in the list. Check the list."


def test_a_run_that_could_not_begin_is_a_document_too():
    failure = Failure(
        FailureCode.STACKONE_KEY_REFUSED,
        "StackOne refused the API key.",
        "Make another key.",
        phase=Phase.OBSERVE,
        tenant="the run",
    )
    document = report({"changed": False, "failed": True, "msg": failure.line, "failure": failure.as_dict()})
    assert document["problem"] == "StackOne refused the API key. Make another key."
    assert (document["rows"], document["outcomes"], document["columns"]) == ([], [], [])
    assert document["totals"] == {"tenants": 0, "changed": 0, "failed": 0, "not_started": 0}
    assert (document["requests"], document["quota_seconds"]) == (None, None)
    assert report({"msg": "Unsupported parameters"})["problem"] == "Unsupported parameters"


@pytest.mark.parametrize(
    "summary, requests, seconds",
    [
        ({"requests": {"freshservice": "3"}, "quota_seconds": "2"}, {"freshservice": 3, "stackone": 0}, 2.0),
        ({"requests": {"freshservice": [], "stackone": 2.0}}, {"freshservice": 0, "stackone": 2}, None),
        ({"requests": "many", "quota_seconds": float("nan")}, None, None),
        *((summary, None, None) for summary in ({"quota_seconds": float("inf")}, None, [])),
    ],
)
def test_counts_of_foreign_types(summary, requests, seconds):
    document = report({"results": [], "summary": summary})
    assert (document["requests"], document["quota_seconds"]) == (requests, seconds)


@pytest.mark.parametrize("result", [None, "text", b"bytes", 5, {}, {"changed": False}, [5], [{"result": {}}]])
def test_what_is_no_result_is_refused_in_one_line(result):
    with pytest.raises(AnsibleFilterError) as caught:
        report(result)
    assert str(caught.value).startswith("report: ")
    assert "\n" not in str(caught.value)


def test_the_document_is_documented_as_it_is():
    contains = yaml.safe_load((ROOT / "plugins" / "filter" / "report.yml").read_text())["RETURN"]["_value"]["contains"]
    document = report(links(row()))
    assert list(contains) == list(document)
    assert list(contains["rows"]["contains"]) == [*COLUMNS, "changed"]


@pytest.mark.parametrize(
    "module",
    ["freshservice_links", "freshservice_link", "freshservice_key_info", "freshservice_keys_info", "account_info"],
)
def test_what_the_modules_document_can_be_reported(module):
    returned = importlib.import_module(f"ansible_collections.tenantlink.stackone.plugins.modules.{module}").RETURN
    result = {name: sample(about) for name, about in yaml.safe_load(returned).items()}
    as_hosts = module in ("freshservice_link", "freshservice_key_info")
    document = report([{"host": "acme", "result": result}] if as_hosts else result)
    assert document["rows"][0]["origin_owner_id"] or document["rows"][0]["domain"] == "mycompany"
    assert document["totals"]["tenants"] >= 1


def sample(about):
    """What a module's documentation shows of a value."""
    if "sample" in about:
        return about["sample"]
    inner = {name: sample(each) for name, each in about.get("contains", {}).items()}
    return [inner] if about["type"] == "list" else inner


def test_who_had_no_turn_has_not_failed():
    """The words are those of the modules."""
    made = not_started("after 1 failed tenant (stop_after_failures)").located(Phase.APPLY, "b (owner c-b)")
    waiting = {"domain": "b", "action": "none", "changed": False, "failure": {**made.as_dict(), "msg": made.line}}
    document = report(links(failed("initech"), waiting))
    assert document["totals"] == {"tenants": 2, "changed": 0, "failed": 1, "not_started": 1}
    assert [row["outcome"] for row in document["rows"]] == ["failed", "not started"]


def test_failed_tenants_are_not_a_problem_of_the_run():
    document = report(links(failed("a"), failure={"code": "tenants_failed", "message": "1 of 1 tenants failed."}))
    assert (document["problem"], document["problem_code"]) == (None, None)


def test_a_report_of_the_role_names_its_variables():
    told = {
        "code": "stackone_unreachable",
        "message": "purge_limit.",
        "remediation": "Check stackone_url, label and api_key.",
    }
    record = row("acme", failure={**told, "tenant": "acme", "msg": "x"})
    result = {**links(record), "failure": {**told, "tenant": None}, "msg": "purge_limit. Check stackone_url."}
    document = FilterModule().filters()["report"](result, "", "", role=True)
    # The entries of a list set their options under their own names.
    assert document["rows"][0]["remediation"] == "Check freshservice_link_stackone_url, label and api_key."
    assert "freshservice_link_purge_limit" in document["rows"][0]["problem"].lower()
    assert "freshservice_link_purge_limit" in document["problem"]
    host = [{"host": "acme", "result": {"failure": {**told, "tenant": "acme"}, "msg": "x"}}]
    document = FilterModule().filters()["report"](host, "", "", role=True)
    assert (
        document["rows"][0]["remediation"]
        == "Check freshservice_link_stackone_url, label and freshservice_link_api_key."
    )


def test_a_document_is_a_document_already():
    document = report(links(row("acme", "create"), failed("globex")))
    assert FilterModule().filters()["report"](document, "Other title", "", True, role=True) == document
