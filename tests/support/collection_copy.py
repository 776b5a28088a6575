# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the collection where Ansible's tools expect one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.collection import ROOT

PLACE = ROOT / ".sanity"


def copy_tree(place: Path) -> Path:
    """Copy what git knows, and what it would take, into a git checkout, since some of the tools ask git."""
    shutil.rmtree(place / "ansible_collections", ignore_errors=True)
    tree = place / "ansible_collections" / "tenantlink" / "stackone"
    for name in known_files(ROOT):
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    for command in (["git", "init", "--quiet"], ["git", "add", "--all"]):
        subprocess.run(command, cwd=tree, check=True)
    return tree


def known_files(root: Path) -> list[str]:
    """Return the paths of the files of a checkout that git knows or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted({name for name in names if name and ((root / name).is_symlink() or (root / name).exists())})
