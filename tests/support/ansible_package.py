# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collections of others, out of the package `ansible` that requirements-awx.txt names, and packages that few tests need."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.support.collection import ROOT
from tests.support.made_once import only_maker

REQUIREMENTS = ROOT / "requirements-awx.txt"
CACHE = ROOT / ".awx"
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def fetched(*collections: str) -> Path:
    """Return a folder for ANSIBLE_COLLECTIONS_PATH with these collections.

    Raises CalledProcessError where the package cannot be had.
    """

    def fill(folder: Path) -> None:
        with tempfile.TemporaryDirectory(dir=CACHE) as wheels:
            _unpack(_download(Path(wheels)), folder, collections)

    return filled_once([REQUIREMENTS.read_bytes(), " ".join(collections).encode()], CACHE, fill)


def installed(requirements: Path, cache: Path) -> Path:
    """Return a folder for PYTHONPATH with packages that no other test has."""

    def fill(folder: Path) -> None:
        subprocess.run([*PIP, "install", "--target", str(folder), "--requirement", str(requirements)], check=True)

    return filled_once([requirements.read_bytes()], cache, fill)


def filled_once(of: list[bytes], cache: Path, fill: Callable[[Path], None]) -> Path:
    """Return a folder that is filled once for what it is made of."""
    place = cache / hashlib.sha256(b"\n".join(of)).hexdigest()[:12]
    with only_maker(place):
        if not place.is_dir():
            with tempfile.TemporaryDirectory(dir=cache) as folder:
                filled = Path(folder, "filled")
                fill(filled)
                filled.rename(place)
    return place


def _download(folder: Path) -> Path:
    """Download the wheel, without what it depends on."""
    command = [*PIP, "download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    subprocess.run([*command, "--requirement", str(REQUIREMENTS)], check=True)
    (wheel,) = folder.glob("ansible-*.whl")
    return wheel


def _unpack(wheel: Path, place: Path, collections: tuple[str, ...]) -> None:
    inside = tuple(f"ansible_collections/{name.replace('.', '/')}/" for name in collections)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place, [name for name in archive.namelist() if name.startswith(inside)])
