# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that is replaced: by one at a time, whole or not at all, and with all that was its own."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys

import pytest

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys import replaced_file as _replaced_file
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.problems import Problem
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._keys.replaced_file import locked_file

MODULE = _replaced_file.__name__


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "folder" / "vault.yml"
    file.parent.mkdir()
    file.write_bytes(b"old")
    return file


def replace(path, content=b"new"):
    with locked_file(str(path)) as file:
        file.replace(content)


def test_mode_owner_and_link_stay(path, tmp_path):
    path.chmod(0o640)
    # Not every file system has attributes.
    with contextlib.suppress(OSError):
        os.setxattr(path, "user.note", b"kept")
    attributes = os.listxattr(path)
    link = tmp_path / "link.yml"
    link.symlink_to(path)
    was = path.stat()
    replace(link)
    now = path.stat()
    assert path.read_bytes() == b"new"
    assert link.is_symlink()
    assert stat.S_IMODE(now.st_mode) == 0o640
    assert (now.st_uid, now.st_gid) == (was.st_uid, was.st_gid)
    assert os.listxattr(path) == attributes
    assert now.st_mtime_ns >= was.st_mtime_ns
    assert [each.name for each in path.parent.iterdir()] == ["vault.yml"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_the_owner_stays(path):
    os.chown(path, 12345, 54321)
    replace(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


def test_an_owner_that_cannot_stay_is_refused(path, monkeypatch):
    def refuse(*_args):
        raise PermissionError

    was = os.stat(path)
    monkeypatch.setattr(os, "chown", refuse)
    monkeypatch.setattr(_replaced_file, "_owner", lambda file: (was.st_uid, 1 if file == path else 2))
    with pytest.raises(Problem, match="belongs to another user or group"):
        replace(path)
    assert path.read_bytes() == b"old"
    assert [each.name for each in path.parent.iterdir()] == ["vault.yml"]


def test_a_new_file_is_for_the_user_alone(path):
    path.unlink()
    replace(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("before", [b"old", None], ids=["a change", "a file that was not there"])
def test_what_something_else_wrote_is_not_overwritten(path, before):
    if before is None:
        path.unlink()
    with locked_file(str(path)) as file:
        path.write_bytes(b"by an editor")
        with pytest.raises(Problem, match="changed by something else"):
            file.replace(b"new")
    assert path.read_bytes() == b"by an editor"


def test_who_has_it_locked_is_waited_for_and_then_told_of(path):
    words = r"another run has had .*vault\.yml locked for 0\.2 seconds \(.*\.vault\.yml\.lock\)"
    with locked_file(str(path)), pytest.raises(Problem, match=words), locked_file(str(path), patience=0.2):
        pass
    replace(path)
    assert path.read_bytes() == b"new"


def test_a_lock_that_a_killed_run_left_holds_nobody(path):
    script = f"import os, signal\nfrom {MODULE} import locked_file\nwith locked_file({str(path)!r}):\n  os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    assert path.with_name(".vault.yml.lock").exists()
    with locked_file(str(path), patience=0):
        pass
    assert not path.with_name(".vault.yml.lock").exists()


@pytest.mark.parametrize("moment", ["fsync", "utime", "replace"])
@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
def test_a_kill_leaves_the_old_file_or_the_new_one(path, moment, after):
    script = f"""
import os
from {MODULE} import locked_file
real = os.{moment}
def killed(*args, **named):
    if {after}: real(*args, **named)
    os.kill(os.getpid(), 9)
os.{moment} = killed
with locked_file({str(path)!r}) as file:
    file.replace(b"new")
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    assert path.read_bytes() == (b"new" if moment == "replace" and after else b"old")
    replace(path, b"newer")
    assert path.read_bytes() == b"newer"
    assert [each.name for each in path.parent.iterdir()] == ["vault.yml"]


ADD_ONE = """
import sys
from {module} import locked_file
for turn in range({turns}):
    with locked_file(sys.argv[1]) as file:
        file.replace(file.content + b"%d\\n" % turn)
"""


def test_many_processes_lose_nothing(path):
    path.write_bytes(b"")
    command = [sys.executable, "-c", ADD_ONE.format(module=MODULE, turns=10), str(path)]
    processes = [subprocess.Popen(command) for _number in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    assert sorted(path.read_text().split()) == sorted([str(turn) for turn in range(10)] * 4)


def test_only_regular_files_are_read(path):
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Problem, match="it is a named pipe, not a file"), locked_file(str(path)):
        pass


def test_a_folder_that_is_not_there(tmp_path):
    words = r"No such file or directory \(.*\.lock\)"
    with pytest.raises(Problem, match=words), locked_file(str(tmp_path / "x" / "y")):
        pass
