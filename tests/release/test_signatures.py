# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-galaxy installs and verifies what the maintainer signed, and nothing else."""

from __future__ import annotations

import json

import pytest

from tests.release.archive import manifest_of
from tests.release.galaxy import PAGE, Galaxy
from tests.release.galaxy_server import serving
from tests.release.tampering import repacked, with_files, with_manifest

FORGED = {PAGE: b"Forged."}


@pytest.fixture
def galaxy(tmp_path, keys):
    return Galaxy(tmp_path, keys.home)


@pytest.fixture
def trusting(galaxy, keys):
    """The options of a user who trusts the maintainer."""
    return ["--keyring", keys.keyring(keys.maintainer, galaxy.home)]


@pytest.fixture
def signed(released):
    (path,) = released.folder.glob("*-MANIFEST.json.asc")
    return ["--signature", path.as_uri()]


def test_what_is_signed_is_installed_and_verified(galaxy, trusting, signed, artifact):
    code, said = galaxy.install(artifact, *trusting, *signed, "--required-valid-signature-count", "+1")
    assert code == 0, said
    assert galaxy.verify(*trusting, *signed)[0] == 0
    galaxy.installed.write_text("changed")
    code, said = galaxy.verify(*trusting, *signed)
    assert code != 0
    assert PAGE in said


@pytest.mark.parametrize("change", ["added", "removed"])
def test_verify_finds_files_that_were_added_or_removed(galaxy, trusting, signed, artifact, change):
    assert galaxy.install_file(artifact)[0] == 0
    if change == "added":
        name = "plugins/modules/stray.py"
        (galaxy.installed.parent / name).write_text("")
    else:
        name = PAGE
        galaxy.installed.unlink()
    code, said = galaxy.verify(*trusting, *signed)
    assert code != 0
    assert name in said


def test_a_forged_manifest_is_not_installed(galaxy, trusting, signed, artifact):
    code, said = galaxy.install(repacked(artifact, with_manifest(artifact, FORGED)), *trusting, *signed)
    assert code != 0
    assert "Not installing tenantlink.stackone because GnuPG signature verification failed" in said
    assert not galaxy.installed.exists()


def test_a_forged_file_is_not_installed(galaxy, trusting, signed, artifact):
    code, said = galaxy.install(repacked(artifact, FORGED), *trusting, *signed)
    assert code != 0
    assert "Checksum mismatch" in said
    assert not galaxy.installed.exists()


def test_a_forged_list_of_files_is_only_found_by_verify(galaxy, trusting, signed, artifact):
    """ansible-galaxy installs it: the guide says to check SHA256SUMS before, or to verify afterwards."""
    code, said = galaxy.install(repacked(artifact, with_files(artifact, FORGED)), *trusting, *signed)
    assert (code, galaxy.installed.read_bytes()) == (0, FORGED[PAGE]), said
    code, said = galaxy.verify(*trusting, *signed)
    assert code != 0
    assert "FILES.json" in said


def test_the_signature_of_something_else_is_refused(galaxy, trusting, keys, artifact):
    other = keys.signature(keys.maintainer, b"something else", galaxy.home / "other.asc")
    code, said = galaxy.install(artifact, *trusting, "--signature", other)
    assert code != 0
    assert "signature verification failed" in said


def test_another_key_s_signature_is_refused(galaxy, trusting, keys, artifact):
    theirs = keys.signature(keys.stranger, manifest_of(artifact), galaxy.home / "theirs.asc")
    assert galaxy.install(artifact, *trusting, "--signature", theirs)[0] != 0
    assert not galaxy.installed.exists()
    # It is the key that matters, and not the form of the signature.
    assert (
        galaxy.install(artifact, "--keyring", keys.keyring(keys.stranger, galaxy.home), "--signature", theirs)[0] == 0
    )


def test_an_expired_key_s_signature_is_refused(galaxy, keys, artifact):
    late = keys.signature(
        keys.expired, manifest_of(artifact), galaxy.home / "late.asc", "--faked-system-time", keys.of_old
    )
    keyring = ["--keyring", keys.keyring(keys.expired, galaxy.home)]
    code, said = galaxy.install(artifact, *keyring, "--signature", late, "-vvvv")
    assert code != 0
    assert "expired" in said
    assert not galaxy.installed.exists()


@pytest.mark.parametrize(("count", "refused"), [("1", False), ("+1", True)])
def test_no_signature_is_refused_only_if_one_is_required(galaxy, trusting, artifact, count, refused):
    code, said = galaxy.install(artifact, *trusting, "--required-valid-signature-count", count)
    assert (code != 0) is refused, said


def test_a_tarball_is_installed_without_a_keyring_and_verified_afterwards(galaxy, trusting, signed, artifact):
    assert galaxy.install_file(artifact)[0] == 0
    assert galaxy.verify(*trusting, *signed)[0] == 0


def test_ansible_galaxy_cannot_check_a_signature_while_it_installs_a_tarball(galaxy, trusting, signed, artifact):
    """This is a defect of every supported ansible-core. Once it is fixed, change the guide, which works around it."""
    code, said = galaxy.install_file(artifact, *trusting, *signed)
    assert code != 0
    assert "'NoneType' object is not iterable" in said


def test_a_file_of_requirements_names_the_signature(galaxy, trusting, signed, artifact):
    requirements = galaxy.home / "requirements.yml"
    entry = {"name": "tenantlink.stackone", "signatures": [signed[1]]}
    requirements.write_text(json.dumps({"collections": [entry]}))
    options = ["--required-valid-signature-count", "+1", *trusting]
    for archive, refused in ((repacked(artifact, with_manifest(artifact, FORGED)), True), (artifact, False)):
        with serving(archive) as server:
            code, said = galaxy.run("install", "-r", requirements, *options, ANSIBLE_GALAXY_SERVER=server)
        assert (code != 0) is refused, said
