# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-galaxy, run as a user who has nothing installed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.release.galaxy_server import serving

PAGE = "README.md"


@dataclass(frozen=True)
class Galaxy:
    """The home of the user, and the folder with their GnuPG keys."""

    home: Path
    keys: Path

    @property
    def env(self) -> dict[str, str]:
        """Return the environment, in which this Python's ansible-galaxy is found first."""
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.home),
            "GNUPGHOME": str(self.keys),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_NOCOLOR": "1",
        }

    @property
    def installed(self) -> Path:
        """Return a file of the installed collection."""
        return self.home / ".ansible" / "collections" / "ansible_collections" / "tenantlink" / "stackone" / PAGE

    def run(self, *words: object, **variables: str) -> tuple[int, str]:
        """Return the exit code and everything that is printed."""
        command = [sys.executable, "-m", "ansible", "galaxy", "collection", *map(str, words)]
        env = {**self.env, **variables}
        done = subprocess.run(command, cwd=self.home, env=env, capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def install(self, archive: bytes, *words: object) -> tuple[int, str]:
        """Install the collection from a server that has this archive."""
        with serving(archive) as server:
            return self.run("install", "tenantlink.stackone", *words, ANSIBLE_GALAXY_SERVER=server)

    def install_file(self, archive: bytes, *words: object) -> tuple[int, str]:
        """Install the archive itself."""
        path = self.home / "given.tar.gz"
        path.write_bytes(archive)
        return self.run("install", path, "--offline", *words)

    def verify(self, *words: object) -> tuple[int, str]:
        """Verify what is installed, without a server."""
        return self.run("verify", "tenantlink.stackone", "--offline", *words)
