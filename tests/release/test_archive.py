# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes of an archive follow from its content alone, and its checksums fit."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

import pytest

from tests.release.archive import FILES, MANIFEST, differences, inconsistencies, members, normalised
from tests.release.tampering import repacked, with_files, with_manifest

CONTENT = {"a": b"a", "b": b"b", "b/c.py": b"c", "z.md": b"z"}
FOLDERS, PROGRAMS, LINK = {"b"}, {"b/c.py"}, "link"
EPOCH = 1_600_000_000


def packed(order=("a", "b", "b/c.py", "z.md", LINK), mtime=1, owner=0, umask=0o022, content=None):
    """An archive as ansible-galaxy builds it, with what it leaves to chance as given."""
    content = CONTENT if content is None else content
    listed = [
        {
            "name": name,
            "ftype": "dir" if name in FOLDERS else "file",
            "chksum_sha256": None if name in FOLDERS or name == LINK else hashlib.sha256(content[name]).hexdigest(),
        }
        for name in (".", *order)
        if name != "."
    ]
    files = json.dumps({"files": [{"name": ".", "ftype": "dir", "chksum_sha256": None}, *listed], "format": 1}).encode()
    manifest = json.dumps({"file_manifest_file": {"chksum_sha256": hashlib.sha256(files).hexdigest()}}).encode()
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=mtime) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as archive,
    ):
        for name, text in {
            MANIFEST: manifest,
            FILES: files,
            **{name: content.get(name, b"") for name in order},
        }.items():
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if name in FOLDERS else tarfile.SYMTYPE if name == LINK else tarfile.REGTYPE
            info.size = len(text) if info.isreg() else 0
            info.linkname = "a" if name == LINK else ""
            info.mtime, info.uid, info.uname = mtime, owner, f"user{owner}"
            info.mode = (0o777 if name in FOLDERS | PROGRAMS else 0o666) & ~umask
            archive.addfile(info, io.BytesIO(text) if info.size else None)
    return buffer.getvalue()


PLAIN = packed()


@pytest.mark.parametrize(
    "chance",
    [{"order": (LINK, "z.md", "b", "b/c.py", "a")}, {"mtime": 2}, {"owner": 1000}, {"umask": 0o077}],
    ids=lambda chance: next(iter(chance)),
)
def test_what_is_left_to_chance_does_not_matter(chance):
    other = packed(**chance)
    assert other != PLAIN
    assert list(differences(PLAIN, other))
    assert normalised(other, EPOCH) == normalised(PLAIN, EPOCH)


@pytest.mark.parametrize(
    "content",
    [{**CONTENT, "a": b"changed"}, {**CONTENT, "z.md": b""}],
)
def test_what_is_not_left_to_chance_does(content):
    made = normalised(packed(content=content), EPOCH)
    assert set(differences(normalised(PLAIN, EPOCH), made)) >= {FILES, MANIFEST}


def test_everything_has_the_time_that_is_named():
    made = normalised(PLAIN, EPOCH)
    assert int.from_bytes(made[4:8], "little") == EPOCH
    with tarfile.open(fileobj=io.BytesIO(made)) as archive:
        assert {info.mtime for info in archive} == {EPOCH}


def test_members_keep_their_content_their_kind_and_their_right_to_be_run():
    made = members(normalised(PLAIN, EPOCH))
    assert {name: member.content for name, member in made.items() if name in CONTENT and name not in FOLDERS} == {
        name: text for name, text in CONTENT.items() if name not in FOLDERS
    }
    assert [name for name, member in made.items() if member.executable and member.kind == tarfile.REGTYPE] == ["b/c.py"]
    assert (made["b"].kind, made[LINK].kind, made[LINK].target) == (tarfile.DIRTYPE, tarfile.SYMTYPE, "a")
    assert list(made)[:2] == [MANIFEST, FILES]


def test_checksums_fit():
    assert list(inconsistencies(PLAIN)) == list(inconsistencies(normalised(PLAIN, EPOCH))) == []


@pytest.mark.parametrize(
    ("changed", "content"),
    [("a", b"A"), (FILES, members(PLAIN)[FILES].content.replace(b'"format": 1', b'"format": 2'))],
)
def test_a_checksum_that_does_not_fit_is_reported(changed, content):
    assert list(inconsistencies(repacked(PLAIN, {changed: content}))) == [changed]


def test_changes_can_be_made_to_fit():
    """Or the tests of signatures would fail for another reason than the signature."""
    assert list(inconsistencies(repacked(PLAIN, with_manifest(PLAIN, {"a": b"A"})))) == []
    assert list(inconsistencies(repacked(PLAIN, with_files(PLAIN, {"a": b"A"})))) == [FILES]
