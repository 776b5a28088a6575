# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collections of others, out of the package `ansible`."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def fetched(collection: str, requirements: Path, cache: Path) -> Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH with a collection such as `awx.awx`.

    Raises CalledProcessError where the package cannot be had.
    """
    inside = f"ansible_collections/{collection.replace('.', '/')}/"

    def fill(folder: Path) -> None:
        with tempfile.TemporaryDirectory(dir=cache) as wheels:
            _unpack(_download(requirements, Path(wheels)), inside, folder)

    return filled_once(requirements, cache, fill)


def installed(requirements: Path, cache: Path) -> Path:
    """A folder for PYTHONPATH with packages that no other test has."""

    def fill(folder: Path) -> None:
        subprocess.run([*PIP, "install", "--target", str(folder), "--requirement", str(requirements)], check=True)

    return filled_once(requirements, cache, fill)


def filled_once(requirements: Path, cache: Path, fill: Callable[[Path], None]) -> Path:
    """A folder that is filled once for each content of a file of requirements."""
    place = cache / hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    if not place.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=cache))
        try:
            fill(folder / "filled")
            # Whoever else fills it at the same time has put the same there.
            with contextlib.suppress(OSError):
                (folder / "filled").rename(place)
        finally:
            shutil.rmtree(folder)
    return place


def _download(requirements: Path, folder: Path) -> Path:
    """The wheel, without what it depends on."""
    command = [*PIP, "download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    subprocess.run([*command, "--requirement", str(requirements)], check=True)
    (wheel,) = folder.glob("ansible-*.whl")
    return wheel


def _unpack(wheel: Path, inside: str, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(inside)])
