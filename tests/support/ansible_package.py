# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collections out of the package `ansible` that requirements-awx.txt names."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.support.collection import ROOT

REQUIREMENTS = ROOT / "requirements-awx.txt"
CACHE = ROOT / ".awx"


def fetched(*collections: str) -> Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH with these collections, filled once for each content of requirements-awx.txt.

    Raises CalledProcessError where the package cannot be had.
    """
    place = CACHE / hashlib.sha256(REQUIREMENTS.read_bytes() + " ".join(collections).encode()).hexdigest()[:12]
    if not place.is_dir():
        CACHE.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=CACHE))
        try:
            unpack(download(folder), folder / "collections", collections)
            # Whoever else fetches it at the same time has put the same there.
            with contextlib.suppress(OSError):
                (folder / "collections").rename(place)
        finally:
            shutil.rmtree(folder)
    return place


def download(folder: Path) -> Path:
    """The wheel, without what it depends on."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), "--requirement", str(REQUIREMENTS)]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("ansible-*.whl")
    return wheel


def unpack(wheel: Path, place: Path, collections: tuple[str, ...]) -> None:
    inside = tuple(f"ansible_collections/{name.replace('.', '/')}/" for name in collections)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place, [name for name in archive.namelist() if name.startswith(inside)])
