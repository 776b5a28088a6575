# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install pip from the wheel beside this file, and what else is asked for: ansible-test runs this in new environments."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

UNKNOWN = {"--no-setuptools", "--no-wheel"}
"""Options of the usual installer that this one has no use for: it installs only what is named."""


def install(beside: Path) -> int:
    """Install with the wheel's own pip, and return its exit code."""
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
