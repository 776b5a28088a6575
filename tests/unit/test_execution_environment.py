# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execution environments: what ansible-builder finds in the collection as it is published, and makes of the example."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys

import pytest
import yaml

from tests.support.collection import ROOT

EXAMPLES = ROOT / "docs" / "examples"

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(
        importlib.util.find_spec("ansible_builder") is None and os.environ.get("TENANTLINK_REQUIRE_TOOLS") != "1",
        reason="ansible-builder is not installed",
    ),
]


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


def context(name, archive, folder):
    """What ansible-builder makes of an example, with the collection's archive where it looks for it."""
    place = folder / "docs" / "examples" / name
    place.parent.mkdir(parents=True)
    place.write_text((EXAMPLES / name).read_text())
    (place.parent / "locked-requirements.txt").write_text((EXAMPLES / "locked-requirements.txt").read_text())
    (folder / "tenantlink-stackone.tar.gz").write_bytes(archive.read_bytes())
    made = folder / "context"
    run(
        "ansible_builder", "create", "-f", str(place), "-c", str(made), "--output-filename", "Containerfile", cwd=folder
    )
    return made


@pytest.mark.parametrize("name", ["execution-environment.yml", "decision-environment.yml"])
def test_the_example_builds_its_context(archive, tmp_path, name):
    made = context(name, archive, tmp_path)
    (listed,) = yaml.safe_load((made / "_build" / "requirements.yml").read_text())["collections"]
    assert (made / "_build" / listed["name"]).read_bytes() == archive.read_bytes()
    recipe = (made / "Containerfile").read_text()
    assert "ansible-galaxy collection install" in recipe
    assert "ansible-core>=2.16,<2.22" in recipe


def test_the_locked_example_installs_nothing_without_a_hash(archive, tmp_path):
    """In the image that is the result. A requirement that is excluded, or installed already, is not installed again."""
    made = context("execution-environment-locked.yml", archive, tmp_path)
    lock = (made / "_build" / "python" / "locked-requirements.txt").read_text()
    assert lock == (EXAMPLES / "locked-requirements.txt").read_text()
    stages = re.split(r"(?m)^FROM ", (made / "Containerfile").read_text())
    installed = [line for stage in stages if not stage.startswith("base AS builder") for line in installs(stage)]
    (hashed,) = [line for line in installed if "--require-hashes" in line]
    assert "-r /tmp/locked-requirements.txt" in hashed
    others = [re.search(r"'([\w-]+==[\w.]+)'", line) for line in installed if line != hashed]
    assert [bool(other and f"\n{other[1]} \\" in lock) for other in others] == [True]
    assert (made / "_build" / "exclude-requirements.txt").read_text().split() == ["requests", "urllib3"]


def installs(stage):
    return re.findall(r"^RUN .*pip install .*$", stage, re.MULTILINE)


def test_the_decision_environment_can_run_rulebooks(archive, tmp_path):
    made = context("decision-environment.yml", archive, tmp_path)
    assert "ansible-rulebook>=1.2.3,<2" in (made / "_build" / "requirements.txt").read_text()
    assert "java-17-openjdk-headless" in (made / "_build" / "bindep.txt").read_text()
    assert "JAVA_HOME=/usr/lib/jvm/jre-17" in (made / "Containerfile").read_text()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*-environment.yml")), ids=lambda path: path.stem)
def test_what_is_installed_has_an_upper_bound(path):
    """A build in a year gives what was tested, and not the next major version."""
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    wanted = [dependencies[name]["package_pip"] for name in ("ansible_core", "ansible_runner")] + dependencies.get(
        "python", []
    )
    assert all("<" in each for each in wanted), wanted
