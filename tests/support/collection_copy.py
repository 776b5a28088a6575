# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the collection where Ansible's tools expect one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.collection import ROOT

PLACE = ROOT / ".sanity"
CONFIG = "tests/config.yml"
"""What ansible-test wants to know beforehand."""


def copy_tree(place: Path, with_tests: bool = True) -> Path:
    """What git knows, and what it would take, as a git checkout of its own, since some of the tools ask git."""
    shutil.rmtree(place / "ansible_collections", ignore_errors=True)
    tree = place / "ansible_collections" / "tenantlink" / "stackone"
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    names = [name for name in names if name and (with_tests or not name.startswith("tests/") or name == CONFIG)]
    for name in names:
        source, target = ROOT / name, tree / name
        if source.is_symlink() or source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    for command in (["git", "init", "--quiet"], ["git", "add", "--all"]):
        subprocess.run(command, cwd=tree, check=True)
    return tree
