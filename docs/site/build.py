# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation site, offline: `make docs`, or `python docs/site/build.py`. The result is in docs/site/_build/html."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SITE = Path(__file__).resolve().parent
ROOT = SITE.parents[1]
SOURCE, HTML = SITE / "_build" / "source", SITE / "_build" / "html"
PAGES = (
    *("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "roles/*/README.md"),
    *("tests/emulator/README.md", "tests/benchmark/README.md"),
)
PICTURES = Path("docs") / "pictures"
COLLECTION = "tenantlink.stackone"
ENTRY = re.compile(r"(?m)^    (\w+)_(module|filter|inventory|role)$")
"""A page in a table of contents of the reference."""


def main() -> None:
    """Build the site. Raise CalledProcessError if a step fails; a warning from Sphinx is a failure."""
    shutil.rmtree(SITE / "_build", ignore_errors=True)
    gather()
    reference()
    run("sphinx-build", "-W", "--keep-going", "-n", "-q", "-c", str(SITE), str(SOURCE), str(HTML))
    print(f"The site is in {HTML / 'index.html'}.")


def gather() -> None:
    """Copy the Markdown pages and the pictures into the same tree as in the repository, so that their links still work.

    The README is not among them: the site has an overview of its own.
    """
    for path in (path for pattern in PAGES for path in ROOT.glob(pattern)):
        place = SOURCE / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    shutil.copytree(ROOT / PICTURES, SOURCE / PICTURES)
    shutil.copyfile(SITE / "index.md", SOURCE / "index.md")


def reference() -> None:
    """Write the pages of all modules, plugins and the role from their documentation."""
    folder = SOURCE / "reference"
    # antsibull-docs refuses folders that others may write to.
    folder.mkdir(mode=0o755)
    options = ["--use-current", "--squash-hierarchy", "--dest-dir", str(folder)]
    run("antsibull-docs", "--config-file", str(SITE / "antsibull-docs.cfg"), "collection", *options, COLLECTION)
    # In the sidebar a page's title would be a whole sentence.
    index = folder / "index.rst"
    index.write_text(ENTRY.sub(r"    \1 \2 <\1_\2>", index.read_text()))


def run(*command: str) -> None:
    """Run a program that is installed with this Python. It finds this Python's ansible-doc, which finds this collection."""
    programs = Path(sys.executable).parent
    env = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    subprocess.run([programs / command[0], *command[1:]], check=True, env=env)  # noqa: S603


if __name__ == "__main__":
    main()
