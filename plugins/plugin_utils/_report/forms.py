# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of a report: the ending of a file decides what is in it. Pure."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .document import is_document
from .junit import junit_of
from .markdown import markdown_of
from .page import page_of
from .prometheus import prometheus_of
from .rows import COLUMNS
from .table import csv_of

PRIVATE, PUBLIC = 0o600, 0o644


@dataclass(frozen=True)
class About:
    """What some forms say besides the document: the playbook, the host, and which files leave nothing out."""

    playbook: str = ""
    host: str = "localhost"
    full: Sequence[str] = ()


@dataclass(frozen=True)
class Form:
    """How a report is written as a file of one kind."""

    text: Callable[[Mapping[str, Any], About], str]
    is_report: Callable[[str], object]
    """Whether a text is a report of this form, of any version. Anything else is somebody's own, and is not replaced."""
    mode: int = PRIVATE
    whole: bool = False
    """Whether it leaves nothing out."""


_PAGE = re.compile(
    r"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\""
    r" content=\"default-src 'none'; style-src 'sha256-.*</html>\s*",
    re.DOTALL,
)
_COMMENT = re.compile(
    r"## [^\n]*: [^\n]*\n\n(\*\*The run failed:\*\*[^\n]*\n\n)?(\*\*Preview: nothing was changed\.\*\* )?\d[\d,]* tenants?[ .;,]"
)
_SUITES = re.compile(
    r"<\?xml[^>]*>\s*<testsuites (name=\"[^\"]*\") tests=\"\d+\" failures=\"\d+\" errors=\"\d+\" skipped=\"\d+\">"
    r"\s*<testsuite \1 .*</testsuites>\s*",
    re.DOTALL,
)
_METRIC = re.compile(r"(# (HELP|TYPE) )?stackone_tenantlink_")


def _is_table(text: str) -> bool:
    """Return whether a text is a CSV with columns of reports, and nothing else in any row."""
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        columns = next(rows, [])
        known = "outcome" in columns and set(columns) <= set(COLUMNS)
        # A line without anything has no cells.
        return known and all(len(row) in (0, len(columns)) for row in rows)
    except csv.Error:
        return False


def _is_metrics(text: str) -> bool:
    return all(_METRIC.match(line) for line in text.splitlines() if line.strip())


def _is_json(text: str) -> bool:
    try:
        return is_document(json.loads(text))
    except (ValueError, RecursionError):
        return False


FORMS = {
    ".html": Form(lambda document, about: page_of(document), _PAGE.fullmatch, whole=True),
    ".csv": Form(lambda document, about: csv_of(document), _is_table, whole=True),
    ".json": Form(lambda document, about: json.dumps(document, indent=4, sort_keys=True) + "\n", _is_json, whole=True),
    ".md": Form(lambda document, about: markdown_of(document, about.full), _COMMENT.match),
    ".xml": Form(lambda document, about: junit_of(document), _SUITES.fullmatch),
    # Metrics hold no names, and node_exporter runs as another user.
    ".prom": Form(
        lambda document, about: prometheus_of(document, about.playbook, about.host), _is_metrics, mode=PUBLIC
    ),
}


def form_of(path: str) -> Form | None:
    """Return the form that the ending of a file stands for, or None if it stands for none."""
    return next((form for ending, form in FORMS.items() if path.endswith(ending)), None)


def holds_another(path: str) -> bool:
    """Return whether a file exists that holds something else than a report of its form, or cannot be read.

    It could be the file of tenants or keys that was given with -e @, or what another host of the run has written.
    """
    form = form_of(path)
    if form is None or not os.path.isfile(path):
        return False
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return True
    return bool(text.strip()) and not form.is_report(text)


def full_reports(paths: Sequence[str]) -> list[str]:
    """Return the names of the files that leave nothing out."""
    return [os.path.basename(path) for path in paths if (form := form_of(path)) and form.whole]
