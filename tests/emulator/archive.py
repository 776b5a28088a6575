# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the emulator into one file that Python runs: `python -m tests.emulator.archive FILE`."""

from __future__ import annotations

import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

PACKAGE = "emulator"
_FIRST_LINE = b"#!/usr/bin/env python3\n"
_MAIN = f"from {PACKAGE}.__main__ import main\n\nmain()\n".encode()
_MADE_AT = (1980, 1, 1, 0, 0, 0)
"""The same for every file, so that the same source gives the same bytes."""


def build(target: Path) -> None:
    """Write the archive, executable, to `target`; its folder is made if it is absent."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    content = {"__main__.py": _MAIN, **{f"{PACKAGE}/{source.name}": source.read_bytes() for source in sources}}
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        file.write(_FIRST_LINE)
        with ZipFile(file, "w") as archive:
            for name, data in content.items():
                archive.writestr(ZipInfo(name, _MADE_AT), data, ZIP_DEFLATED)
    target.chmod(0o755)


if __name__ == "__main__":
    _program, path = sys.argv
    build(Path(path))
    print(f"{path}: run it with Python 3.10 or newer; it needs nothing else. Its options: --help")
