# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write again what documentation repeats: `make generate`, or `python -m tests.support.generate`.

--check    write nothing, and fail if a file is out of date
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.support.collection import ROOT
from tests.support.generate.blocks import filled, names_in
from tests.support.generate.eda_tables import PAGE, eda_tables
from tests.support.generate.returns import returns
from tests.support.generate.role_table import role_table
from tests.support.generate.suboptions import suboptions
from tests.support.role import README

PLUGINS = ROOT / "plugins"


def blocks() -> dict[str, str]:
    """Return the text of every block by its name."""
    return {**returns(), "tenant": suboptions(), "variables": role_table(), **eda_tables()}


def generated() -> dict[Path, str]:
    """Return every file that has generated blocks, with the text that it should have."""
    bodies = blocks()
    files = [README, PAGE, *sorted(PLUGINS.glob("doc_fragments/*.py")), *sorted(PLUGINS.glob("modules/*.py"))]
    texts = {path: path.read_text() for path in files}
    return {path: filled(text, bodies) for path, text in texts.items() if names_in(text)}


def outdated() -> dict[Path, str]:
    """Return the files whose generated blocks are not up to date, with the text that they should have."""
    return {path: text for path, text in generated().items() if path.read_text() != text}


def main() -> int:
    """Write the files that are out of date, or only name them."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.generate", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if a file is out of date")
    check = parser.parse_args().check
    found = outdated()
    for path, text in found.items():
        print(f"{'out of date' if check else 'written'}: {path.relative_to(PLUGINS.parent)}")
        if not check:
            path.write_text(text)
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main())
