# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the pictures of the README and of the guides, of real runs against the emulator: `make pictures`. They are in docs/pictures."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Browser, sync_playwright

from tests.emulator.handle import Emulator
from tests.support.chromium import ARGUMENTS, chromium_path
from tests.support.collection import ROOT

from . import terminal

PICTURES = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1280, 800
ROWS = 2
"""How many tenants of the report are in the picture."""

SETTLED = (
    *("alder", "ash", "aspen", "beech", "birch", "blackthorn", "boxwood", "cedar", "cherry", "chestnut", "cypress"),
    *("dogwood", "elder", "elm", "fir", "hawthorn", "hazel", "hemlock", "holly", "hornbeam", "juniper", "larch"),
    *("laurel", "linden", "magnolia", "maple", "mulberry", "oak", "olive", "pine"),
)
"""Customers who are linked already when the run begins that the report tells of."""
NEW = ("poplar", "redwood", "rowan", "spruce", "sycamore", "tamarack", "walnut", "willow")
MISSPELT = "zelkowa"
BULK = 450
LATENCY_MS = 600
"""That long every answer takes, so that there is a progress to be seen. docs/getting_started.md says so below the picture."""


class User:
    """An emulator, and the folder of a user of the collection: tenants in clear, keys encrypted."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self._emulator = emulator
        self._folder = folder
        self._write("vault-password", secrets.token_hex(16))

    def declare(self, tenants: Iterable[dict[str, str]], **options: Any) -> None:
        """Write tenants.yml, and vault.yml with the keys as they are now."""
        declared = {"tenants": list(tenants), **options}
        self._write("tenants.yml", _role_variables(declared))
        keys = {tenant["domain"]: tenant["api_key"] for tenant in self._emulator.tenants()}
        # A key that nobody looks at: there is no Freshservice tenant at this domain.
        keys.setdefault(MISSPELT, secrets.token_hex(10))
        self._write(
            "vault.yml", _role_variables({"stackone_api_key": self._emulator.stackone_api_key, "api_keys": keys})
        )
        self._ansible("vault", "encrypt", "vault.yml")

    def link(self, red: bool = False) -> terminal.Command:
        """Run the playbook. RuntimeError where it is not as red or green as it should be."""
        given = ("tenantlink.stackone.link", "-e", "@tenants.yml", "-e", "@vault.yml")
        return terminal.Command(" ".join(("ansible-playbook", *given)), self._ansible("playbook", *given, red=red))

    def path(self, name: str) -> Path:
        """A file of the folder."""
        return self._folder / name

    def _write(self, name: str, text: str) -> None:
        path = self.path(name)
        path.touch(mode=0o600)
        path.write_text(text)

    def _ansible(self, *arguments: str, red: bool = False) -> str:
        command = [sys.executable, "-m", "ansible", *arguments]
        # Progress comes on standard error; a terminal shows both.
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if red != bool(done.returncode):
            raise RuntimeError(f"{arguments[:2]} ended with {done.returncode}: {done.stdout[-2000:]}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        return {
            **kept,
            "HOME": str(self._folder),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_FORCE_COLOR": "1",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_VAULT_PASSWORD_FILE": "vault-password",
            "FRESHSERVICE_URL": self._emulator.freshservice_url,
            "STACKONE_URL": self._emulator.stackone_url,
        }


def _role_variables(values: dict[str, Any]) -> str:
    return yaml.safe_dump({f"freshservice_link_{name}": value for name, value in values.items()})


def tenant(domain: str) -> dict[str, str]:
    """A tenant as somebody declares it."""
    return {
        "domain": domain,
        "origin_owner_id": f"customer-{domain}",
        "origin_owner_name": f"{domain.title()} Ltd",
        "label": "Service desk",
    }


def report(emulator: Emulator, user: User) -> Path:
    """The report of a run that found a bit of everything."""
    for domain in (*SETTLED, *NEW):
        emulator.set_tenant(domain, create=True)
    user.declare(tenant(domain) for domain in SETTLED)
    user.link()
    spoil(emulator)
    stay = [domain for domain in SETTLED if domain != "chestnut"]
    user.declare([tenant(domain) for domain in (*stay, *NEW, MISSPELT)], purge=True, report="report.html")
    user.link(red=True)
    return user.path("report.html")


def spoil(emulator: Emulator) -> None:
    """What happens to accounts and tenants while nobody looks."""
    accounts = {account["origin_owner_id"]: account["id"] for account in emulator.accounts()}
    emulator.set_tenant("birch", rotate_key=True)
    emulator.set_tenant("linden", rotate_key=True)
    emulator.change_account(accounts["customer-cedar"], status="error")
    emulator.change_account(accounts["customer-hazel"], label="IT support")
    emulator.change_account(accounts["customer-olive"], label="Helpdesk")
    emulator.set_tenant("hemlock", api_key_enabled=False)
    emulator.set_tenant("juniper", state="suspended")
    emulator.set_tenant("maple", state="ip_refused")


def bulk(emulator: Emulator, user: User) -> str:
    """The terminal of a first link of many, and of the run after it."""
    emulator.latency(LATENCY_MS)
    domains = [f"customer{number:03d}" for number in range(1, BULK + 1)]
    for domain in domains:
        emulator.set_tenant(domain, create=True)
    user.declare((tenant(domain) for domain in domains), fingerprints=str(user.path("fingerprints.json")))
    return terminal.page(user.link(), user.link())


def photograph(browser: Browser, page: Path, picture: Path, scheme: str) -> None:
    """The beginning of a report, down to the end of a row."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
    shown = context.new_page()
    shown.goto(page.as_uri())
    last = shown.locator("tbody tr").nth(ROWS - 1).bounding_box()
    height = last["y"] + last["height"]
    shown.screenshot(path=picture, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    context.close()


def photograph_terminal(browser: Browser, page: str, picture: Path) -> None:
    """All that the terminal shows, and no more."""
    shown = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    shown.set_content(page)
    shown.locator("pre").screenshot(path=picture)
    shown.close()


def main() -> None:
    """Make all of them. RuntimeError where a run did not end as it should."""
    path = chromium_path()
    if not path:
        sys.exit("Chromium is not installed (on Debian and Ubuntu: apt-get install chromium)")
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        with tempfile.TemporaryDirectory() as folder, Emulator() as emulator:
            page = report(emulator, User(emulator, Path(folder)))
            for scheme in ("light", "dark"):
                photograph(browser, page, PICTURES / f"report-{scheme}.png", scheme)
        with tempfile.TemporaryDirectory() as folder, Emulator() as emulator:
            photograph_terminal(browser, bulk(emulator, User(emulator, Path(folder))), PICTURES / "bulk.png")
        browser.close()
    print(f"The pictures are in {PICTURES.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
