# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Earlier releases: the commits that they were built from, their artifacts, and what they left in tests/fixtures."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.support.artifact import galaxy
from tests.support.collection import ROOT
from tests.support.collection_copy import PLACE
from tests.support.made_once import only_maker

COMMITS = {"1.0.0": "eaf09e3cfd788a2d8608c7f6a67c14bad4c646fc"}
"""The release's last commit: the first change after it has a changelog fragment."""
FIXTURES = ROOT / "tests" / "fixtures"


def is_here(version: str) -> bool:
    """Say whether this clone has the release's commit, which a shallow one lacks."""
    command = ["git", "cat-file", "-e", f"{COMMITS[version]}^{{commit}}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def source_of(version: str, place: Path = PLACE) -> Path:
    """Return a folder with the files of the release's commit."""
    tree = place / "releases" / version / "source"
    with only_maker(tree):
        if not tree.exists():
            partial = _emptied(tree.with_name(f"{tree.name}.partial"))
            archive = partial.with_suffix(".tar")
            subprocess.run(["git", "archive", f"--output={archive}", COMMITS[version]], cwd=ROOT, check=True)
            with tarfile.open(archive) as packed:
                packed.extractall(partial, filter="data")
            archive.unlink()
            partial.rename(tree)
    return tree


def installed(version: str, place: Path = PLACE) -> Path:
    """Return a collections path into which the release's artifact, built from its commit, is installed."""
    collections = place / "releases" / version / "collections"
    with only_maker(collections):
        if not collections.exists():
            built = _emptied(collections.with_name("built"))
            galaxy("build", str(source_of(version, place)), "--output-path", str(built))
            (artifact,) = built.glob("*.tar.gz")
            partial = _emptied(collections.with_name("collections.partial"))
            galaxy("install", str(artifact), "--offline", "--force", "--collections-path", str(partial))
            partial.rename(collections)
    return collections


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
