# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports as earlier runs wrote them, and places where none can be written, although nothing tells so before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.files import replace_file
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.document import document_from
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._report.forms import FORMS, About

MADE_AT = "2026-01-02T03:04:05Z"
LONGEST_PATH = 4095
LONGEST_FOLDER = 200
EARLIER: dict[str, Any] = {"results": [{"domain": "of-an-earlier-run", "origin_owner_id": "1", "action": "create"}]}


def earlier_report(path: Path, title: str = "Links", **result: Any) -> Path:
    """Write a report whose tenant, or playbook in metrics, is of an earlier run."""
    document = document_from(result or EARLIER, title, MADE_AT, False).as_dict()
    replace_file(str(path), FORMS[path.suffix].text(document, About("of_an_earlier_run")))
    return path


def too_deep(folder: Path, name: str) -> Path:
    """Return a path whose folder exists, and which is too long for a file nevertheless."""
    while len(str(folder)) + len(name) < LONGEST_PATH:
        left = LONGEST_PATH - len(str(folder)) - 2
        folder = folder / ("d" * min(LONGEST_FOLDER, left))
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
