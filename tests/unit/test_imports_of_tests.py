# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import whom below `tests`: what several folders need is in `tests/support`, and no folder imports another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.collection import ROOT

COMMON = ("support", "emulator")
"""The folders that everybody may import: `support` may import the emulator, and the emulator nobody."""


def imported(source: str, package: str) -> Iterator[str]:
    """Yield the full names of the modules, or of what is in them, that a module of a package imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, node.module] if node.module else above)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def forbidden(path: str, source: str) -> Iterator[str]:
    """Yield what a file, named by its path below the root, must not import."""
    own, *_rest = folders = path.split("/")[1:]
    allowed = {own, *COMMON[COMMON.index(own) + 1 :]} if own in COMMON else {own, *COMMON}
    for name in imported(source, ".".join(["tests", *folders[:-1]])):
        top, _dot, below = name.partition(".")
        folder = below.partition(".")[0]
        if top == "tests" and (ROOT / "tests" / folder).is_dir() and folder not in allowed:
            yield f"{path} imports {name}: move what both need to tests/support"
        if top == "tests" and any(part.startswith("test_") for part in name.split(".")[:-1]):
            yield f"{path} imports the test {name}: move what both need out of it"
        if own == "emulator" and top == "ansible_collections":
            yield f"{path} imports {name}, but the emulator is written from the facts alone"


def test_no_folder_of_tests_imports_another():
    files = [path.relative_to(ROOT).as_posix() for path in Path(ROOT, "tests").rglob("*.py")]
    assert [problem for path in files for problem in forbidden(path, (ROOT / path).read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tests/modules/test_link.py", "from tests.integration.conftest import inventory"),
        ("tests/unit/plugins/test_plan.py", "from ...trust import flows"),
        ("tests/trust/flows.py", "def late():\n    import tests.modules.in_process"),
        ("tests/support/ports.py", "from tests.trust.flows import FLOWS"),
        ("tests/emulator/hub.py", "from tests.support.ports import unused_port"),
        ("tests/emulator/hub.py", "from ansible_collections.tenantlink.stackone.plugins.module_utils import _api"),
        ("tests/modules/test_link.py", "from .test_links import many"),
    ],
)
def test_what_is_forbidden_is_seen(path, source):
    assert list(forbidden(path, source))


@pytest.mark.parametrize(
    "source",
    ["from tests.modules.returns import documented", "from .returns import documented", "import tests.emulator.handle"],
)
def test_what_is_allowed_is_not(source):
    assert list(forbidden("tests/modules/test_link.py", source)) == []
