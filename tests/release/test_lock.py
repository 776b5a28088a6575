# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The locked requirements fit the bounds, and can be installed with hashes on every supported Python."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from tests.release.lock import bounds, compiled
from tests.release.sbom import LOCKED, normalised_name
from tests.support.ansible_versions import SUPPORTED, text
from tests.support.collection import ROOT

LOCK = ROOT / LOCKED
PYTHONS = [
    (3, minor)
    for minor in range(min(SUPPORTED.values())[0][1], max(newest for _old, newest in SUPPORTED.values())[1] + 1)
]


@dataclass(frozen=True)
class Pin:
    """A locked version, where it is for, and its hashes."""

    requirement: Requirement
    hashes: tuple[str, ...]

    def applies_to(self, python):
        marker = self.requirement.marker or Marker("python_version > '3'")
        return marker.evaluate({"python_version": text(python), "python_full_version": f"{text(python)}.0"})


def pins():
    for entry in re.split(r"\n(?=[a-z])", LOCK.read_text().split("`make lock`.\n")[1]):
        requirement, *hashes = re.split(r"\s*\\\n\s*", entry.strip())
        yield Pin(Requirement(requirement), tuple(hashes))


PINS = list(pins())


def test_every_pin_has_hashes():
    assert len(PINS) > 15
    assert [
        pin
        for pin in PINS
        if not pin.hashes or not all(re.fullmatch(r"--hash=sha256:\w{64}", each) for each in pin.hashes)
    ] == []


@pytest.mark.parametrize("python", PYTHONS, ids=text)
def test_every_requirement_is_pinned_once_within_its_bounds(python):
    found = {normalised_name(pin.requirement.name): pin.requirement.specifier for pin in PINS if pin.applies_to(python)}
    assert len(found) == len([pin for pin in PINS if pin.applies_to(python)])
    for line in bounds().splitlines():
        wanted = Requirement(line)
        (pin,) = found[normalised_name(wanted.name)]
        assert pin.operator == "=="
        assert wanted.specifier.contains(pin.version), (line, str(pin))


def test_each_python_has_the_newest_ansible_core_that_supports_it():
    for python in PYTHONS:
        newest = [core for core, (oldest, last) in SUPPORTED.items() if oldest <= python <= last][-1]
        (pin,) = [pin for pin in PINS if pin.requirement.name == "ansible-core" and pin.applies_to(python)]
        assert str(pin.requirement.specifier).startswith(f"=={newest}."), text(python)


@pytest.mark.parametrize("python", PYTHONS, ids=text)
def test_it_can_be_installed_with_hashes(python, tmp_path):
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python-version", text(python)]
    where = ["--target", str(tmp_path), "--require-hashes", "--only-binary", ":all:", "--dry-run"]
    done = subprocess.run([*uv, *where, "-r", str(LOCK)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_wrong_hash_is_refused(tmp_path):
    wrong = tmp_path / "wrong.txt"
    (pin,) = [pin for pin in PINS if pin.requirement.name == "idna"]
    wrong.write_text(f"{pin.requirement} --hash=sha256:{'0' * 64}\n")
    pip = [sys.executable, "-m", "pip", "install", "--target", str(tmp_path / "target"), "--require-hashes"]
    done = subprocess.run([*pip, "-r", str(wrong)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "DO NOT MATCH" in done.stderr


def test_it_is_what_make_lock_writes(tmp_path):
    """Unless somebody changed it or a bound without `make lock`. New files of an old version are not a reason to fail."""
    copy = tmp_path / "lock.txt"
    copy.write_text(LOCK.read_text())
    assert without_hashes(compiled(copy)) == without_hashes(LOCK.read_text())


def without_hashes(lock):
    return [line.rstrip(" \\") for line in lock.splitlines() if "--hash=" not in line]


def test_it_names_no_place_that_packages_come_from():
    assert not re.search(r"://|--(extra-)?index-url|--find-links", LOCK.read_text())
