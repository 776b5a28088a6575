# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed tree, and builds of it in surroundings that have nothing in common."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class Refused(Exception):
    """Is raised if no release can be made; its text says why and what to do."""


@dataclass(frozen=True)
class Source:
    """A repository and the commit that is built."""

    root: Path
    commit: str
    epoch: int
    """The time of every file in the artifact, in seconds."""

    @classmethod
    def of(cls, root: Path, environment: Mapping[str, str]) -> Source:
        """Return the commit that is checked out. Raise Refused if the tree is not exactly this commit."""
        changed = git(root, "status", "--porcelain", "--untracked-files=all")
        if changed:
            raise Refused(f"the tree differs from its commit; commit or remove these first:\n{changed}")
        commit = git(root, "rev-parse", "HEAD")
        return cls(root, commit, _epoch(root, commit, environment))

    @property
    def tags(self) -> list[str]:
        """Return the tags that point at the commit."""
        return git(self.root, "tag", "--points-at", self.commit).split()


@dataclass(frozen=True)
class Surroundings:
    """What a build must not depend on: where, by whom and when it is made."""

    folder: str
    umask: int
    mtime: int
    """The time of every file of the checkout, in seconds."""
    variables: Mapping[str, str] = field(default_factory=dict)


TWO = (
    Surroundings("checkout", 0o022, 1_000_000_000, {"TZ": "UTC", "LANGUAGE": "C", "USER": "one"}),
    Surroundings(
        "another folder", 0o077, 1_700_000_000, {"TZ": "Asia/Kathmandu", "LANGUAGE": "de:fr", "USER": "another"}
    ),
)


AS_COMMITTED = {"GIT_NO_REPLACE_OBJECTS": "1"}

GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    **AS_COMMITTED,
    # The repository may be somebody else's: what is checked out of it is not run.
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}
"""Keeps the settings of whoever builds out of it: hooks, filters, line ends and replaced commits would change the files."""


def build(source: Source, place: Path, surroundings: Surroundings, python: str = sys.executable) -> bytes:
    """Return the archive that ansible-galaxy builds of a new checkout below `place`, unmodified."""
    checkout, built, home = place / surroundings.folder, place / "built", place / "home"
    home.mkdir(parents=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", **surroundings.variables}
    clone = ["git", "clone", "--quiet", "--shared", "--no-checkout", "--template="]
    check_out = ["git", "-C", str(checkout), "checkout", "--quiet", "--detach", source.commit]
    for command in ([*clone, str(source.root), str(checkout)], check_out):
        subprocess.run(command, check=True, umask=surroundings.umask, env={**env, **GIT})
    for path in checkout.rglob("*"):
        os.utime(path, (surroundings.mtime, surroundings.mtime), follow_symlinks=False)
    galaxy = [python, "-m", "ansible", "galaxy", "collection", "build", str(checkout), "--output-path", str(built)]
    subprocess.run(galaxy, check=True, umask=surroundings.umask, env=env, cwd=place, stdout=subprocess.DEVNULL)
    (archive,) = built.glob("*.tar.gz")
    return archive.read_bytes()


def git(root: Path, *words: str) -> str:
    """Return what git says. Raise Refused if it fails."""
    env = {**os.environ, **AS_COMMITTED}
    done = subprocess.run(["git", "-C", str(root), *words], check=False, capture_output=True, text=True, env=env)
    if done.returncode:
        raise Refused(f"git {words[0]} failed: {done.stderr.strip()}")
    return done.stdout.rstrip("\n")


def _epoch(root: Path, commit: str, environment: Mapping[str, str]) -> int:
    named = environment.get("SOURCE_DATE_EPOCH")
    if not named:
        return int(git(root, "show", "--no-patch", "--format=%ct", commit))
    if not named.isdecimal() or int(named) >= 2**32:
        raise Refused(f"SOURCE_DATE_EPOCH must be seconds since 1970, and is {named!r}")
    return int(named)
