# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a release of the commit that is checked out, without publishing it: `make release`.

The artifact is built twice, in surroundings that have nothing in common, and its bytes must be the same.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.release.archive import differences, inconsistencies, manifest_of, normalised, version_of
from tests.release.sbom import bill, described, installed, required
from tests.release.signature import fingerprint, public_key, sign
from tests.release.source import TWO, Refused, Source, build
from tests.support.artifact import dead_links, lacking, strangers
from tests.support.collection import ROOT

KEY = "TENANTLINK_SIGNING_KEY"
NAME = "tenantlink-stackone"
SUMS = "SHA256SUMS"


@dataclass
class Release:
    """The files of a release, in a folder, and what is to be said about them."""

    folder: Path
    notes: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Remove the files of the release before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in [*self.folder.glob(f"{NAME}*"), *self.folder.glob(f"{SUMS}*")]:
            path.unlink()

    def write(self, name: str, content: bytes) -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def sum_up(self) -> bytes:
        """Write the checksums of all files, as sha256sum does, and return them."""
        lines = [
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
            for path in sorted(self.folder.glob(f"{NAME}*"))
        ]
        return self.write(SUMS, "".join(lines).encode()).read_bytes()


def reproduced(source: Source) -> bytes:
    """Return the artifact. Raise Refused if two builds differ, or if it is inconsistent."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first, second = (
            normalised(build(source, Path(place), surroundings), source.epoch)
            for place, surroundings in zip((one, other), TWO)
        )
    different = list(differences(first, second))
    if different:
        raise Refused(f"two builds of the same commit differ in {', '.join(different)}")
    wrong = list(inconsistencies(first))
    if wrong:
        raise Refused(f"the checksums in the artifact do not fit {', '.join(wrong)}")
    return first


def make(source: Source, folder: Path, key: str | None) -> Release:
    """Write all files of a release. Raise Refused if it cannot be made."""
    signer = fingerprint(key) if key else None
    archive, release = reproduced(source), Release(folder)
    release.clear()
    version = version_of(archive)
    stem = f"{NAME}-{version}"
    artifact = release.write(f"{stem}.tar.gz", archive)
    problems = [*strangers(artifact), *lacking(artifact), *dead_links(artifact)]
    if problems:
        raise Refused("; ".join(problems))
    text = bill(archive, described(installed(source.root), source.epoch), required(source.root), source.commit)
    release.write(f"{stem}.cdx.json", text.encode())
    if key:
        sign(manifest_of(archive), key, folder / f"{stem}-MANIFEST.json.asc")
        release.write(f"{NAME}-key.asc", public_key(key))
    sums = release.sum_up()
    if key:
        sign(sums, key, folder / f"{SUMS}.asc")
    release.notes += [
        f"Built twice, with the same bytes: {artifact.name}, version {version} of commit {source.commit}.",
        f"Signed by {signer}." if signer else f'NOT SIGNED: name a key, with ARGS="--key KEY" or {KEY}.',
        *([] if version in source.tags else [f"The commit does not have the tag {version} yet."]),
        *unknown_signer(signer, source.root),
    ]
    return release


def unknown_signer(signer: str | None, root: Path) -> list[str]:
    """Return a note if users cannot compare the signer's fingerprint."""
    known = (root / "SECURITY.md").read_text().replace(" ", "")
    return [f"SECURITY.md does not name the fingerprint {signer}: add it."] if signer and signer not in known else []


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Make a release and print a verdict; the exit code says whether it could be made."""
    parser = argparse.ArgumentParser(prog="python -m tests.release", description=__doc__.splitlines()[0])
    parser.add_argument("--key", default=os.environ.get(KEY), help=f"sign with this GnuPG key (default: {KEY})")
    parser.add_argument("--output", type=Path, default=root / "dist", help="folder for the files (default: dist)")
    options = parser.parse_args(arguments)
    try:
        release = make(Source.of(root, os.environ), options.output, options.key)
    except Refused as refusal:
        print(f"RELEASE FAILED: {refusal}")
        return 1
    for path in sorted(release.folder.iterdir()):
        print(f"{path.stat().st_size:>9}  {path}")
    print("\n".join(["RELEASE MADE, and not published.", *release.notes]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
