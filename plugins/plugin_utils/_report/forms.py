# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of a report: the ending of a file decides what is in it. Pure."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .junit import junit_of
from .markdown import markdown_of
from .page import page_of
from .prometheus import prometheus_of
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
    sign: str
    """What an earlier report has, as a regular expression. An empty file may be replaced as well."""
    mode: int = PRIVATE
    whole: bool = False
    """Whether it leaves nothing out."""


FORMS = {
    ".html": Form(lambda document, about: page_of(document), "(?i)<!doctype html", whole=True),
    ".csv": Form(lambda document, about: csv_of(document), r"\A[^\n]*\boutcome\b", whole=True),
    ".json": Form(
        lambda document, about: json.dumps(document, indent=4, sort_keys=True) + "\n", '"outcomes"', whole=True
    ),
    ".md": Form(lambda document, about: markdown_of(document, about.full), r"\A## "),
    ".xml": Form(lambda document, about: junit_of(document), "<testsuites"),
    # Metrics hold no names, and node_exporter runs as another user.
    ".prom": Form(
        lambda document, about: prometheus_of(document, about.playbook, about.host), "stackone_tenantlink_", mode=PUBLIC
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
    return bool(text.strip()) and not re.search(form.sign, text)


def full_reports(paths: Sequence[str]) -> list[str]:
    """Return the names of the files that leave nothing out."""
    return [os.path.basename(path) for path in paths if (form := form_of(path)) and form.whole]
