# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A committed copy of the tree, throw-away keys, and a release that is made of both."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.release.__main__ import Release, make, reproduced
from tests.release.archive import version_of
from tests.release.source import Source
from tests.support.collection_copy import copy_tree
from tests.support.programs import needed

WHO = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@a.example",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@a.example",
}
NOW = {"GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z"}


def commit_all(root):
    """Commit what the tree holds, whoever is logged in."""
    for command in (["add", "--all"], ["commit", "--quiet", "--no-gpg-sign", "--no-verify", "--message", "All"]):
        subprocess.run(["git", "-C", str(root), *command], check=True, env={**os.environ, **WHO, **NOW})


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """The tree under test as a repository without changes, so that nothing depends on the state of this checkout."""
    root = copy_tree(tmp_path_factory.mktemp("repository"))
    commit_all(root)
    return root


@pytest.fixture(scope="session")
def source(repository):
    return Source.of(repository, {})


@dataclass(frozen=True)
class Keys:
    """GnuPG keys without a passphrase, in a folder of their own."""

    home: Path
    maintainer: str = "maintainer@keys.example"
    stranger: str = "stranger@keys.example"
    expired: str = "expired@keys.example"
    of_old: str = "20200101T120000"
    """A time at which the expired key was valid."""

    def gpg(self, *words, content=b""):
        command = ["gpg", "--batch", "--yes", *words]
        return subprocess.run(command, input=content, check=True, capture_output=True, env=self.env).stdout

    @property
    def env(self):
        return {**os.environ, "GNUPGHOME": str(self.home)}

    def create(self, name, *options, lifetime="never"):
        passphrase = ["--pinentry-mode", "loopback", "--passphrase", ""]
        self.gpg(*options, *passphrase, "--quick-generate-key", name, "ed25519", "sign", lifetime)

    def keyring(self, name, place):
        """Write the keyring that has one key only, and return its path."""
        path = place / f"{name}.gpg"
        path.write_bytes(self.gpg("--export", name))
        return path

    def signature(self, name, content, path, *options):
        """Write the signature of a text by a key, and return where ansible-galaxy finds it."""
        path.write_bytes(self.gpg(*options, "--local-user", name, "--detach-sign", "--armor", content=content))
        return path.as_uri()


@pytest.fixture(scope="session")
def keys():
    """The folder has a short path, because gpg puts a socket there."""
    needed("gpg")
    home = Path(tempfile.mkdtemp(prefix="keys-"))
    made = Keys(home)
    try:
        made.create(made.maintainer)
        made.create(made.stranger)
        made.create(made.expired, "--faked-system-time", made.of_old, lifetime="2d")
        yield made
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], env=made.env, check=False)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def artifact(source):
    """The bytes of the artifact."""
    return reproduced(source)


@pytest.fixture(scope="session")
def released(source, keys, tmp_path_factory) -> Release:
    """A signed release."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNUPGHOME", str(keys.home))
        return make(source, tmp_path_factory.mktemp("dist"), keys.maintainer)


@pytest.fixture(scope="session")
def version(artifact):
    return version_of(artifact)
