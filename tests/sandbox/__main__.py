# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A place to follow docs/walkthrough.md: `make sandbox` starts the emulator and fills a folder for it.

The other commands are what customers do, and the folder's environment.sh has them as `customer`:

    customer rotate DOMAIN      resets the agent's API key; the new one comes in new_keys.csv
    customer switch-off DOMAIN  the Account Admin switches the API key off
    customer switch-on DOMAIN   and on again
    customer key DOMAIN         shows the agent's API key, to enter it at the page of an auth link
    customer open FILE          each customer opens the auth link in a CSV of links, and enters domain and key
"""

from __future__ import annotations

import contextlib
import csv
import fcntl
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.emulator.customer import Customer
from tests.emulator.handle import Emulator
from tests.support.sandbox_folder import SCENARIO, prepare, write_private


def start(folder: str = "sandbox") -> None:
    """Start the emulator, write what a user has, and wait. Two sandboxes in one folder would mix up their files."""
    place = Path(folder).resolve()
    place.mkdir(exist_ok=True)
    with contextlib.suppress(KeyboardInterrupt), _held(place), Emulator("--scenario", str(SCENARIO)) as emulator:
        prepare(emulator, place)
        print(
            f"The sandbox is ready. In another terminal: cd {shlex.quote(str(place))} && . ./environment.sh", flush=True
        )
        print("Then follow docs/walkthrough.md. Press Ctrl-C here to stop it.", flush=True)
        signal.pause()


@contextlib.contextmanager
def _held(place: Path) -> Iterator[None]:
    """Keep the folder to this process. However it ends, the folder is free then."""
    with (place / ".running").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(
                f"A sandbox is running in {place} already. Use that one, end it first, or name another folder:"
                " make sandbox SANDBOX=another"
            ) from None
        yield


def rotate(emulator: Emulator, place: Path, domain: str) -> str:
    """The agent resets the key."""
    new = emulator.set_tenant(domain, rotate_key=True)["new_api_key"]
    write_private(place / "new_keys.csv", f"domain,api_key\n{domain},{new}\n")
    return f"{domain} has a new API key, in new_keys.csv"


def switch_off(emulator: Emulator, place: Path, domain: str) -> str:
    """The Account Admin switches the key off."""
    emulator.set_tenant(domain, api_key_enabled=False)
    return f"the API key of {domain} is switched off"


def switch_on(emulator: Emulator, place: Path, domain: str) -> str:
    """The Account Admin switches the key on."""
    emulator.set_tenant(domain, api_key_enabled=True)
    return f"the API key of {domain} is switched on"


def show_key(emulator: Emulator, place: Path, domain: str) -> str:
    """The agent reads the key in the profile settings."""
    return emulator.tenant(domain)["api_key"]


def open_links(emulator: Emulator, place: Path, name: str) -> str:
    """The customers open their links."""
    with (place / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        Customer(row["auth_link_url"]).enter(row["domain"], emulator.tenant(row["domain"])["api_key"])
    return f"{', '.join(row['domain'] for row in rows)} entered domain and key"


CUSTOMERS: dict[str, Callable[[Emulator, Path, str], str]] = {
    "rotate": rotate,
    "switch-off": switch_off,
    "switch-on": switch_on,
    "key": show_key,
    "open": open_links,
}


def main() -> int:
    """Start a sandbox, or do what a customer does."""
    action, *arguments = sys.argv[1:] or ["start"]
    if action == "start":
        # A shell starts its background jobs with this signal ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        start(*arguments)
        return 0
    if action not in CUSTOMERS or len(arguments) != 2:
        print(__doc__)
        return 2
    what, folder = arguments
    print(CUSTOMERS[action](Emulator.at(os.environ["SANDBOX_ADMIN_URL"]), Path(folder), what))
    return 0


if __name__ == "__main__":
    sys.exit(main())
