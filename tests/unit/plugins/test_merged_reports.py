# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One report of several, and what of a report is handed on."""

from __future__ import annotations

import json
import os

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.tenantlink.stackone.plugins.filter.merged_reports import merged_reports
from ansible_collections.tenantlink.stackone.plugins.filter.report import report
from ansible_collections.tenantlink.stackone.plugins.filter.report_stats import report_stats
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.role_words import HANDED_ON, unknown_variables

EARLY, LATE = "2026-11-24T01:00:00Z", "2026-11-24T02:00:00Z"


def row(domain, owner=None, action="none", **more):
    owner = f"c-{domain}" if owner is None else owner
    return {"domain": domain, "origin_owner_id": owner, "action": action, "changed": action != "none", **more}


FAILED = {"failure": {"code": "key_refused", "msg": "the key is bad."}}


@pytest.fixture
def kept(tmp_path):
    """Write the report of a run to a file."""

    def write(name, *rows, made_at=EARLY, check_mode=False, **more):
        result = {"results": list(rows), "summary": {"requests": {"freshservice": 2, "stackone": 5}, **more}}
        path = tmp_path / name
        path.write_text(json.dumps(report(result, "One", made_at, check_mode)))
        return str(path)

    return write


def outcomes(document):
    return {(each["domain"], each["origin_owner_id"]): each["outcome"] for each in document["rows"]}


def test_counts_are_those_of_all(kept):
    one = kept("1.json", row("a", action="create"), row("b", **FAILED), quota_seconds=1.5)
    two = kept("2.json", row("c"), made_at=LATE, quota_seconds=2)
    document = merged_reports([one, two], "All")
    assert document["totals"] == {"tenants": 3, "changed": 1, "failed": 1, "not_started": 0}
    counted = [(each["name"], each["count"]) for each in document["outcomes"]]
    assert counted == [("linked", 1), ("as declared", 1), ("failed", 1)]
    assert (document["title"], document["made_at"], document["parts"]) == ("All", LATE, 2)
    assert document["requests"] == {"freshservice": 4, "stackone": 10}
    assert document["quota_seconds"] == 3.5


def test_a_merged_report_can_be_merged(kept, tmp_path):
    one, two, three = (kept(f"{name}.json", row(name, action="create")) for name in "abc")
    path = tmp_path / "ab.json"
    path.write_text(json.dumps(merged_reports([one, two], "All")))
    document = merged_reports([str(path), three], "All")
    assert document["rows"] == merged_reports([one, two, three], "All")["rows"]
    assert document["parts"] == 3


def test_the_newest_report_tells_of_a_tenant(kept):
    """Whatever the order in which they are named; only in the same second it decides."""
    early = kept("early.json", row("a", action="create"), row("b"))
    late = kept("late.json", row("a", **FAILED), made_at=LATE)
    for order in ([early, late], [late, early]):
        document = merged_reports(order, "All")
        assert outcomes(document) == {("a", "c-a"): "failed", ("b", "c-b"): "as declared"}
        assert document["totals"] == {"tenants": 2, "changed": 0, "failed": 1, "not_started": 0}
    same = kept("same.json", row("a", action="update"))
    assert outcomes(merged_reports([early, same], ""))[("a", "c-a")] == "updated"
    assert outcomes(merged_reports([same, early], ""))[("a", "c-a")] == "linked"


SAME = {
    "a host that failed before its turn": (("a", ""), ("a", "c-a"), True),
    "and was linked later": (("a", "c-a"), ("a", ""), True),
    "an account without a domain": (("", "c-a"), ("a", "c-a"), True),
    "and with one later": (("a", "c-a"), ("", "c-a"), True),
    "two domains of one owner": (("a", "c"), ("b", "c"), False),
    "two owners of one domain": (("a", "c"), ("a", "d"), False),
    "nobody knows whose": (("", ""), ("", ""), False),
}


@pytest.mark.parametrize(("late", "early", "same"), SAME.values(), ids=SAME)
def test_what_is_one_tenant(kept, late, early, same):
    one, two = kept("1.json", row(*early)), kept("2.json", row(*late, **FAILED), made_at=LATE)
    document = merged_reports([one, two], "")
    assert [each["outcome"] for each in document["rows"]] == ([] if same else ["as declared"]) + ["failed"]


def test_the_first_code_of_several_problems_counts(kept, tmp_path):
    paths = [kept("0.json", row("a"))]
    for number, code in enumerate(("purge_refused", "stopped")):
        paths.append(str(tmp_path / f"p{number}.json"))
        failure = {"failure": {"code": code, "message": f"Problem {number}."}}
        (tmp_path / f"p{number}.json").write_text(json.dumps(report(failure, "One", EARLY)))
    document = merged_reports(paths, "All")
    assert (document["problem"], document["problem_code"]) == ("Problem 0. Problem 1.", "purge_refused")
    assert merged_reports(paths[:1], "All")["problem_code"] is None


def test_nothing_is_left_out_within_a_report(kept):
    """An owner can have several accounts of one domain, which is what such a report is for."""
    path = kept("1.json", row("a"), row("a"), row("a", **FAILED))
    assert merged_reports(path, "")["totals"]["tenants"] == 3


def test_what_is_and_what_would_be_do_not_mix(kept):
    done, planned = kept("done.json", row("a")), kept("planned.json", row("b"), check_mode=True)
    with pytest.raises(AnsibleFilterError, match=f"{planned} shows what a run would do, and {done} what one did"):
        merged_reports([done, planned], "")
    assert merged_reports(planned, "")["check_mode"] is True


def test_folders_and_patterns(kept, tmp_path, monkeypatch):
    (tmp_path / "odd[1]").mkdir()
    for name in ("b.json", "a.json", "odd[1]/c.json"):
        kept(name, row(name[0]))
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)

    def domains(*named, written=()):
        return [each["domain"] for each in merged_reports(list(named), "", written)["rows"]]

    assert domains(str(tmp_path)) == domains(f"{tmp_path}/*.json") == domains("[ab].json") == ["a", "b"]
    assert domains("odd[1]") == domains("odd[1]/c.json") == ["o"]
    assert domains("b.json", "b.json", "here/../b.json") == ["b"]
    assert domains(".", written=[str(tmp_path / "b.json")]) == ["a"]
    for name in ("b.json", "here/../b.json"):
        with pytest.raises(AnsibleFilterError, match="is also the report that is written"):
            domains("a.json", name, written=["b.json"])
    for nowhere in ("here", "*.xml"):
        with pytest.raises(AnsibleFilterError, match=f"no report was found in {nowhere.replace('*', '[*]')}"):
            merged_reports(nowhere, "")


def test_files_that_are_not_reports(tmp_path):
    def refused(path):
        return merged_reports(str(path), "", on_problem="return")["__problem__"]

    path = tmp_path / "part.json"
    assert refused(path) == f"the file {path} does not exist."
    os.mkfifo(path)
    assert refused(path) == f"{path} is not a file."
    path.unlink()
    for content in (b"", b"\xff", b"[" * 100_000, b"[]", b'"text"', b'{"rows": [], "x": 1}'):
        path.write_bytes(content)
        assert refused(path) == f"{path} is not a report of this collection in JSON."
    path.write_text('{"rows": [7], "totals": {}, "version": 1}')
    assert refused(path) == f"{path} is not a report of this collection in JSON."
    path.write_text('{"rows": [], "totals": {}, "version": 2}')
    assert refused(path) == f"{path} was made by another version of this collection. Make the report once more."


def test_whatever_a_file_holds_becomes_text(tmp_path):
    path = tmp_path / "part.json"
    rows = [{"domain": ["a"], "changes": "x\x1b[31m", "changed": "yes", "problem": {"a": 1}}]
    content = {"version": 1, "totals": {}, "rows": rows, "requests": {"stackone": "many"}, "quota_seconds": "x"}
    path.write_text(json.dumps({**content, "title": 1, "problem": ["p\n"], "parts": "x"}))
    document = merged_reports(str(path), None)
    (only,) = document["rows"]
    assert (only["domain"], only["changes"], only["changed"], only["problem"]) == ("a", ["x"], False, "a: 1")
    assert (document["requests"], document["problem"]) == ({"freshservice": 0, "stackone": 0}, "p")


@pytest.mark.parametrize("figure", [10**400, 1e308, -5, "1e999", True])
def test_figures_that_no_run_can_have_are_left_out(kept, tmp_path, figure):
    one, odd = (
        kept("1.json", row("a"), quota_seconds=1.5),
        json.loads((tmp_path / kept("2.json", row("b"))).read_text()),
    )
    paths = [one]
    for number in (3, 4):
        odd.update(quota_seconds=figure, parts=figure, requests={"stackone": figure})
        paths.append(str(tmp_path / f"{number}.json"))
        (tmp_path / f"{number}.json").write_text(json.dumps(odd))
    document = merged_reports(paths, "")
    assert document["quota_seconds"] < 10
    assert (document["requests"]["stackone"], document["parts"]) in [(5, 3), (7, 3)]


def test_what_is_handed_on():
    rows = [row(f"t{number}", **FAILED) for number in range(150)]
    waiting = {"failure": {"code": "stopped", "msg": "too late.", "details": {"started": False}}}
    result = {"results": [*rows, row("x", **waiting)], "msg": "Stopped {{ now() }}"}
    told = report_stats(report(result, "", ""), ["/r.csv"])
    assert set(told) == HANDED_ON
    summary = told["freshservice_link_summary"]
    assert (summary["failed"], summary["not_started"]) == (150, 1)
    assert summary["outcomes"] == {"failed": 150, "not started": 1}
    assert summary["problem"] == "Stopped (( now() ))"
    assert told["freshservice_link_failed_tenants"] == [f"t{number} (owner c-t{number})" for number in range(100)]
    assert told["freshservice_link_reports"] == ["/r.csv"]
    for other in (None, [], {"rows": []}, [None]):
        with pytest.raises(AnsibleFilterError, match="report_stats takes a document"):
            report_stats(other)


def test_several_documents_are_handed_on_as_their_sum():
    first = report({"results": [row("a"), row("b", **FAILED)], "msg": "1 of 2 tenants failed"}, "", "")
    second = report({"results": [row("c", **FAILED)], "msg": "The run ended early."}, "", "")
    told = report_stats([first, second, report({"results": [row("d")]}, "", "")], ["/1.csv", "/2.csv"])
    summary = told["freshservice_link_summary"]
    assert (summary["tenants"], summary["failed"]) == (4, 2)
    assert summary["outcomes"] == {"as declared": 2, "failed": 2}
    assert told["freshservice_link_failed_tenants"] == ["b (owner c-b)", "c (owner c-c)"]
    assert summary["problem"] == " ".join(filter(None, (first["problem"], second["problem"])))


def test_customers_who_got_an_auth_link():
    owners = [
        {"origin_owner_id": "1", "purpose": "link", "linked": False, "auth_link_url": "https://x/?token=t"},
        {"origin_owner_id": "2", "purpose": None, "linked": True, "account_id": "17"},
        {"origin_owner_id": "3", **FAILED},
    ]
    for check_mode, invited in ((False, "given an auth link"), (True, "would be given an auth link")):
        document = report({"owners": owners, "summary": {}}, "", "", check_mode)
        assert [each["outcome"] for each in document["rows"]] == [invited, "linked already", "failed"]
        assert document["totals"] == {"tenants": 3, "changed": 1, "failed": 1, "not_started": 0}
        assert "token" not in json.dumps(document)


def test_what_a_controller_passes_on_is_not_a_slip():
    assert unknown_variables(HANDED_ON) == []
    (slip,) = unknown_variables(["freshservice_link_reports", "freshservice_link_tenants"])
    assert "did you mean freshservice_link_report?" in slip
