# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the tools of Ansible's community over a copy of what git knows: `make lint`, `make sanity`, `make ansible-test`.

--sanity         ansible-test sanity, on the oldest ansible-core with its oldest Python and the newest with its newest
--tests          ansible-test units and ansible-test integration, on the ansible-core that is installed, in an environment
                 that has what tests/unit/requirements.txt and tests/integration/requirements.txt name
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from tests.support.ansible_versions import cell_environment, cells, corners, environment, pythons
from tests.support.artifact import build
from tests.support.collection import ROOT
from tests.support.collection_copy import PLACE, copy_tree

BIN = Path(sys.executable).parent
WORKFLOWS = "vendor.github-workflows"
ATTEMPTS = 3
JOBS = 2
"""Tools at a time. Each has an environment, and each ansible-test a copy of the tree."""


@dataclass(frozen=True)
class Tool:
    """A command whose exit code is its verdict.

    `bad` is what its output must not hold besides. `chance` is what it says if it failed by chance; it is run again then.
    """

    name: str
    command: Sequence[str | Path]
    environment: dict[str, str] = field(default_factory=dict)
    bad: str | None = None
    chance: str | None = None
    folder: Path = PLACE / "ansible_collections" / "tenantlink" / "stackone"

    def run(self) -> bool:
        """Tell whether it finds nothing, and print what it finds."""
        started = time.monotonic()
        paths = os.pathsep.join([str(Path(self.command[0]).parent), os.environ["PATH"]])
        variables = {
            **os.environ,
            "PATH": paths,
            "ANSIBLE_COLLECTIONS_PATH": str(PLACE),
            "PYTHONPATH": str(PLACE),
            "NO_COLOR": "1",
            **self.environment,
        }
        for _attempt in range(ATTEMPTS):
            done = subprocess.run(
                self.command, cwd=self.folder, env=variables, capture_output=True, text=True, check=False
            )
            output = done.stdout + done.stderr
            good = done.returncode == 0 and not (self.bad and re.search(self.bad, output, re.M))
            if good or not (self.chance and re.search(self.chance, output)):
                break
        print(f"{'passed' if good else 'FAILED'}: {self.name}, {time.monotonic() - started:.0f} s", flush=True)
        if not good:
            print(output[-8000:], flush=True)
        return good


def lint() -> list[Callable[[], bool]]:
    """Return the checks of everything but ansible-test, which takes minutes."""
    artifact = build()
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    importer = environment(Path(sys.executable), "importer", "-r", "requirements-importer.txt")
    tools = [
        Tool("REUSE", (BIN / "reuse", "lint")),
        Tool("antsibull-changelog", (BIN / "antsibull-changelog", "lint")),
        Tool(
            "antsibull-docs",
            (BIN / "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "all", "."),
            # If the random name of its temporary folder ends with an underscore, it takes it for a target.
            chance='Unknown target name: "antsibull-docs-',
        ),
        Tool("ansible-lint, production", (BIN / "ansible-lint", "--strict")),
        Tool("the schema of workflows", (BIN / "check-jsonschema", "--builtin-schema", WORKFLOWS, *workflows)),
        Tool("zizmor", (BIN / "zizmor", "--offline", "--no-progress", ".github/workflows")),
        Tool(
            "galaxy-importer on the artifact",
            (importer, "-m", "galaxy_importer.main", artifact),
            # It must see the artifact alone.
            {"ANSIBLE_COLLECTIONS_PATH": str(artifact.parent), "PYTHONPATH": ""},
            bad="WARNING|ERROR",
            folder=artifact.parent,
        ),
    ]
    return [tool.run for tool in tools]


def sanity() -> list[Callable[[], bool]]:
    """Return the checks of ansible-test on the first and the last version, without exceptions."""
    found = pythons()
    plain = [cell for cell in corners(cells(found)) if not cell.module_python]
    return [
        lambda cell=cell: ansible_test(cell.name, cell_environment(cell, found[cell.python]), "sanity")
        for cell in plain
    ]


def community_tests() -> list[Callable[[], bool]]:
    """Return the check that ansible-test finds and passes the tests, with what their requirements name and nothing else.

    One after the other: both put their output into the same folder of the tree.
    """
    core, python = metadata.version("ansible-core"), "{}.{}".format(*sys.version_info)
    options = ("--requirements", "--python", python)

    def check() -> bool:
        interpreter = environment(Path(sys.executable), f"ansible-test-{core}-{python}", f"ansible-core=={core}")
        units = ansible_test(core, interpreter, "units", *options)
        return ansible_test(core, interpreter, "integration", *options, "--continue-on-error") and units

    return [check]


def ansible_test(name: str, interpreter: Path, command: str, *options: str) -> bool:
    """Run a command of ansible-test in a copy of the tree, and tell whether it passes."""
    place = PLACE / f"ansible-test-{command}-{name.replace(' ', '-')}"
    home = place / "home"
    offer_pip(interpreter, home)
    # Interpreters by their own names: what only picks one by the folder it is started in misleads ansible-test.
    paths = os.pathsep.join([str(interpreter.resolve().parent), "/usr/local/bin", "/usr/bin", "/bin"])
    return Tool(
        f"ansible-test {command}, {name}",
        (interpreter, interpreter.parent / "ansible-test", command, "--color", "no", *options),
        {"HOME": str(home), "PATH": paths},
        folder=copy_tree(place),
    ).run()


def offer_pip(interpreter: Path, home: Path) -> None:
    """Put a pip where ansible-test looks before it downloads an installer: not every network lets it."""
    requirements = next(
        interpreter.parents[1].glob("lib/*/site-packages/ansible_test/_internal/python_requirements.py")
    )
    wanted = re.search(r"pip='([\d.]+)'", requirements.read_text())
    assert wanted, f"{requirements} names no pip"
    version, cache = wanted.group(1), home / ".ansible" / "test" / "cache"
    target = cache / f"get_pip_{version.replace('.', '_')}.py"
    if target.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    download = [interpreter, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", cache, f"pip=={version}"]
    subprocess.run(download, check=True)
    wheel = next(cache.glob(f"pip-{version}-*.whl"))
    shutil.copy(Path(__file__).with_name("install_pip.py"), target)
    wheel.rename(target.with_suffix(".whl"))


def main() -> int:
    """Run the tools; the exit code says whether all of them found nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools", description=__doc__.splitlines()[0])
    parser.add_argument("--sanity", action="store_true", help="ansible-test sanity instead of the others")
    parser.add_argument("--tests", action="store_true", help="ansible-test units and integration instead of the others")
    arguments = parser.parse_args()
    checks = sanity() if arguments.sanity else community_tests() if arguments.tests else lint()
    with ThreadPoolExecutor(JOBS) as pool:
        results = list(pool.map(lambda check: check(), checks))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
