# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives that somebody changed, with more or less care."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping

from tests.release.archive import FILES, MANIFEST, members


def repacked(archive: bytes, changes: Mapping[str, bytes]) -> bytes:
    """Return the archive with other content of some members."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as opened:
        for name, member in members(archive).items():
            info, content = member.info(0), changes.get(name, member.content)
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def with_files(archive: bytes, changes: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the changes, and `FILES.json` that fits them."""
    listed = json.loads(members(archive)[FILES].content)
    for entry in listed["files"]:
        if entry["name"] in changes:
            entry["chksum_sha256"] = hashlib.sha256(changes[entry["name"]]).hexdigest()
    return {**changes, FILES: json.dumps(listed).encode()}


def with_manifest(archive: bytes, changes: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the changes, and `FILES.json` and `MANIFEST.json` that fit them."""
    fitting = with_files(archive, changes)
    manifest = json.loads(members(archive)[MANIFEST].content)
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(fitting[FILES]).hexdigest()
    return {**fitting, MANIFEST: json.dumps(manifest).encode()}
