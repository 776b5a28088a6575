# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder in which somebody follows docs/walkthrough.md."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from tests.emulator.handle import Emulator
from tests.support.collection import ROOT

SCENARIO = ROOT / "tests" / "sandbox" / "scenario.yml"
LINKED_LATER = "newcompany"


def prepare(emulator: Emulator, place: Path) -> None:
    """Write the environment, StackOne's key, and the CSV of keys that the customers sent."""
    keys = {tenant["domain"]: tenant["api_key"] for tenant in emulator.tenants() if tenant["domain"] != LINKED_LATER}
    exported = {
        "STACKONE_URL": emulator.stackone_url,
        "FRESHSERVICE_URL": emulator.freshservice_url,
        "SANDBOX_ADMIN_URL": emulator.admin_url,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in exported.items()]
    program = f"(cd {shlex.quote(str(ROOT))} && {shlex.quote(sys.executable)} -m tests.sandbox"
    lines.append(f'customer() {{ sandbox=$PWD; {program} "$1" "$2" "$sandbox"); }}\n')
    (place / "environment.sh").write_text("".join(lines))
    write_private(place / "stackone-api-key", emulator.stackone_api_key + "\n")
    write_private(place / "keys.csv", "domain,api_key\n" + "".join(f"{name},{key}\n" for name, key in keys.items()))


def write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
