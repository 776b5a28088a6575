# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that make a report of a result: its document, CSV and table."""

from __future__ import annotations

import copy
import csv
import importlib
import io
import json
import unicodedata
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.filter import report as report_plugin
from ansible_collections.tenantlink.stackone.plugins.filter import report_csv as csv_plugin
from ansible_collections.tenantlink.stackone.plugins.filter import report_table as table_plugin
from ansible_collections.tenantlink.stackone.plugins.module_utils._batch import Ended, Failures, tenants_failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import (
    Failure,
    FailureCode,
    Phase,
    not_started,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import KeyStatus
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._rows import COLUMNS, shown

report_csv = csv_plugin.report_csv
report_table = table_plugin.report_table

FILTERS = Path(__file__).resolve().parents[3] / "plugins" / "filter"
MADE_AT = "2026-11-24T21:55:00Z"
SUMMARY = {"actions": {}, "requests": {"freshservice": 3, "stackone": 9}, "quota_seconds": 1.5}
EMPTY = {**{name: [] if name in ("changes", "warnings") else "" for name in COLUMNS}, "changed": False}
SECRET = "sEcReT0fACustomer99x"


def report(result, check_mode=False):
    return report_plugin.report(result, title="Customers", made_at=MADE_AT, check_mode=check_mode)


def row(domain="acme", action="none", **more):
    return {
        "domain": domain,
        "origin_owner_id": f"customer-{domain}",
        "account_id": "4711",
        "action": action,
        "changed": action != "none",
        **more,
    }


def failed(domain="acme", code=FailureCode.KEY_DISABLED, remediation="Let it be enabled.", **more):
    """A row with a failure as the module makes it."""
    name = f"{domain} (owner customer-{domain})"
    failure = Failure(code, "the API key is switched off.", remediation, phase=Phase.KEY_CHECK, tenant=name)
    return row(domain, **more, failure={**failure.as_dict(), "msg": failure.line})


def links(*rows, **more):
    return {"changed": any(each["changed"] for each in rows), "results": list(rows), "summary": SUMMARY, **more}


def only_row(result, check_mode=False):
    [shown_row] = report(result, check_mode)["rows"]
    return shown_row


def outcomes(result, check_mode=False):
    return {each["name"]: each["count"] for each in report(result, check_mode)["outcomes"]}


# Links.


def test_a_document():
    result = links(
        row(
            "acme",
            "create",
            origin_owner_name="Acme Ltd",
            account_status="active",
            agent="a@acme.example",
            verdict="valid",
            warnings=["Agent a@acme.example is occasional."],
        ),
        failed("globex"),
    )
    assert report(result) == {
        "version": 1,
        "title": "Customers",
        "made_at": MADE_AT,
        "check_mode": False,
        "parts": 1,
        "totals": {"tenants": 2, "changed": 1, "failed": 1, "not_started": 0},
        "outcomes": [{"name": "linked", "count": 1}, {"name": "failed", "count": 1}],
        "requests": {"freshservice": 3, "stackone": 9},
        "quota_seconds": 1.5,
        "problem": None,
        "columns": [name for name in COLUMNS if name != "changes"],
        "rows": [
            {
                **EMPTY,
                "domain": "acme",
                "origin_owner_id": "customer-acme",
                "origin_owner_name": "Acme Ltd",
                "account_id": "4711",
                "outcome": "linked",
                "changed": True,
                "account_status": "active",
                "agent": "a@acme.example",
                "verdict": "valid",
                "warnings": ["Agent a@acme.example is occasional."],
            },
            {
                **EMPTY,
                "domain": "globex",
                "origin_owner_id": "customer-globex",
                "account_id": "4711",
                "outcome": "failed",
                "problem": "The API key is switched off.",
                "remediation": "Let it be enabled.",
                "code": "key_disabled",
            },
        ],
    }


ACTIONS = ["delete", "none", "update", "relink", "create"]


def test_each_row_has_one_outcome_and_they_come_in_a_fixed_order():
    rows = [failed(), *(row(action=action) for action in ACTIONS), row(), failed(action="create")]
    document = report(links(*rows))
    assert document["outcomes"] == [
        {"name": "linked", "count": 1},
        {"name": "re-linked", "count": 1},
        {"name": "updated", "count": 1},
        {"name": "unlinked", "count": 1},
        {"name": "as declared", "count": 2},
        {"name": "failed", "count": 2},
    ]
    assert document["totals"] == {"tenants": 8, "changed": 5, "failed": 2, "not_started": 0}
    assert [each["outcome"] for each in document["rows"]][:2] == ["failed", "unlinked"]


def test_check_mode_says_what_would_be():
    rows = [failed(), *(row(action=action) for action in ACTIONS)]
    assert list(outcomes(links(*rows), check_mode=True)) == [
        "would be linked",
        "would be re-linked",
        "would be updated",
        "would be unlinked",
        "as declared",
        "failed",
    ]
    assert report(links(), check_mode="yes")["check_mode"] is True


def test_no_change_is_hidden_behind_an_action_of_a_later_version():
    assert only_row(links(row(action="moved")))["outcome"] == "updated"


def test_a_purged_account_is_a_row_and_can_fail():
    gone = {"domain": None, "origin_owner_id": "customer-9", "account_id": "9", "action": "delete", "changed": True}
    kept = {**failed("initech"), "domain": None}
    document = report(links(row(), purged=[gone, kept]))
    assert document["outcomes"] == [{"name": name, "count": 1} for name in ("unlinked", "as declared", "failed")]
    assert document["totals"] == {"tenants": 3, "changed": 1, "failed": 1, "not_started": 0}
    assert document["rows"][1] == {
        **EMPTY,
        "origin_owner_id": "customer-9",
        "account_id": "9",
        "outcome": "unlinked",
        "changed": True,
    }


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


@pytest.mark.parametrize("name", CHANGES)
def test_changes(name):
    changes, expected = CHANGES[name]
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


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_shown_in_its_parts(name):
    more, problem = FAILURES[name]
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


# The run.


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
        ({"quota_seconds": float("inf")}, None, None),
        (None, None, None),
        ([], None, None),
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


# Keys.


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


# Accounts.


def account(status, **more):
    return {"id": 17, "status": status, "origin_owner_id": "customer-1", "domain": "acme", "status_reasons": [], **more}


def test_accounts_count_by_status():
    result = {"accounts": [account(each) for each in ("error", "active", "new_one", "archived", "active", None)]}
    document = report(result)
    names = ["active", "archived", "error", "new_one", "unknown"]
    assert [each["name"] for each in document["outcomes"]] == names
    assert document["totals"] == {"tenants": 6, "changed": 0, "failed": 4, "not_started": 0}


def test_an_account_that_does_not_work_says_why_and_what_to_do():
    broken = account("error", status_reasons=["Invalid credentials"], origin_owner_name="Acme Ltd")
    assert only_row({"accounts": [broken], "summary": {"accounts": 1}}) == {
        **EMPTY,
        "domain": "acme",
        "origin_owner_id": "customer-1",
        "origin_owner_name": "Acme Ltd",
        "account_id": "17",
        "outcome": "error",
        "account_status": "error",
        "problem": "Account 17 is error (Invalid credentials).",
        "remediation": "Check the key and the agent's rights, then run again with update_credentials: always.",
        "code": "account_not_active",
    }
    suspended = only_row({"accounts": [account("suspended")]})
    assert suspended["remediation"] == "Resume it in StackOne's dashboard: Accounts, the account's row menu."


# Tenants as hosts.

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
    assert only_row([{"host": "tenant-1", "result": LINKED}]) == {
        **EMPTY,
        "domain": "acme",
        "origin_owner_id": "customer-1",
        "origin_owner_name": "Acme",
        "account_id": "17",
        "outcome": "re-linked",
        "changed": True,
        "account_status": "active",
        "agent": "a@acme.example",
        "verdict": "valid",
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


# Texts.

CLEAN = {
    "a terminal's escapes": ("\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link", "red link"),
    "control characters": ("a\x00b\x9bc\td\r\ne", "a b c d e"),
    "another direction": ("\u202egnp.exe\u202c \u2066x\u2069", "gnp.exe x"),
    "what is invisible": ("a\u200b\u00adb\ufeff \U000e0041c\u180e", "a b c"),
    "half a pair": ("a\ud800b", "a\ufffdb"),
    "a pair in halves": ("\ud83d\ude00", "\U0001f600"),
    "much": ("x" * 5000, "x" * 5000),
    "other scripts": ("Müller 愛 \u05d0", "Müller 愛 \u05d0"),
    "markup": ("<script>{{ 7*7 }}</script>", "<script>{{ 7*7 }}</script>"),
}


@pytest.mark.parametrize("name", CLEAN)
def test_texts_are_cleaned_and_not_cut(name):
    text, expected = CLEAN[name]
    document = report_plugin.report(
        links(row(text, origin_owner_name=text, warnings=[text]), msg=f"X {text}"), title=text, made_at=text
    )
    assert document["title"] == document["made_at"] == expected
    assert document["problem"] == f"X {expected}"
    [shown_row] = document["rows"]
    assert shown_row["domain"] == shown_row["origin_owner_name"] == expected
    assert shown_row["warnings"] == [expected]


FOREIGN = [(None, ""), (0, "0"), (1.5, "1.5"), (True, "yes"), ([1, None, "a"], "1; a"), ({"a": [1]}, "a: 1"), ((), "")]


@pytest.mark.parametrize("value, text", FOREIGN)
def test_values_of_foreign_types_are_text(value, text):
    assert shown(value) == text
    fields = ("domain", "origin_owner_id", "origin_owner_name", "account_id", "account_status", "verdict")
    shown_row = only_row(links({**row(), **dict.fromkeys(fields, value)}))
    assert [shown_row[name] for name in fields] == [text] * len(fields)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.dictionaries(
    st.sampled_from(
        [*COLUMNS, "action", "changed", "failure", "msg", "agent_change", "id", "status", "status_reasons"]
    ),
    ANYTHING,
)
RESULTS = st.fixed_dictionaries(
    {"results": st.lists(ROWS | ANYTHING, max_size=3)},
    optional={"purged": ANYTHING, "summary": ANYTHING, "failure": ANYTHING, "msg": ANYTHING, "changed": ANYTHING},
)
ACCOUNTS = st.fixed_dictionaries({"accounts": st.lists(ROWS | ANYTHING, max_size=3)}, optional={"summary": ANYTHING})
HOSTS = st.lists(
    st.fixed_dictionaries(
        {"host": ANYTHING},
        optional={
            "result": ANYTHING
            | st.dictionaries(st.sampled_from(["account", "agent", "key_check", "actions", "diff", "failure", "msg"]), ANYTHING)
        },
    ),
    max_size=3,
)  # fmt: skip


@settings(deadline=None)
@given(RESULTS | ACCOUNTS | HOSTS, ANYTHING, st.booleans())
def test_whatever_a_result_holds_becomes_a_document(result, title, check_mode):
    before = copy.deepcopy(result)
    document = report_plugin.report(result, title=title, made_at=None, check_mode=check_mode)
    assert repr(result) == repr(before)
    assert sum(each["count"] for each in document["outcomes"]) == len(document["rows"]) == document["totals"]["tenants"]
    for each in document["rows"]:
        assert list(each) == [*COLUMNS, "changed"]
        assert each["outcome"]
        assert bool(each["problem"]) == (each["outcome"] in ("failed", "refused", "not checked") or bool(each["code"]))
    for text in texts_in(document):
        assert text == shown(text)
        text.encode()
    assert json.loads(json.dumps(document)) == document
    assert max(map(places, report_table(document)), default=0) <= 118
    assert next(csv.reader(io.StringIO(report_csv(document)))) == COLUMNS


def texts_in(value):
    """All texts, and proof that there is nothing but plain data."""
    if isinstance(value, dict):
        assert type(value).__name__ == "dict"
        for name, inner in value.items():
            yield name
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)
    elif isinstance(value, str):
        yield value
    else:
        assert value is None or type(value) in (bool, int, float)


# CSV.


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_of_a_document():
    document = report(links(row(origin_owner_name='Acme, "Ltd"', warnings=["one", "two"]), failed("globex")))
    text = report_csv(document)
    assert text.endswith("\r\n")
    rows = read(text)
    assert list(rows[0]) == COLUMNS
    assert rows[0]["origin_owner_name"] == 'Acme, "Ltd"'
    assert rows[0]["warnings"] == "one; two"
    assert rows[1]["problem"] == "The API key is switched off."
    assert report_csv(report(links())) == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\u200b=", "＝", "＠"])
def test_no_text_in_a_csv_is_a_formula(start):
    [cells] = read(report_csv([{"a": f"{start}1+1", "b": [f"{start}x", "y"], "c": f"x{start}"}]))
    for name in ("a", "b"):
        assert cells[name][0] == "'"
        assert cells[name][1] == start.strip("\t\r \u200b")
    assert cells["c"][0] == "x"
    assert report_csv([{f"{start}a": 1}]).startswith("'")


def test_csv_of_a_plain_list():
    links_to_send = [
        {"origin_owner_id": "c1", "auth_link_url": "https://hub.example/?token=a=b,c", "expires_at": None},
        {"origin_owner_id": -5, "domain": "acme"},
    ]
    assert report_csv(links_to_send) == (
        'origin_owner_id,auth_link_url,expires_at,domain\r\nc1,"https://hub.example/?token=a=b,c",,\r\n-5,,,acme\r\n'
    )
    assert report_csv(links_to_send, columns=["domain", "origin_owner_id", "none"]) == (
        "domain,origin_owner_id,none\r\n,c1,\r\nacme,-5,\r\n"
    )
    assert report_csv([]) == "\r\n"


@pytest.mark.parametrize("source", [None, "text", {"rows": 5}, {}, [5]])
def test_what_has_no_rows_is_refused(source):
    for make in (report_csv, report_table):
        with pytest.raises(AnsibleFilterError, match="rows are a document that"):
            make(source)


def test_options_of_the_wrong_type_are_refused():
    with pytest.raises(AnsibleFilterError, match="columns is a list"):
        report_csv([], columns="domain")
    with pytest.raises(AnsibleFilterError, match="most is a whole number"):
        report_table([], most="many")
    with pytest.raises(AnsibleFilterError, match="width is a whole number"):
        report_table([], width=None)


# The table.


def places(line):
    return sum(2 if unicodedata.east_asian_width(each) in "FW" else not unicodedata.combining(each) for each in line)


def test_a_table_shows_problems_first_and_no_empty_columns():
    document = report(links(row("acme", "create"), row("globex", verdict="valid"), failed("initech")))
    assert report_table(document) == [
        "tenant   owner             outcome      account  key    details",
        "-------  ----------------  -----------  -------  -----  ----------------------------",
        "initech  customer-initech  failed       4711            The API key is switched off.",
        "acme     customer-acme     linked       4711",
        "globex   customer-globex   as declared  4711     valid",
    ]


def test_a_table_is_cut_after_the_most_rows():
    document = report(links(*(row(f"t{number}") for number in range(7)), failed("initech")))
    *lines, last = report_table(document, most=3)
    assert [line.split()[0] for line in lines[2:]] == ["initech", "t0", "t1"]
    assert last == "... and 5 more"
    assert len(report_table(document, most="8")) == 10
    assert report_table(document, most=0) == ["... and 8 more"]
    assert report_table(report(links())) == []


def test_the_status_of_accounts_is_shown_once():
    assert report_table(report({"accounts": [account("active")]}))[0].split() == [
        "tenant",
        "owner",
        "outcome",
        "account",
    ]


def test_a_table_fits_and_lines_up_whatever_it_holds():
    more = {"account_status": "active", "agent": "a" * 60 + "@x.example", "verdict": "not_freshservice"}
    rows = [
        row("愛" * 30, "update", **more, changes={"label": {"before": "平" * 40, "after": "和" * 40}}),
        row("e\u0301" * 40, **more),
        {**failed("short", code=FailureCode.UNREACHABLE), **more},
    ]
    for width in (118, 100):
        head, rule, *lines = report_table(report(links(*rows)), width=width)
        assert places(rule) <= width
        assert "account" not in head.split()
        starts = [0, *(index + 2 for index, each in enumerate(rule) if each == " " and rule[index - 1] == "-")]
        for line in lines:
            assert places(line) <= width
            taken = 0
            for each in line:
                # No cell runs into the gap before the next one.
                assert taken not in [start - 1 for start in starts] or each == " ", line
                taken += places(each)
        assert [line for line in lines if "..." in line] == lines


# The documentation.


@pytest.mark.parametrize("plugin", [report_plugin, csv_plugin, table_plugin])
def test_every_filter_is_documented_as_it_is(plugin):
    [(name, function)] = plugin.FilterModule().filters().items()
    assert name == plugin.__name__.rpartition(".")[2]
    document = yaml.safe_load((FILTERS / f"{name}.yml").read_text())
    assert document["DOCUMENTATION"]["name"] == name
    code = function.__code__
    _first, *rest = code.co_varnames[: code.co_argcount]
    options = document["DOCUMENTATION"]["options"]
    assert list(options) == ["_input", *rest]
    assert document["DOCUMENTATION"]["positional"].split(", ") == ["_input", *rest]
    defaults = dict(zip(reversed(rest), reversed(function.__defaults__ or ())))
    for option in rest:
        assert options[option].get("required", False) == (option not in defaults), option
        assert options[option].get("default") == defaults.get(option), option
    for task in yaml.safe_load(document["EXAMPLES"]):
        assert "tenantlink.stackone." in json.dumps(task)


def test_the_document_is_documented_as_it_is():
    contains = yaml.safe_load((FILTERS / "report.yml").read_text())["RETURN"]["_value"]["contains"]
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


def test_hosts_that_did_not_get_to_their_turn():
    hosts = [
        {"host": "later", "result": {}, "started": False},
        {"host": "lost", "result": {"failed": True, "msg": "It was lost."}},
    ]
    document = report(hosts)
    assert [(row["domain"], row["outcome"]) for row in document["rows"]] == [
        ("later", "not started"),
        ("lost", "failed"),
    ]
