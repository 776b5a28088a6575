# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execution environments: what ansible-builder finds in the collection as it is published, and makes of the example."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "execution-environment.yml"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ansible_builder") is None and os.environ.get("TENANTLINK_REQUIRE_TOOLS") != "1",
    reason="ansible-builder is not installed",
)


def run(*command, cwd):
    """What the program of a Python package says."""
    process = subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The collection as it is published."""
    folder = tmp_path_factory.mktemp("archive")
    run("ansible", "galaxy", "collection", "build", "--output-path", str(folder), str(ROOT), cwd=folder)
    (built,) = folder.glob("*.tar.gz")
    return built


REQUIRED = ["requests>=2.32.3", "urllib3>=1.26.5"]


def test_only_requests_is_needed(archive, tmp_path):
    # By force: the tree under test counts as installed already.
    install = ["install", "--offline", "--force", str(archive), "-p", str(tmp_path)]
    run("ansible", "galaxy", "collection", *install, cwd=tmp_path)
    found = yaml.safe_load(run("ansible_builder", "introspect", str(tmp_path), cwd=tmp_path))
    assert [line.partition("#")[0].strip() for line in found["python"]] == REQUIRED
    assert found["system"] == []


def test_the_requirement_is_the_collection_s():
    """The same bound as everywhere else."""
    lines = (ROOT / "meta" / "ee-requirements.txt").read_text().splitlines()
    needed = {line for line in lines if not line.startswith("#")}
    assert needed == set(REQUIRED)
    assert needed <= set((ROOT / "requirements.txt").read_text().splitlines())


def test_the_example_builds_its_context(archive, tmp_path):
    """With the collection's archive where the example looks for it."""
    place = tmp_path / EXAMPLE.relative_to(ROOT)
    place.parent.mkdir(parents=True)
    place.write_text(EXAMPLE.read_text())
    (tmp_path / "tenantlink-stackone.tar.gz").write_bytes(archive.read_bytes())
    context = tmp_path / "context"
    command = ["create", "-f", str(place), "-c", str(context), "--output-filename", "Containerfile"]
    run("ansible_builder", *command, cwd=tmp_path)
    (listed,) = yaml.safe_load((context / "_build" / "requirements.yml").read_text())["collections"]
    assert (context / "_build" / listed["name"]).read_bytes() == archive.read_bytes()
    recipe = (context / "Containerfile").read_text()
    assert "ansible-galaxy collection install" in recipe
    assert "ansible-core>=2.16" in recipe
