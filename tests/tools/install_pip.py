# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-test runs to get pip into an environment: installs the wheel that lies beside this file, and what is asked for."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

UNKNOWN = {"--no-setuptools", "--no-wheel"}
"""Options of the installer that this one stands for; nothing but what is named is installed here."""


def install(beside: Path) -> int:
    """Install with the wheel's own pip; the exit code is pip's."""
    with tempfile.TemporaryDirectory() as folder:
        version = beside.stem.removeprefix("get_pip_").replace("_", ".")
        wheel = Path(folder) / f"pip-{version}-py3-none-any.whl"
        shutil.copy(beside.with_suffix(".whl"), wheel)
        sys.path.insert(0, str(wheel))
        from pip._internal.cli.main import main

        asked = [word for word in sys.argv[1:] if word not in UNKNOWN]
        words = [str(wheel) if word.startswith("pip==") else word for word in asked]
        return main(["install", "--upgrade", "--force-reinstall", *words])


if __name__ == "__main__":
    sys.exit(install(Path(__file__)))
