# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as JUnit's XML, as GitLab, Jenkins and others read it: each tenant is a test case. Pure.

Only attributes that all of them know are used. Times are left out, because a report does not know how long a tenant took.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from .document import records_in
from .rows import ReportedOutcome, texts, to_line

DRIFT = "drift"
"""The type of a failure that a preview has found: the tenant is not as declared."""
UNKNOWN = "failed"
RUN = "the run"
"""The name of the test case for what is not about a tenant."""
NOTHING = "There was nothing to report."

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SKIPPED = (ReportedOutcome.NOT_STARTED.value, ReportedOutcome.NOT_CHECKED.value)


def junit_of(document: Mapping[str, Any]) -> str:
    """Return the text of the file."""
    title = _text(document.get("title")) or "tenantlink.stackone"
    suite = ElementTree.Element("testsuite", name=title)
    suite.extend(_cases(document, title))
    kinds = Counter(part.tag for case in suite for part in case)
    counts = {
        "tests": str(len(suite)),
        "failures": str(kinds["failure"]),
        "errors": str(kinds["error"]),
        "skipped": str(kinds["skipped"]),
    }
    suite.attrib.update(counts)
    made_at = _text(document.get("made_at")).removesuffix("Z")
    if made_at:
        suite.set("timestamp", made_at)
    root = ElementTree.Element("testsuites", {"name": title, **counts})
    root.append(suite)
    ElementTree.indent(root)
    return f"{_DECLARATION}{ElementTree.tostring(root, encoding='unicode')}\n"


def _cases(document: Mapping[str, Any], title: str) -> Iterator[ElementTree.Element]:
    rows = records_in(document["rows"])
    problem, code = _text(document["problem"]), _text(document.get("problem_code"))
    if problem or not rows:
        case = _case(title, RUN)
        if problem:
            _add(case, "error", problem, code or UNKNOWN, problem)
        else:
            _add(case, "skipped", NOTHING)
        yield case
    names: Counter[str] = Counter()
    for row in rows:
        name = _name(row)
        names[name] += 1
        # An owner can have several accounts, and a test case that has the name of another one would replace it.
        yield _of_tenant(row, _case(title, name if names[name] == 1 else f"{name} {names[name]}"), document)


def _case(title: str, name: str) -> ElementTree.Element:
    return ElementTree.Element("testcase", classname=title, name=name)


def _of_tenant(row: Mapping[Any, Any], case: ElementTree.Element, document: Mapping[str, Any]) -> ElementTree.Element:
    problem, outcome = _text(row.get("problem")), _text(row.get("outcome"))
    changes, warnings = texts(row.get("changes")), [f"Warning: {text}" for text in texts(row.get("warnings"))]
    details = [*(_text(change) for change in changes), *map(_text, warnings)]
    if outcome == ReportedOutcome.NOT_STARTED.value or (outcome in _SKIPPED and not problem):
        _add(case, "skipped", problem or _text(row.get("verdict")) or outcome)
    elif problem:
        remediation = _text(row.get("remediation"))
        advice = [f"What to do: {remediation}"] if remediation else []
        message = " ".join(filter(None, (problem, remediation)))
        _add(case, "failure", message, _text(row.get("code")) or UNKNOWN, "\n".join([problem, *advice, *details]))
    elif row.get("changed") is True and (document.get("check_mode") is True or outcome.startswith("would be ")):
        message = f"{outcome}: {'; '.join(details)}" if details else outcome
        what_to_do = "What to do: run tenantlink.stackone.link with this list, or correct the declaration."
        _add(case, "failure", message, DRIFT, "\n".join([outcome, *details, what_to_do]))
    elif details:
        ElementTree.SubElement(case, "system-out").text = "\n".join([outcome, *details])
    return case


def _add(case: ElementTree.Element, kind: str, message: str, code: str = "", text: str = "") -> None:
    part = ElementTree.SubElement(case, kind, message=message)
    if code:
        part.set("type", code)
    if text:
        part.text = text


def _name(row: Mapping[Any, Any]) -> str:
    domain, owner = _text(row.get("domain")), _text(row.get("origin_owner_id"))
    if domain and owner:
        return f"{domain} (owner {owner})"
    return domain or owner or _text(row.get("account_id")) or "a tenant"


def _text(value: Any) -> str:
    """Return a value as text on one line, without characters that XML 1.0 does not allow."""
    return _NOT_IN_XML.sub("\ufffd", to_line(value))
