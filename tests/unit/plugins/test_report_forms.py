# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a report may replace: reports of this collection in the same format, and nothing else."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.forms import FORMS, holds_another
from tests.support.hostile_texts import ESCAPES, MARKUP
from tests.support.written_reports import earlier_report

HOSTILE = [
    MARKUP,
    ESCAPES,
    '"quoted" & \'</title>',
    "]]>",
    "a\nb",
    "=1+1",
    "|# *x*: 3",
    "x" * 3000,
    "\U0001f98a",
    "stackone_tenantlink_x",
]
FAILURE = {"code": "key_refused", "message": "No.", "remediation": "Ask.", "tenant": "a", "phase": "key_check"}
RESULTS = {
    "nothing": {"results": []},
    "one": {"results": [{"domain": "acme", "origin_owner_id": "1", "action": "create"}]},
    "many": {"results": [{"domain": f"t{number}", "origin_owner_id": "1", "action": "none"} for number in range(2000)]},
    "a failure": {"results": [{"domain": "acme", "origin_owner_id": "1", "action": "none", "failure": FAILURE}]},
    "a failed run": {"msg": "StackOne refused the key.", "failure": FAILURE},
    "hostile texts": {"results": [{"domain": text, "origin_owner_name": text, "action": "none"} for text in HOSTILE]},
    "accounts": {"accounts": [{"id": "a1", "provider": "freshservice", "status": "active", "origin_owner_id": "1"}]},
}


@pytest.fixture(params=FORMS)
def path(request, tmp_path):
    return tmp_path / f"report{request.param}"


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_a_report_may_be_replaced(path, result):
    assert not holds_another(str(earlier_report(path, **result)))


@pytest.mark.parametrize("title", ["", "Links", *HOSTILE])
def test_whatever_its_title_is(path, title):
    assert not holds_another(str(earlier_report(path, title=title)))


@pytest.mark.parametrize(("before", "after"), [(b"", b"\n"), (b"", b"\n\n"), ("\ufeff".encode(), b"")])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_also_if_an_editor_has_saved_it(path, before, after, line_end):
    text = before + earlier_report(path).read_bytes().replace(b"\r\n", b"\n") + after
    path.write_bytes(text.replace(b"\n", line_end))
    assert not holds_another(str(path))


@pytest.mark.parametrize("text", ["", " \n"])
def test_so_may_a_file_without_anything(path, text):
    path.write_text(text)
    assert not holds_another(str(path))


@pytest.mark.parametrize("text", ["x", "{", "[1]", "null", "## Title\n", "outcome;domain\n", '"', "\0", "a\n" * 9])
def test_anything_else_is_kept(path, text):
    path.write_text(text)
    assert holds_another(str(path))


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (
            ".xml",
            '<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" tests="1"/></testsuites>',
        ),
        (".md", "## Release 2.0: what changes\n\nOur changelog.\n"),
        (
            ".html",
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Links</title></head></html>',
        ),
        (".csv", "domain,outcome,my_notes\nacme,linked,called them\n"),
        (".json", '{"outcomes": []}'),
    ],
)
def test_so_is_what_another_tool_has_written(tmp_path, form, text):
    (tmp_path / f"report{form}").write_text(text)
    assert holds_another(str(tmp_path / f"report{form}"))


@pytest.mark.parametrize("form", [form for form in FORMS if form != ".md"])
def test_so_is_a_report_that_somebody_has_added_to(tmp_path, form):
    """Of a comment, only the beginning is known."""
    path = earlier_report(tmp_path / f"report{form}")
    path.write_text(f"{path.read_text()}my own notes\n")
    assert holds_another(str(path))


def test_so_is_the_report_of_another_form(path, tmp_path):
    for form in FORMS:
        if form != path.suffix:
            path.write_text(earlier_report(tmp_path / f"other{form}").read_text())
            assert holds_another(str(path))


def test_a_table_with_a_cell_that_is_too_large_is_kept(tmp_path):
    path = earlier_report(tmp_path / "report.csv")
    path.write_text(path.read_text() + "x" * 200_000)
    assert holds_another(str(path))
