# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation says of codes and facts that the code names: all of them, and no others."""

from __future__ import annotations

import ast
import re

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.freshservice import KeyCheck, KeyStatus
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failure, FailureCode
from tests.support.collection import ROOT

FIELDS = {*Failure(FailureCode.STOPPED, "").as_dict(), "msg"}
"""Of a failure, whose code is one."""
FACT = re.compile(r"\b[FHS]\d{1,2}[a-z]?\b")


def first_cells(page):
    """The first cell of every table row of a page."""
    return re.findall(r"^\| `?(\w+)`? \|", (ROOT / "docs" / page).read_text(), re.MULTILINE)


def test_every_failure_code_is_explained_once():
    named = [cell for cell in first_cells("failure_codes.md") if cell not in {"code", "field"} | FIELDS]
    assert sorted(named) == sorted(code.value for code in FailureCode)


def test_every_field_of_a_failure_is_explained():
    page = (ROOT / "docs" / "failure_codes.md").read_text().partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == sorted(FIELDS)


def test_every_verdict_is_explained_once():
    """In the guide that starts from symptoms; the failure codes refer to it."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    section = page.partition("### Verdicts")[2].partition("\n##")[0]
    named = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(named) == sorted(status.value for status in KeyStatus)


def test_it_is_said_which_verdicts_are_retriable():
    page = (ROOT / "docs" / "failure_codes.md").read_text()
    told = dict(re.findall(r"^\| `(\w+)` \| (yes|no) \|$", page, re.MULTILINE))
    verdicts = {status: KeyCheck(status, "") for status in KeyStatus if status is not KeyStatus.VALID}
    assert told == {status.value: "yes" if check.retriable else "no" for status, check in verdicts.items()}


def test_it_is_said_which_other_failures_are_retriable():
    """Read from where each failure is made. `depends` is for codes that are made in both ways, or from other failures."""
    page = (ROOT / "docs" / "failure_codes.md").read_text()
    told = dict(re.findall(r"^\| `(\w+)` \| (yes|no|depends) \| .", page, re.MULTILINE))
    assert set(told) == {code.value for code in FailureCode} - {status.value for status in KeyStatus}
    made = {code: kinds for code, kinds in retriable_where_made().items() if code in told}
    assert made
    certain = {code: kinds.pop() for code, kinds in made.items() if len(kinds) == 1 and told[code] != "depends"}
    assert {code: told[code] for code in certain} == certain
    assert {code for code, kinds in made.items() if len(kinds) > 1} <= {
        code for code in told if told[code] == "depends"
    }


def retriable_where_made():
    """Return for each code `yes` or `no`, or both, as the calls say that make its failures; other values are ignored."""
    found = {}
    for path in (ROOT / "plugins" / "module_utils").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("Failed", "Failure") and call.args:
                code = call.args[0]
                word = {each.arg: ast.unparse(each.value) for each in call.keywords}.get("retriable", "False")
                if isinstance(code, ast.Attribute) and word in ("True", "False"):
                    kinds = found.setdefault(code.attr.lower(), set())
                    kinds.add("yes" if word == "True" else "no")
    return found


def test_api_facts_explain_every_number_that_the_code_names():
    """In the plugins, and in the switches of the emulator."""
    sources = [*(ROOT / "plugins").rglob("*.py"), ROOT / "tests" / "emulator" / "README.md"]
    named = {number for path in sources for number in FACT.findall(path.read_text())}
    explained = [cell for cell in first_cells("api_facts.md") if FACT.fullmatch(cell)]
    assert len(explained) == len(set(explained))
    assert named - set(explained) == set()
