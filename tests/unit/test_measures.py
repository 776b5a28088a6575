# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that the measures find what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.imports_of_plugins import between_packages, cycle, imports_of_plugins, layers, reached, within
from tests.support.repeated_lines import duplicates

FILES = {
    "plugins/modules/link.py": "from ..module_utils._link.linker import link",
    "plugins/module_utils/_core/failure.py": "import ansible_collections.tenantlink.stackone.plugins.module_utils._core.text",
    "plugins/module_utils/_core/text.py": "import re",
    "plugins/module_utils/_http/session.py": "from .._core import failure\nfrom . import retry",
    "plugins/module_utils/_http/retry.py": "def late():\n    from .._core.text import word",
    "plugins/module_utils/_link/linker.py": (
        "from ansible_collections.tenantlink.stackone.plugins.module_utils._http.session import session"
    ),
    "plugins/module_utils/_list/batch.py": "from .._link.linker import link",
}


@pytest.fixture
def graph(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return imports_of_plugins(tmp_path)


def test_packages_and_layers(graph):
    packages = between_packages(within(graph, "plugins.module_utils"))
    assert packages == {"_core": set(), "_http": {"_core"}, "_link": {"_http"}, "_list": {"_link"}}
    assert layers(packages) == [["_core"], ["_http"], ["_link"], ["_list"]]
    assert not cycle(packages)
    assert set(cycle({**packages, "_core": {"_link"}})) == {"_core", "_http", "_link"}


def test_a_module_ships_all_that_is_reached(graph):
    names = {name.removeprefix("plugins.module_utils.") for name in reached(graph, "plugins.modules.link")}
    assert names == {"_link.linker", "_http.session", "_http.retry", "_core.failure", "_core.text"}


def test_repeated_runs(tmp_path):
    run = [f"line {number}" for number in range(8)]
    texts = {
        "a": ["first", *run, "last"],
        "b": ["  # a comment", "other", "", *(f"  {line}" for line in run)],
        "c": run[:5],
    }
    paths = [tmp_path / name for name in texts]
    for path, lines in zip(paths, texts.values()):
        path.write_text("\n".join(lines))
    found = [(Path(each.path).name, each.line, each.length, each.first[1]) for each in duplicates(paths)]
    assert found == [("b", 4, 8, 2)]
