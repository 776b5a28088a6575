# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as test results for a pipeline, read by a parser of XML, in the structure that Jenkins' schema demands."""

from __future__ import annotations

from datetime import datetime
from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.filter import report as report_plugin
from ansible_collections.tenantlink.stackone.plugins.filter.report_junit import report_junit
from tests.support.report_results import MADE_AT, account, failed, links, report, row

COUNTS = {"tests", "failures", "errors", "skipped"}
SUITE = {"name", "timestamp", *COUNTS}
CASE = {"classname", "name"}
PARTS = {"failure": {"message", "type"}, "error": {"message", "type"}, "skipped": {"message"}, "system-out": set()}


def read(document):
    """Return the suite of the file, after a check of its structure and counts."""
    text = report_junit(document)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    root = ElementTree.fromstring(text.encode())
    [suite] = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    assert set(root.attrib) == {"name", *COUNTS}
    assert {"name", *COUNTS} <= set(suite.attrib) <= SUITE
    for case in suite:
        assert (case.tag, set(case.attrib)) == ("testcase", CASE)
        assert len(case) <= 1
        assert all(set(part.attrib) == PARTS[part.tag] for part in case)
    tags = [part.tag for case in suite for part in case]
    for each in (root, suite):
        assert each.get("tests") == str(len(suite))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert each.get(name) == str(tags.count(tag))
    names = [case.get("name") for case in suite]
    assert len(names) == len(set(names)) > 0
    return suite


def results(document):
    """Return what each test case says: nothing, or the kind, type and message of its part."""
    return {
        case.get("name"): next(((part.tag, part.get("type"), part.get("message")) for part in case), None)
        for case in read(document)
    }


LABEL = {"label": {"before": "Old", "after": "New"}}
WAITING = {"failure": {"code": "stopped", "message": "too late.", "details": {"started": False}}}
ADVICE = "The API key is switched off. Let it be enabled."


def test_a_host_in_check_mode_among_others_has_not_passed():
    """One host of a play can be in check mode, and the others not."""
    hosts = [
        {"host": host, "result": {"actions": ["create"], "changed": True, "check_mode": host == "acme"}}
        for host in ("acme", "globex")
    ]
    document = report(hosts)
    assert document["check_mode"] is False
    assert results(document) == {"acme": ("failure", "drift", "would be linked"), "globex": None}


def test_failures_and_drift_fail_in_a_preview():
    rows = [row("acme"), row("globex", "update", changes=LABEL), failed("umbrella"), row("initech", **WAITING)]
    document = report(links(*rows), check_mode=True)
    assert results(document) == {
        "acme (owner customer-acme)": None,
        "globex (owner customer-globex)": ("failure", "drift", "would be updated: label: Old → New"),
        "umbrella (owner customer-umbrella)": ("failure", "key_disabled", ADVICE),
        "initech (owner customer-initech)": ("skipped", None, "Too late."),
    }
    suite = read(document)
    assert suite.get("name") == suite[0].get("classname") == "Customers"
    assert datetime.fromisoformat(suite.get("timestamp")) == datetime.fromisoformat(MADE_AT.rstrip("Z"))
    assert "What to do: Let it be enabled." in suite[2][0].text


def test_changes_of_a_run_are_successes():
    document = report(links(row("globex", "update", changes=LABEL), row("acme", warnings=["Cut."])))
    assert [(part.tag, part.text) for case in read(document) for part in case] == [
        ("system-out", "updated\nlabel: Old → New"),
        ("system-out", "as declared\nWarning: Cut."),
    ]


def test_a_run_that_failed_without_a_tenant_is_an_error():
    failure = {"code": "stackone_key_refused", "message": "StackOne refused the key.", "remediation": "Make a new one."}
    assert results(report({"failure": failure, "msg": "x"})) == {
        "the run": ("error", "stackone_key_refused", "StackOne refused the key. Make a new one.")
    }
    assert results(report({"msg": "The module died."})) == {"the run": ("error", "failed", "The module died.")}
    both = results(report(links(row("acme"), failure={**failure, "code": "purge_refused"})))
    assert [each and each[:2] for each in both.values()] == [("error", "purge_refused"), None]


def test_nothing_is_not_a_success():
    assert results(report(links())) == {"the run": ("skipped", None, "There was nothing to report.")}


def test_keys_that_were_not_checked_are_skipped():
    keys = [
        {"domain": "a", "verdict": "valid"},
        {"domain": "b", "key": "not_declared"},
        {"domain": "c", "verdict": "unreachable", "failure": {"code": "unreachable", "message": "no answer."}},
    ]
    found = results(report({"results": keys, "summary": {"verdicts": {}}}))
    assert found == {
        "a": None,
        "b": ("skipped", None, "no key declared"),
        "c": ("failure", "unreachable", "No answer."),
    }


def test_accounts_that_do_not_work_fail():
    found = results(report({"accounts": [account("active"), account("error"), account("error")]}))
    assert [each and each[:2] for each in found.values()] == [None, *[("failure", "account_not_active")] * 2]
    assert list(found)[1:] == ["acme (owner customer-1) 2", "acme (owner customer-1) 3"]


ANYTHING = st.text(st.characters() | st.sampled_from("\0\x0b\x1f\x7f\ufffe\uffff\ud800<&\"'>]\n"), max_size=30)


@settings(max_examples=100, deadline=None)
@given(ANYTHING)
def test_every_text_is_valid_xml(text):
    changes = {"label": {"before": text, "after": "]]>" + text}}
    rows = [
        row(text, "update", origin_owner_id=text, account_id=text, changes=changes, warnings=[text]),
        {**failed(text), "failure": {"code": text, "message": text, "remediation": text}},
    ]
    for check_mode in (True, False):
        read(report_plugin.report(links(*rows, msg=text), title=text, made_at=text, check_mode=check_mode))


def test_characters_that_xml_does_not_allow_are_replaced():
    text = "".join(map(chr, range(0x20))) + "a\x7f\ufffe\uffff\ud800b"
    names = list(results(report(links(row(text, origin_owner_id="")))))
    assert names == ["a \ufffd\ufffd\ufffdb"]


def test_only_a_document_is_accepted():
    for other in (None, [], {"rows": []}):
        with pytest.raises(AnsibleFilterError, match="report_junit takes a document"):
            report_junit(other)
