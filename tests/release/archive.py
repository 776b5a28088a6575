# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rewrite a collection's archive so that its bytes follow from its content alone.

`ansible-galaxy collection build` leaves to chance: the time in the gzip header and of two members, the times of files,
and the order in which a folder lists its files, which is also the order in `FILES.json`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

MANIFEST, FILES = "MANIFEST.json", "FILES.json"


@dataclass(frozen=True)
class Member:
    """A file, folder or symbolic link of an archive, without anything that depends on who packed it."""

    name: str
    kind: bytes
    executable: bool
    target: str
    content: bytes

    @classmethod
    def of(cls, archive: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
        """Read a member of an archive."""
        file = archive.extractfile(info) if info.isreg() else None
        return cls(info.name, info.type, bool(info.mode & 0o100), info.linkname, file.read() if file else b"")

    def info(self, epoch: int) -> tarfile.TarInfo:
        """Return its header in an archive: owned by root, of the given time."""
        info = tarfile.TarInfo(self.name)
        info.type, info.linkname, info.size, info.mtime = self.kind, self.target, len(self.content), epoch
        info.mode = 0o755 if self.executable or self.kind == tarfile.DIRTYPE else 0o644
        return info


def members(archive: bytes) -> dict[str, Member]:
    """Return the members of an archive by their names."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {info.name: Member.of(opened, info) for info in opened}


def normalised(archive: bytes, epoch: int) -> bytes:
    """Return the archive with every member of the time `epoch` (in seconds), in the order of their names."""
    found = members(archive)
    found[FILES] = _with_content(found[FILES], _sorted_files(found[FILES].content))
    found[MANIFEST] = _with_content(found[MANIFEST], _naming(found[MANIFEST].content, found[FILES].content))
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=epoch) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as opened,
    ):
        # ansible-galaxy puts these two first, so that they are found without reading the rest.
        for name in sorted(found, key=lambda name: (name != MANIFEST, name != FILES, name)):
            opened.addfile(found[name].info(epoch), io.BytesIO(found[name].content))
    return packed.getvalue()


def differences(one: bytes, other: bytes) -> Iterator[str]:
    """Yield what differs between two archives; nothing if their bytes are the same."""
    if one == other:
        return
    left, right = members(one), members(other)
    names = [name for name in sorted(left.keys() | right.keys()) if left.get(name) != right.get(name)]
    yield from names or ["the order, the times, the owners or the compression of the members"]


def manifest_of(archive: bytes) -> bytes:
    """Return the bytes of `MANIFEST.json`, which are what is signed."""
    return members(archive)[MANIFEST].content


def version_of(archive: bytes) -> str:
    """Return the version of the collection."""
    version: str = json.loads(manifest_of(archive))["collection_info"]["version"]
    return version


def inconsistencies(archive: bytes) -> Iterator[str]:
    """Yield each member whose checksum in `FILES.json` or `MANIFEST.json` is missing or wrong."""
    found = members(archive)
    listed = {entry["name"]: entry["chksum_sha256"] for entry in json.loads(found[FILES].content)["files"]}
    listed[FILES] = json.loads(found[MANIFEST].content)["file_manifest_file"]["chksum_sha256"]
    for name, member in found.items():
        wanted = hashlib.sha256(member.content).hexdigest() if member.kind == tarfile.REGTYPE else None
        if name != MANIFEST and member.kind != tarfile.SYMTYPE and listed.get(name, "") != wanted:
            yield name
    yield from sorted(listed.keys() - found.keys() - {"."})


def _with_content(member: Member, content: bytes) -> Member:
    return Member(member.name, member.kind, member.executable, member.target, content)


def _sorted_files(files: bytes) -> bytes:
    """Return `FILES.json` in the order of the names. The folder `.` is the first."""
    listed = json.loads(files)
    listed["files"].sort(key=lambda entry: entry["name"])
    return _dumped(listed)


def _naming(manifest: bytes, files: bytes) -> bytes:
    """Return `MANIFEST.json` with the checksum of this `FILES.json`."""
    content = json.loads(manifest)
    content["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(files).hexdigest()
    return _dumped(content)


def _dumped(content: object) -> bytes:
    """Return the JSON as ansible-galaxy writes it, but with sorted keys."""
    return json.dumps(content, indent=True, sort_keys=True).encode()
