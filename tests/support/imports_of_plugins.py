# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read from the source which file under plugins/ imports which."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

Graph = Mapping[str, Set[str]]
"""What each node imports. All nodes are keys."""
COLLECTION = "ansible_collections.tenantlink.stackone"


def imports_of_plugins(root: Path) -> Graph:
    """Return the imports between the files under `root`/plugins, named as in `plugins.module_utils._core.failure`.

    All imports count: also those inside functions and those for type checkers, since Ansible ships them to hosts too.
    """
    return _graph(root, ast.walk)


def loaded_imports_of_plugins(root: Path) -> Graph:
    """Return only what is imported as soon as a file is loaded: not inside functions, and not for type checkers."""
    return _graph(root, ast.iter_child_nodes)


def _graph(root: Path, nodes_of: Callable[[ast.AST], Iterable[ast.AST]]) -> Graph:
    known = {_name(path.relative_to(root)): path for path in sorted((root / "plugins").rglob("*.py"))}
    return {name: frozenset(_imported(name, path, known, nodes_of)) - {name} for name, path in known.items()}


def within(graph: Graph, package: str) -> Graph:
    """Return the part of a graph whose nodes are inside a package, named without it."""
    prefix = f"{package}."
    return {
        name.removeprefix(prefix): frozenset(each.removeprefix(prefix) for each in imported if each.startswith(prefix))
        for name, imported in graph.items()
        if name.startswith(prefix)
    }


def between_packages(graph: Graph) -> Graph:
    """Return the imports between the outermost folders of the nodes. Files outside all folders are one package, `.`."""
    arrows: dict[str, set[str]] = {}
    for name, imported in graph.items():
        package = _package(name)
        arrows.setdefault(package, set()).update({_package(each) for each in imported} - {package})
    return arrows


def layers(graph: Graph) -> list[list[str]]:
    """Return the nodes by layers, lowest first: each node imports only from below. Raises CycleError."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    found = []
    while sorter.is_active():
        ready = sorter.get_ready()
        found.append(sorted(ready))
        sorter.done(*ready)
    return found


def cycle(graph: Graph) -> list[str]:
    """Return nodes that import each other in a circle, the first one also last, or nothing."""
    try:
        layers(graph)
    except CycleError as error:
        return list(error.args[1])
    return []


def reached(graph: Graph, start: str) -> set[str]:
    """Return all that a node imports, directly or through others."""
    found: set[str] = set()
    waiting = {start}
    while waiting:
        imported = set(graph[waiting.pop()]) - found
        found |= imported
        waiting |= imported
    return found


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _package(name: str) -> str:
    folder, dot, _rest = name.partition(".")
    return folder if dot else "."


def _imported(
    name: str, path: Path, known: Mapping[str, Path], nodes_of: Callable[[ast.AST], Iterable[ast.AST]]
) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in nodes_of(ast.parse(path.read_text(encoding="utf-8"))):
        for candidates in _candidates(node, package):
            yield from [each for each in candidates if each in known][:1]


def _candidates(node: ast.AST, package: str) -> Iterator[tuple[str, ...]]:
    """Yield, for each imported name, the modules that it may be or be in, the best one first."""
    if isinstance(node, ast.Import):
        yield from ((alias.name.removeprefix(f"{COLLECTION}."),) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = (node.module or "").removeprefix(f"{COLLECTION}.")
        if node.level:
            folders = package.split(".")[: 1 - node.level or None]
            base = ".".join([*folders, *([base] if base else [])])
        yield from ((f"{base}.{alias.name}", base) for alias in node.names)
