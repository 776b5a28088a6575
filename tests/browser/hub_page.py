# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page with StackOne's own widget, as somebody uses it, and all that the browser saw meanwhile."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.emulator.handle import Emulator

OUTPUT = Path(__file__).parent / "output"
LINKED = "Account successfully connected to Freshservice"
# A page waits for whatever it waits for; this is only how long until it counts as broken on a busy machine.
PATIENCE_MS = 30_000


@dataclass
class Hub:
    """The widget on a page, as somebody uses it, and all that the browser saw meanwhile."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Note everything from now on."""
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"page: {error}"))
        # Playwright asks for functions of our own.
        self.page.on("request", self._note_request)
        self.page.on("response", self._note_answer)
        self.page.on("requestfailed", lambda request: self.broken.append(f"{request.url}: {request.failure}"))

    def _note_request(self, request: Any) -> None:
        self.requests.append(request)

    def _note_answer(self, answer: Any) -> None:
        self.answers.append(answer)

    def settles(self) -> None:
        """Wait until nothing is asked any more."""
        self.page.wait_for_load_state("networkidle", timeout=PATIENCE_MS)

    def shows(self, text: str) -> None:
        """Wait until the text is to be seen."""
        from playwright.sync_api import expect

        expect(self.page.get_by_text(text, exact=True)).to_be_visible(timeout=PATIENCE_MS)

    def box(self, label: str) -> Any:
        return self.page.get_by_role("textbox", name=label, exact=True)

    def holds(self, label: str, value: str) -> None:
        """Wait until a field has that value."""
        from playwright.sync_api import expect

        expect(self.box(label)).to_have_value(value, timeout=PATIENCE_MS)

    def can_connect(self, enabled: bool) -> None:
        """Wait until the form may be submitted, or may not."""
        from playwright.sync_api import expect

        expect(self.page.get_by_role("button", name="Connect")).to_be_enabled(enabled=enabled, timeout=PATIENCE_MS)

    def click(self, button: str) -> None:
        self.page.get_by_role("button", name=button).click(timeout=PATIENCE_MS)

    def submit(self, domain: str, key: str) -> None:
        self.box("Domain").fill(domain, timeout=PATIENCE_MS)
        self.box("API Key").fill(key)
        self.click("Connect")

    def told(self, account_id: str) -> None:
        """Wait until success is shown, and the page around the widget was told the account."""
        from playwright.sync_api import expect

        self.shows("Connection Successful")
        self.shows(LINKED)
        expect(self.page).to_have_title(f"Linked {account_id}", timeout=PATIENCE_MS)

    def picture(self, name: str) -> None:
        self.page.screenshot(path=OUTPUT / f"widget-{name}.png")


def is_local(url: str) -> bool:
    return url.startswith("data:") or urlsplit(url).hostname == "127.0.0.1"


def asked(emulator: Emulator, preflight: bool = False) -> set[str]:
    """What the Hub was asked, each once, without ids; or which paths a browser asked leave for."""
    rows = [row for row in emulator.requests(service="hub") if (row["method"] == "OPTIONS") == preflight]
    return {re.sub("(accounts|connectors)/.+", r"\1/{id}", f"{row['method']} {row['path']}") for row in rows}


def forgive(hub: Hub, *beginnings: str) -> None:
    """Exactly these complaints were expected; the browser may be later with its own than the widget."""
    while len(hub.complaints) < len(beginnings):
        hub.page.wait_for_event("console", timeout=PATIENCE_MS)
    assert len(hub.complaints) == len(beginnings), hub.complaints
    for complaint, beginning in zip(sorted(hub.complaints), sorted(beginnings)):
        assert complaint.startswith(beginning), hub.complaints
    hub.complaints.clear()


def not_loaded(status: int) -> str:
    """How the browser itself reports a refused request."""
    return f"error: Failed to load resource: the server responded with a status of {status} "
