# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ansible-core goes with which Python, and the environments for them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.collection import ROOT
from tests.support.made_once import only_maker

ENVIRONMENTS = ROOT / ".matrix"
SUPPORTED = {
    "2.16": ((3, 10), (3, 12)),
    "2.17": ((3, 10), (3, 12)),
    "2.18": ((3, 11), (3, 13)),
    "2.19": ((3, 11), (3, 13)),
    "2.20": ((3, 12), (3, 14)),
    "2.21": ((3, 12), (3, 14)),
}
"""Oldest and newest Python of the controller, by ansible-core."""
OLDEST_FOR_MODULES = (3, 9)
OLDEST_LIBRARIES = ("requests==2.32.3", "urllib3==1.26.5")
"""What requirements.txt says, taken literally."""
Version = tuple[int, int]


@dataclass(frozen=True)
class Cell:
    """One ansible-core on one Python; `module_python` runs the modules where it is another one."""

    core: str
    python: Version
    module_python: Version | None = None

    @property
    def name(self) -> str:
        """As the table has it."""
        return f"ansible-core {self.core} on {self.column}"

    @property
    def column(self) -> str:
        """Its column of the table."""
        modules = f", modules on {text(self.module_python)}" if self.module_python else ""
        return f"Python {text(self.python)}{modules}"


def text(version: Version) -> str:
    """`3.11`."""
    return ".".join(map(str, version))


def pythons() -> dict[Version, Path]:
    """The interpreters of this machine, one for each version."""
    places = [Path(folder) for folder in os.environ["PATH"].split(os.pathsep)]
    places += sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin"))
    found: dict[Version, Path] = {}
    for place in (place for place in places if place.is_dir() and "shims" not in place.parts):
        for path in place.glob("python3.*"):
            version = re.fullmatch(r"python3\.(\d+)", path.name)
            if version and works(path):
                found.setdefault((3, int(version.group(1))), path)
    found.setdefault((sys.version_info.major, sys.version_info.minor), Path(sys.executable))
    return found


def works(python: Path) -> bool:
    """Whether it runs and can make virtual environments."""
    return subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0


def cells(available: Iterable[Version], cores: Iterable[str] = tuple(SUPPORTED)) -> list[Cell]:
    """Each core with its oldest and its newest Python, and the modules on the oldest that they support."""
    known = sorted(available)
    made = []
    for core in cores:
        oldest, newest = SUPPORTED[core]
        fitting = [version for version in known if oldest <= version <= newest]
        made += [Cell(core, version) for version in dict.fromkeys(fitting[:1] + fitting[-1:])]
    if made and OLDEST_FOR_MODULES in known:
        made.append(Cell(made[-1].core, made[-1].python, OLDEST_FOR_MODULES))
    return made


def corners(every: Sequence[Cell]) -> list[Cell]:
    """The first of all, the last of all, and the one with the modules on another Python."""
    plain = [cell for cell in every if not cell.module_python]
    return list(dict.fromkeys([*plain[:1], *plain[-1:], *(cell for cell in every if cell.module_python)]))


def environment(python: Path, name: str, *packages: str) -> Path:
    """The interpreter of a virtual environment with these packages, made once."""
    place = ENVIRONMENTS / name
    interpreter, ready = place / "bin" / "python", place / "ready"
    with only_maker(place):
        if not ready.exists():
            subprocess.run([python, "-m", "venv", "--clear", place], check=True)
            pip = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, *packages], check=True, cwd=ROOT)
            ready.touch()
    return interpreter


def cell_environment(cell: Cell, python: Path) -> Path:
    """The interpreter that runs Ansible in a cell."""
    name, packages = f"{cell.core}-{text(cell.python)}", ("-r", "requirements-dev.txt", f"ansible-core=={cell.core}.*")
    if is_oldest(cell):
        return environment(python, f"{name}-oldest", *packages, *OLDEST_LIBRARIES)
    return environment(python, name, *packages)


def is_oldest(cell: Cell) -> bool:
    """Whether all of a cell is as old as can be."""
    core, (python, _newest) = next(iter(SUPPORTED.items()))
    return (cell.core, cell.python) == (core, python)
