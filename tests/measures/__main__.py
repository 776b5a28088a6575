# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the size and the shape of the code: `make measures`.

Imports are read from the source (tests/support/imports_of_plugins.py), and so are repeated runs of lines
(tests/support/repeated_lines.py). Lines are all lines, words are what stands between white space, and files that git
ignores are left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support.collection import ROOT
from tests.support.collection_copy import known_files
from tests.support.imports_of_plugins import Graph, between_packages, cycle, imports_of_plugins, layers, reached, within
from tests.support.repeated_lines import LEAST, duplicates

Row = tuple[str, str]
UTILS = ("module_utils", "plugin_utils")


def shape(graph: Graph, utils: str) -> Iterator[Row]:
    """Yield the packages, layers and imports of module_utils or plugin_utils."""
    files = within(graph, f"plugins.{utils}")
    packages = between_packages(files)
    yield f"{utils}: files", str(len(files))
    yield f"{utils}: imports between files", _imports(files)
    yield f"{utils}: packages", f"{len(packages)} ({', '.join(sorted(packages))})"
    yield f"{utils}: imports between packages", _imports(packages)
    for package, imported in sorted(packages.items()):
        if imported:
            yield f"{utils}: {package} imports", ", ".join(sorted(imported))


def _imports(graph: Graph) -> str:
    """Tell how many imports there are, and in how many layers."""
    circle = cycle(graph)
    order = f"with a circle: {' -> '.join(circle)}" if circle else f"layers: {len(layers(graph))}"
    return f"{sum(map(len, graph.values()))}, {order}"


def shipped(graph: Graph) -> Iterator[Row]:
    """Yield how many files of module_utils Ansible sends to a host with each module."""
    for name in sorted(within(graph, "plugins.modules")):
        files = [each for each in reached(graph, f"plugins.modules.{name}") if each.startswith("plugins.module_utils.")]
        yield f"{name} ships", f"{len(files)} files of module_utils"


def repeated(root: Path, files: Sequence[Path], listed: bool) -> Iterator[Row]:
    """Yield how much of plugins/ is repeated, and where if that is to be listed."""
    found = list(duplicates(files))
    lines = sum(each.length for each in found)
    yield f"plugins: repeated runs of {LEAST} lines and more", f"{len(found)} with {lines} lines"
    for each in found if listed else ():
        path, line = each.first
        place = f"{each.path.relative_to(root)}:{each.line}"
        yield place, f"{each.length} lines, first in {path.relative_to(root)}:{line}"


def sizes(root: Path) -> Iterator[Row]:
    """Yield the lines of plugins and tests, and the words of the README."""
    for folder in ("plugins", "tests"):
        lines = {path: len(path.read_bytes().splitlines()) for path in _files(root, folder)}
        python = sum(count for path, count in lines.items() if path.suffix == ".py")
        yield f"{folder}: lines", f"{sum(lines.values())}, {python} of them Python, in {len(lines)} files"
    yield "README.md: words", str(len((root / "README.md").read_text(encoding="utf-8").split()))


def measure(root: Path, list_repeated: bool = False) -> list[Row]:
    """Return what is measured and the result, line by line."""
    graph = imports_of_plugins(root)
    return [
        *(row for utils in UTILS for row in shape(graph, utils)),
        *shipped(graph),
        *repeated(root, _files(root, "plugins"), list_repeated),
        *sizes(root),
    ]


def _files(root: Path, folder: str) -> list[Path]:
    return [root / name for name in known_files(root) if name.startswith(f"{folder}/")]


def main() -> int:
    """Print the measures."""
    parser = argparse.ArgumentParser(prog="python -m tests.measures", description=__doc__.partition("\n")[0])
    parser.add_argument("root", nargs="?", type=Path, default=ROOT, help="a git checkout; default: this one")
    parser.add_argument("--markdown", action="store_true", help="print a table in Markdown")
    parser.add_argument("--repeated", action="store_true", help="list the repeated runs as well")
    options = parser.parse_args()
    rows = measure(options.root.resolve(), options.repeated)
    if options.markdown:
        print("| what | measured |\n| --- | --- |", *(f"| {what} | {value} |" for what, value in rows), sep="\n")
    else:
        width = max(len(what) for what, _value in rows)
        print(*(f"{what:<{width}}  {value}" for what, value in rows), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
