# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make test-backends`: run the tests here in an environment of their own, with the collections that read secret stores."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.ansible_package import fetched
from tests.support.ansible_versions import environment

from .stores import COLLECTIONS


def main() -> int:
    """Prepare everything once, and return the exit code of pytest."""
    fetched(*COLLECTIONS)
    python = environment(Path(sys.executable), "backends", "-r", "requirements-backends.txt")
    return subprocess.run([python, "-m", "pytest", "-q", "tests/backends", *sys.argv[1:]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
