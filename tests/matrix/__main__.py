# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests on every supported ansible-core that this machine's Pythons allow: `make matrix`.

--smoke          only what differs between versions, in a minute or two for each
--core 2.16      only this version (may be repeated); "ends" stands for the oldest and newest possible
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / ".matrix"

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

FULL = ("tests/unit/plugins", "tests/integration")
SMOKE = (
    "tests/unit/plugins/test_tenants_filter.py",
    "tests/unit/plugins/test_report_document.py",
    "tests/integration/test_playbooks.py",
    "tests/integration/test_inventory.py",
    "tests/integration/test_auth_links.py::test_links_are_hidden_wherever_ansible_shows_results",
    "tests/integration/test_life_playbooks.py::test_rotate",
    "tests/integration/test_life_playbooks.py::test_waiting_says_who_is_missing",
    "tests/integration/test_life_playbooks.py::test_the_report_of_a_run",
    "tests/integration/test_life_playbooks.py::test_a_page_of_hostile_texts_stays_text",
    "tests/integration/test_link_playbook.py::test_a_list_of_tenants",
    "tests/integration/test_link_playbook.py::test_a_csv_file",
)
MODULE_SIDE = (
    "tests/integration/test_link.py::test_first_link",
    "tests/integration/test_links.py::test_first_link_then_nothing_to_do",
    "tests/integration/test_keys_info.py::test_every_verdict_is_returned",
    "tests/integration/test_auth_links.py::test_many_owners",
    "tests/integration/test_account_info.py::test_what_is_shown",
)

Version = tuple[int, int]


@dataclass(frozen=True)
class Cell:
    """One ansible-core on one Python; C(module_python) runs the modules where it is another one."""

    core: str
    python: Version
    module_python: Version | None = None

    @property
    def name(self) -> str:
        """As the table has it."""
        modules = f", modules on {text(self.module_python)}" if self.module_python else ""
        return f"ansible-core {self.core} on Python {text(self.python)}{modules}"


@dataclass
class Outcome:
    """How a cell ended."""

    cell: Cell
    passed: int
    failed: int
    seconds: float
    code: int


def text(version: Version) -> str:
    """C(3.11)."""
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
    return found


def works(python: Path) -> bool:
    """Whether it runs and can make virtual environments."""
    return subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0


def cells(available: Iterable[Version], cores: Sequence[str]) -> list[Cell]:
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


def chosen(asked: Sequence[str] | None, available: Iterable[Version]) -> list[str]:
    """The cores that are asked for and that some Python allows."""
    possible = [core for core in SUPPORTED if cells(available, [core])]
    if not asked:
        return possible
    named = [core for core in asked if core != "ends"]
    ends = {possible[0], possible[-1]} if "ends" in asked and possible else set()
    return [core for core in possible if core in named or core in ends]


def environment(python: Path, name: str, *packages: str) -> Path:
    """The interpreter of a virtual environment with these packages, made once."""
    place = HOUSE / name
    interpreter, ready = place / "bin" / "python", place / "ready"
    if not ready.exists():
        subprocess.run([python, "-m", "venv", "--clear", place], check=True)
        pip = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True, cwd=ROOT)
        ready.touch()
    return interpreter


def run(cell: Cell, found: dict[Version, Path], tests: Sequence[str], jobs: int) -> Outcome:
    """Run the tests in one cell."""
    packages = ("-r", "requirements-dev.txt", f"ansible-core=={cell.core}.*")
    interpreter = environment(found[cell.python], f"{cell.core}-{text(cell.python)}", *packages)
    variables = {**os.environ}
    if cell.module_python:
        modules = environment(found[cell.module_python], f"modules-{text(cell.module_python)}", "requests>=2.32.2")
        variables["TENANTLINK_MODULE_PYTHON"] = str(modules)
    started = time.monotonic()
    command = [interpreter, "-m", "pytest", "-q", "-n", str(jobs), "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-6000:], done.stderr[-2000:], flush=True)
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout)}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    return Outcome(cell, counts.get("passed", 0), failed, time.monotonic() - started, done.returncode)


def main() -> int:
    """Run the matrix; the exit code says whether every cell passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="only what differs between versions")
    parser.add_argument("--core", action="append", choices=[*SUPPORTED, "ends"], help="only this version")
    parser.add_argument("--jobs", type=int, default=2, help="tests at a time")
    arguments = parser.parse_args()
    found = pythons()
    outcomes = []
    for cell in cells(found, chosen(arguments.core, found)):
        tests = MODULE_SIDE if cell.module_python else SMOKE if arguments.smoke else FULL
        outcome = run(cell, found, tests, arguments.jobs)
        outcomes.append(outcome)
        verdict = "passed" if outcome.code == 0 else "FAILED"
        print(
            f"{verdict}: {cell.name}: {outcome.passed} passed, {outcome.failed} failed, {outcome.seconds:.0f} s",
            flush=True,
        )
    missing = [core for core in SUPPORTED if not cells(found, [core])]
    if missing:
        print(f"Not possible with the Pythons here ({', '.join(map(text, sorted(found)))}): {', '.join(missing)}")
    bad = [outcome.cell.name for outcome in outcomes if outcome.code]
    print(f"MATRIX {'FAILED: ' + '; '.join(bad) if bad or not outcomes else 'PASSED'}: {len(outcomes)} cells.")
    return 1 if bad or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
