# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forge's workflows run what the Makefile has, on every supported ansible-core, with few rights.

`make lint` checks their syntax.
"""

from __future__ import annotations

import re

import pytest
import yaml

from tests.support.ansible_versions import OLDEST_FOR_MODULES, SUPPORTED, text
from tests.support.collection import ROOT

PATHS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"^\s+(?:- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")

pytestmark = pytest.mark.skipif(not PATHS, reason="only the repository has workflows")


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.fixture(params=PATHS, ids=[path.stem for path in PATHS])
def path(request):
    return request.param


def test_every_action_is_pinned_to_a_commit(path):
    uses = [line for line in path.read_text().splitlines() if "uses:" in line]
    assert uses
    assert [line for line in uses if not PINNED.match(line)] == []


def test_rights_are_given_to_single_jobs(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    given = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    writing = {name: [what for what, how in rights.items() if how == "write"] for name, rights in given.items()}
    assert {name: what for name, what in writing.items() if what} in ({}, {"attest": ["id-token", "attestations"]})
    assert "secrets." not in path.read_text()


def test_nothing_runs_forever_or_twice(path):
    workflow = yaml.safe_load(path.read_text())
    assert all(job["timeout-minutes"] for job in workflow["jobs"].values())
    assert workflow["concurrency"]["group"]


def test_targets_exist(path):
    runs = [step["run"] for step in steps(yaml.safe_load(path.read_text())) if "run" in step]
    named = {word for run in runs for word in re.sub(r"ARGS=.*|-k", "", run).split()} - {"make"}
    assert named
    assert named <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_supported_ansible_core_is_tested_on_a_schedule():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())
    job = workflow["jobs"]["ansible-core"]
    assert workflow["on"]["schedule"]
    assert "schedule" in job["if"]
    tested = {each["core"]: (each["oldest"], each["newest"]) for each in job["strategy"]["matrix"]["include"]}
    assert tested == {core: (text(oldest), text(newest)) for core, (oldest, newest) in SUPPORTED.items()}
    (installed,) = [step["with"]["python-version"] for step in job["steps"] if "python-version" in step.get("with", {})]
    assert installed.split()[0] == text(OLDEST_FOR_MODULES)
