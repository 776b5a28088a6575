# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to aim a playbook at a running emulator: its variables in a file, and a command that works as it stands."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .places import variables
from .world import World

_COLLECTIONS = Path(__file__).resolve().parents[2] / ".collections"
"""Where they are in the source tree, and nothing elsewhere."""
PLAYBOOK = "tenantlink.stackone.link"


@contextlib.contextmanager
def aimed(folder: Path, world: World, ready: dict[str, Any]) -> Iterator[None]:
    """Keep the variables in a file of this emulator's own while it runs, and say on standard error how to use it.

    The file is JSON, hence YAML too.
    """
    port = urlsplit(ready["admin_url"]).port
    folder.mkdir(exist_ok=True)
    path = folder / f"emulator-{port}.yml"
    path.write_text(json.dumps(variables(world, ready), indent=2) + "\n", encoding="utf-8")
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
    aimed_playbook = f"{PLAYBOOK} -e @{shlex.quote(os.fspath(variables_file.resolve()))}"
    if not _COLLECTIONS.is_dir():
        return f"ansible-playbook {aimed_playbook}"
    program = shlex.quote(str(Path(sys.executable).with_name("ansible-playbook")))
    return f"ANSIBLE_COLLECTIONS_PATH={shlex.quote(str(_COLLECTIONS))} {program} {aimed_playbook}"
