# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that people name: whatever else has the name is neither waited for nor replaced."""

from __future__ import annotations

import fcntl
import os
import socket
import stat

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core import files
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Clock
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.fingerprints import Fingerprints
from ansible_collections.tenantlink.stackone.plugins.module_utils._list.progress import ProgressFile, read

PIPE = "a named pipe"
KINDS = {"pipe": PIPE, "link": PIPE, "folder": "a directory", "socket": "a socket", "zero": "a device"}


@pytest.fixture(params=list(KINDS))
def named(request, tmp_path, monkeypatch):
    """A path that is no regular file's, and what it is."""
    # The path of a socket must be short.
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    os.mkdir("folder")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        os.symlink("/dev/zero", "zero")
        os.symlink("pipe", "link")
        yield str(tmp_path / request.param), KINDS[request.param]


def test_only_files_are_read_and_replaced(named):
    path, kind = named
    before = os.lstat(path)
    for use in (files.read_file, lambda name: files.replace_file(name, "text")):
        with pytest.raises(files.NotAFile, match=f"it is {kind}, not a file"):
            use(path)
    after = os.lstat(path)
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


def test_fingerprints_elsewhere_than_in_a_file_only_cost_requests(named):
    path, kind = named
    fingerprints = Fingerprints(path, "v1.eu1.key")
    fingerprints.save(set())
    assert fingerprints.problem == f"no fingerprints are kept in {path}: it is {kind}, not a file."


def test_progress_elsewhere_than_in_a_file_is_not_told(named):
    path, kind = named
    progress = ProgressFile(path, 1, Clock())
    progress.write(last=True)
    assert progress.problem == f"no progress is written to {path}: it is {kind}, not a file."
    assert read(path) is None


def test_a_file_is_replaced_whole_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    files.replace_file(str(path), "new")
    assert files.read_file(str(path)) == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["file"]


def test_a_failure_to_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")
    monkeypatch.setattr(
        os, "replace", lambda *_paths: (each for each in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(OSError, match="No space left"):
        files.replace_file(str(path), "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_one_at_a_time_changes_a_folder(tmp_path):
    with files.alone_in(str(tmp_path)):
        other = os.open(tmp_path, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)


def test_nobody_waits_for_long_for_a_folder(tmp_path):
    """Whoever may read a folder may hold it."""
    with files.alone_in(str(tmp_path)), files.alone_in(str(tmp_path), seconds=0.0):
        pass
    with files.alone_in(str(tmp_path / "missing")):
        pass
