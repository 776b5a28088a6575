# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare all tests: let them find the collection, wait for slow machines, and leave out what ansible-test cannot run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.support")

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

TREE = Path(__file__).resolve().parents[1]
IN_ANSIBLE_TEST = "ANSIBLE_TEST_PYTHON_VERSION" in os.environ


def make_importable() -> None:
    """Let the tests, and the processes that they start, import the collection.

    It is in the folder that `make` or ansible-test names, or else this tree.
    """
    in_usual_place = TREE.parts[-3:] == ("ansible_collections", "tenantlink", "stackone")
    own = TREE.parents[2] if in_usual_place else TREE / ".collections"
    folder = os.environ.setdefault("ANSIBLE_COLLECTIONS_PATH", str(own))
    paths = [folder, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    if folder not in sys.path:
        sys.path.insert(0, folder)


make_importable()


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers here, since ansible-test does not read pyproject.toml."""
    config.addinivalue_line(
        "markers", "programs: runs Ansible's command-line programs, which ansible-test does not offer"
    )
    config.addinivalue_line("markers", "full: one of many similar cases; `make test-all` runs it, `make test` does not")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what ansible-test cannot run."""
    for item in items:
        if IN_ANSIBLE_TEST and item.get_closest_marker("programs"):
            item.add_marker(pytest.mark.skip(reason="ansible-test does not offer Ansible's programs: see make unit"))
