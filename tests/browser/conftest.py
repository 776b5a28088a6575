# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages that a real ansible-playbook run rendered, opened in Chromium as somebody would who got them by mail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.browser import results
from tests.support.chromium import ARGUMENTS, chromium_path
from tests.support.collection import ROOT

MADE_AT = "2026-11-24T21:55:00Z"
REQUIRED = "TENANTLINK_REQUIRE_BROWSER"

DOCUMENT = f"{{{{ given.result | tenantlink.stackone.report(title=given.title, made_at='{MADE_AT}', check_mode=given.check_mode) }}}}"

REPORTS: dict[str, Callable[[], dict[str, Any]]] = {
    "mixed": results.mixed,
    "check": results.mixed,
    "stopped": results.stopped,
    "ended early": results.ended_early,
    "one": lambda: results.links(results.row("acme", "create")),
    "none": results.links,
    "not begun": results.not_begun,
    "accounts": results.accounts,
    "keys": results.keys,
    "hostile": results.hostile,
    "many": lambda: results.many(450),
    "huge": lambda: results.many(5000),
}


def missing(what: str) -> None:
    """Skip, or fail where the browser tests must not be skipped."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{what}, and {REQUIRED} is set")
    pytest.skip(f"{what}; set {REQUIRED} to make this a failure")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed (requirements-browser.txt)")
    path = chromium_path()
    if not path:
        missing("Chromium is not installed (on Debian and Ubuntu: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Reports:
    """The pages, all from one run of ansible-playbook."""

    folder: Path

    def page(self, name: str) -> Path:
        """The file of a report's page."""
        return self.folder / f"{name.replace(' ', '_')}.html"

    def render(self) -> None:
        """Write all of them."""
        playbook = self.folder / "play.json"
        playbook.write_text(json.dumps([self._play(name) for name in REPORTS]))
        command = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", str(playbook)]
        process = subprocess.run(
            command, cwd=ROOT, env=self._environment(), capture_output=True, text=True, check=False
        )
        assert process.returncode == 0, process.stdout + process.stderr

    def _play(self, name: str) -> dict[str, Any]:
        page = self.page(name)
        given = page.with_suffix(".result")
        title = results.HOSTILE_TITLE if name == "hostile" else "Customers in production"
        given.write_text(json.dumps({"result": REPORTS[name](), "title": title, "check_mode": name == "check"}))
        return {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {
                "ansible_python_interpreter": sys.executable,
                # What a lookup reads is no template, as little as what a module returns.
                "given": f"{{{{ lookup('ansible.builtin.file', '{given}') | from_json }}}}",
            },
            "tasks": [
                {
                    "name": "Write the page",
                    "tenantlink.stackone.report_files": {"document": DOCUMENT, "paths": [str(page)]},
                },
            ],
        }

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        return {
            **kept,
            "HOME": str(self.folder),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_NOCOLOR": "1",
        }


@pytest.fixture(scope="session")
def reports(tmp_path_factory) -> Reports:
    made = Reports(tmp_path_factory.mktemp("reports"))
    made.render()
    return made


@pytest.fixture
def open_report(chromium, reports):
    """Open a report. In the end nothing may have been asked for but the page, and nothing complained."""
    contexts, complaints, requests = [], [], []

    def open_page(name: str, javascript: bool = True, **options: Any) -> Any:
        options = {"viewport": {"width": 1440, "height": 900}, **options}
        context = chromium.new_context(java_script_enabled=javascript, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(reports.page(name).as_uri())
        return page

    open_page.complaints, open_page.requests = complaints, requests
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert len(requests) == len(contexts)
