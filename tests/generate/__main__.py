# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write again what documentation repeats: `make generate`, or `python -m tests.generate`.

--check    write nothing, and fail if a file is out of date
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.generate.blocks import filled, names_in
from tests.generate.returns import returns
from tests.generate.role_table import role_table
from tests.generate.suboptions import suboptions
from tests.support.role import README

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


def blocks() -> dict[str, str]:
    """Return the text of every block by its name."""
    return {**returns(), "tenant": suboptions(), "variables": role_table()}


def generated(bodies: dict[str, str]) -> dict[Path, str]:
    """Return every file that has generated blocks, with the text that it should have."""
    files = [README, *sorted(PLUGINS.glob("doc_fragments/*.py")), *sorted(PLUGINS.glob("modules/*.py"))]
    texts = {path: path.read_text() for path in files}
    return {path: filled(text, bodies) for path, text in texts.items() if names_in(text)}


def main() -> int:
    """Write the files that are out of date, or only name them."""
    parser = argparse.ArgumentParser(prog="python -m tests.generate", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if a file is out of date")
    check = parser.parse_args().check
    bodies = blocks()
    texts = generated(bodies)
    outdated = [path for path, text in texts.items() if path.read_text() != text]
    for path in outdated:
        print(f"{'out of date' if check else 'written'}: {path.relative_to(PLUGINS.parent)}")
        if not check:
            path.write_text(texts[path])
    # A block whose begin or end is misspelt is not one.
    unused = set(bodies).difference(*map(names_in, texts.values()))
    for name in sorted(unused):
        print(f"no file has the block {name}: its lines `begin: {name}` and `end: {name}` are missing or misspelt")
    return 1 if unused or (check and outdated) else 0


if __name__ == "__main__":
    sys.exit(main())
