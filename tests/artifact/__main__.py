# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the collection and installs the artifact, for tests that run against what users get: `make integration`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.tools.tree import PLACE, copy_tree

BUILT, INSTALLED = PLACE / "artifact", PLACE / "installed"
FOR_USERS = frozenset(
    {
        *(
            "CHANGELOG.md",
            "CODE_OF_CONDUCT.md",
            "CONTRIBUTING.md",
            "FILES.json",
            "LICENSE",
            "LICENSES",
            "MANIFEST.json",
        ),
        *("README.md", "SECURITY.md", "changelogs", "docs", "extensions", "meta", "playbooks", "plugins"),
        *("requirements.txt", "roles"),
    }
)


def build() -> Path:
    """The artifact of what git knows. Raises CalledProcessError, and ValueError where it holds what no user needs."""
    shutil.rmtree(BUILT, ignore_errors=True)
    galaxy("build", str(copy_tree(PLACE)), "--output-path", str(BUILT))
    (artifact,) = BUILT.glob("*.tar.gz")
    with tarfile.open(artifact) as archive:
        strangers = {name.split("/")[0] for name in archive.getnames()} - FOR_USERS
    if strangers:
        raise ValueError(f"the artifact holds {', '.join(sorted(strangers))}: add it to build_ignore in galaxy.yml")
    return artifact


def install(artifact: Path) -> None:
    """Put it where a collection path may point to. Raises CalledProcessError."""
    shutil.rmtree(INSTALLED, ignore_errors=True)
    galaxy("install", str(artifact), "--offline", "--force", "--collections-path", str(INSTALLED))


def galaxy(*words: str) -> None:
    """Run ansible-galaxy collection."""
    command = [sys.executable, "-m", "ansible", "galaxy", "collection", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    install(build())
