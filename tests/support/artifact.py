# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact that users install: how it is built, what it must hold, and how it is installed."""

from __future__ import annotations

import posixpath
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from tests.support.collection_copy import PLACE, copy_tree

BUILT, INSTALLED = "artifact", PLACE / "installed"
LINK = re.compile(r"\]\(([^()\s]+)\)|(?:src|srcset|href)=\"([^\"\s]+)\"")
FOR_TOOLS = frozenset({"tests", "tests/config.yml"})
FOR_USERS = frozenset(
    {
        *(
            "CHANGELOG.md",
            "CODE_OF_CONDUCT.md",
            "CONTRIBUTING.md",
            "FILES.json",
            "LICENSE",
            "LICENSES",
            "MANIFEST.json",
        ),
        *("README.md", "SECURITY.md", "changelogs", "docs", "extensions", "meta", "playbooks", "plugins"),
        *("requirements.txt", "roles"),
    }
)


def build(place: Path = PLACE) -> Path:
    """The artifact of what git knows. Raises CalledProcessError, and ValueError where it is not what users need."""
    built = place / BUILT
    shutil.rmtree(built, ignore_errors=True)
    galaxy("build", str(copy_tree(place)), "--output-path", str(built))
    (artifact,) = built.glob("*.tar.gz")
    problems = [*strangers(artifact), *lacking(artifact), *dead_links(artifact)]
    if problems:
        raise ValueError("; ".join(problems))
    return artifact


def strangers(artifact: Path) -> Iterator[str]:
    """Tell what the artifact holds although no user needs it."""
    for name in names_in(artifact):
        if name.split("/")[0] not in FOR_USERS and name not in FOR_TOOLS:
            yield f"the artifact holds {name}: add it to build_ignore in galaxy.yml"


def lacking(artifact: Path) -> Iterator[str]:
    """Tell what the artifact does not hold, although tools look for it."""
    yield from (f"the artifact lacks {name}: see build_ignore in galaxy.yml" for name in FOR_TOOLS - names_in(artifact))


def dead_links(artifact: Path) -> Iterator[str]:
    """Tell the relative links of pages, and their pictures, that lead to nothing in the artifact."""
    known = names_in(artifact)
    with tarfile.open(artifact) as archive:
        for page in sorted(name for name in known if name.endswith(".md")):
            file = archive.extractfile(page)
            for link in links_in(file.read().decode() if file else ""):
                target = posixpath.normpath(posixpath.join(posixpath.dirname(page), link.partition("#")[0]))
                if not re.match(r"[a-z]+:|#", link) and target not in known:
                    yield f"{page} links to {link}, which the artifact does not hold: link to the repository"


def links_in(text: str) -> Iterator[str]:
    """Yield the targets of links and pictures of a page, but not those in its blocks of code."""
    for match in LINK.finditer(re.sub(r"(?s)```.*?```", "", text)):
        yield match.group(1) or match.group(2)


def names_in(artifact: Path) -> set[str]:
    """Return the paths of the artifact's files and folders."""
    with tarfile.open(artifact) as archive:
        return set(archive.getnames())


def install(artifact: Path) -> None:
    """Put it where a collection path may point to. Raises CalledProcessError."""
    shutil.rmtree(INSTALLED, ignore_errors=True)
    galaxy("install", str(artifact), "--offline", "--force", "--collections-path", str(INSTALLED))


def galaxy(*words: str) -> None:
    """Run ansible-galaxy collection."""
    command = [sys.executable, "-m", "ansible", "galaxy", "collection", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
