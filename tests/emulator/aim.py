# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to aim a playbook at a running emulator: its variables in a file, and a command that works as it stands."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .world import World

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "freshservice_link_"
PLAYBOOK = "tenantlink.stackone.link"


def variables(world: World, ready: dict[str, Any]) -> dict[str, Any]:
    """Return the role's variables: where the services are, and all tenants with their keys."""
    where = {name: ready[name] for name in ("stackone_url", "stackone_api_key", "freshservice_url", "ca_path")}
    tenants = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in world.tenants]
    keys = {name: tenant.main.api_key for name, tenant in world.tenants.items()}
    declared = {**where, "tenants": tenants, "api_keys": keys}
    return {f"{PREFIX}{name}": value for name, value in declared.items() if value is not None}


@contextlib.contextmanager
def aimed(folder: Path, world: World, ready: dict[str, Any]) -> Iterator[None]:
    """Keep the variables in a file of this emulator's own while it runs, and say on standard error how to use it."""
    port = ready["admin_url"].split(":")[2].split("/")[0]
    folder.mkdir(exist_ok=True)
    path = folder / f"emulator-{port}.yml"
    path.write_text(yaml.safe_dump(variables(world, ready), sort_keys=False), encoding="utf-8")
    print(f"The emulator is ready. To link its {len(world.tenants)} tenants, in another terminal:\n", file=sys.stderr)
    print(f"  {command(path)}\n", file=sys.stderr)
    print(
        "Its variables are in that file, and may be used with every playbook. Press Ctrl-C here to stop it.",
        file=sys.stderr,
    )
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def command(variables_file: Path) -> str:
    """Return the command that links what the file declares, wherever it is typed."""
    collections = f"ANSIBLE_COLLECTIONS_PATH={shlex.quote(str(ROOT / '.collections'))}"
    program = shlex.quote(str(Path(sys.executable).with_name("ansible-playbook")))
    return f"{collections} {program} {PLAYBOOK} -e @{shlex.quote(os.fspath(variables_file.resolve()))}"
