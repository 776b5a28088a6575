# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of docs/verifying.md work as written, on the files of a release."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.release.galaxy import PAGE, Galaxy
from tests.release.galaxy_server import serving
from tests.support.collection import ROOT

GUIDE = (ROOT / "docs" / "verifying.md").read_text()
SECTION = re.compile(r"^## (.+)\n((?:(?!^## ).*\n)*)", re.MULTILINE)
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = dict(SECTION.findall(GUIDE))
NOT_RUN = {"In an execution environment", "Scan the SBOM", "Build it yourself", "Provenance"}
"""What needs a container engine, a scanner, the repository or the forge."""
BROKEN = f'cd; f="$(find .ansible -name {PAGE} -path "*/stackone/{PAGE}")"; echo >> "$f"; cd -\n'


def commands(*sections):
    """Return the shell commands of these sections."""
    return "".join(text for section in sections for kind, text in BLOCK.findall(SECTIONS[section]) if kind == "sh")


@pytest.fixture
def user(released, keys, tmp_path):
    """A user in a folder with the files of a release, whose GnuPG has no key at all."""
    folder, home = tmp_path / "release", tmp_path / "gnupg"
    shutil.copytree(released.folder, folder)
    home.mkdir(mode=0o700)
    (requirements,) = [text for kind, text in BLOCK.findall(SECTIONS["Install from Galaxy"]) if kind == "yaml"]
    yield Galaxy(tmp_path, home), folder, requirements
    subprocess.run(["gpgconf", "--kill", "all"], env=Galaxy(tmp_path, home).env, check=False)


def run(user, version, artifact, script):
    """Run a script as the user in the folder, with a Galaxy server that has the artifact."""
    galaxy, folder, requirements = user
    (signature,) = folder.glob("*-MANIFEST.json.asc")
    named = re.sub(r"https://\S+\.asc", signature.as_uri(), requirements)
    (folder / "requirements.yml").write_text(named.replace("2.0.0", version))
    with serving(artifact) as server:
        done = subprocess.run(
            ["sh", "-e", "-c", f"version={version}\n{script}"],
            cwd=folder,
            env={**galaxy.env, "ANSIBLE_GALAXY_SERVER": server},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    return done.returncode, done.stdout + done.stderr


def test_every_section_is_run_or_known_not_to_be():
    assert set(SECTIONS) - NOT_RUN == {
        "Prepare the keyring",
        "Check the files",
        "Install a tarball",
        "Install from Galaxy",
    }
    assert set(SECTIONS) >= NOT_RUN
    assert re.findall(r"^version=.*$", GUIDE, re.MULTILINE) == ["version=2.0.0"]


@pytest.mark.parametrize("way", ["Install a tarball", "Install from Galaxy"])
def test_what_was_released_passes_and_what_was_changed_since_does_not(user, version, artifact, way):
    code, said = run(user, version, artifact, commands("Prepare the keyring", "Check the files", way))
    assert code == 0, said
    assert "Good signature" in said
    assert said.count(": OK") == 4
    last = commands(way).rpartition("ansible-galaxy")[2]
    code, said = run(user, version, artifact, f"{BROKEN}ansible-galaxy{last}")
    assert code != 0
    assert PAGE in said


def test_a_file_that_was_changed_is_found(user, version, artifact):
    _galaxy, folder, _requirements = user
    with next(folder.glob("*.cdx.json")).open("a") as file:
        file.write(" ")
    code, said = run(user, version, artifact, commands("Prepare the keyring", "Check the files"))
    assert code != 0
    assert "cdx.json: FAILED" in said


def test_forged_checksums_are_found(user, version, artifact):
    _galaxy, folder, _requirements = user
    (folder / "SHA256SUMS").write_text("")
    code, said = run(user, version, artifact, commands("Prepare the keyring", "Check the files"))
    assert code != 0
    assert "BAD signature" in said
