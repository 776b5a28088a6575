# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bill of materials names what is really installed, and is valid."""

from __future__ import annotations

import hashlib
import json
import subprocess

import pytest
from cyclonedx.validation.json import JsonStrictValidator

from tests.release.__main__ import Release
from tests.release.sbom import SCHEMA, installed, normalised_name, reachable, required

LISTED = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
NOT_REQUIRED = {
    "pip",
    "setuptools",
    "ansible-runner",
    "dumb-init",
    "lockfile",
    "pexpect",
    "ptyprocess",
    "python-daemon",
}
"""What the environment has besides: Python's own, and what only an execution environment needs."""


@pytest.fixture(scope="module")
def text(released: Release):
    (path,) = released.folder.glob("*.cdx.json")
    return path.read_text()


@pytest.fixture(scope="module")
def bill(text):
    return json.loads(text)


def test_it_is_valid_by_the_official_schema(text, bill):
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert JsonStrictValidator(SCHEMA).validate_str(text) is None
    assert JsonStrictValidator(SCHEMA).validate_str(text.replace('"library"', '"librarian"')) is not None


def test_it_names_each_version_that_is_really_installed(bill):
    listed = json.loads(subprocess.run([installed(), "-c", LISTED], capture_output=True, check=True).stdout)
    found = {normalised_name(name): version for name, version in listed.items()}
    expected = {name: version for name, version in found.items() if name not in NOT_REQUIRED}
    assert {normalised_name(each["name"]): each["version"] for each in bill["components"]} == expected
    assert {"ansible-core", "requests", "jinja2", "pyyaml", "urllib3", "cryptography"} <= set(expected)


def test_it_is_about_the_artifact(bill, artifact, version, source):
    about = bill["metadata"]["component"]
    assert (about["name"], about["version"]) == ("tenantlink.stackone", version)
    assert about["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(artifact).hexdigest()}]
    assert source.commit in about["purl"]
    assert bill["metadata"]["timestamp"] == "2026-01-02T03:04:05+00:00"


def test_every_component_has_a_package_url_and_a_licence(bill):
    for each in bill["components"]:
        name = normalised_name(each["name"])
        assert each["purl"].partition("?")[0] == f"pkg:pypi/{name}@{each['version']}"
        assert each["licenses"], name


def test_the_collection_requires_what_its_requirements_say(bill):
    graph = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    root = bill["metadata"]["component"]["bom-ref"]
    assert {normalised_name(ref.partition("==")[0]) for ref in graph[root]} == set(map(normalised_name, required()))
    assert reachable(graph, root) == {root, *(each["bom-ref"] for each in bill["components"])}
