# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and replacing files that users name, but only regular files: a pipe would block, and a device would be lost."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator

LOCK_SECONDS = 5.0
LOOK_SECONDS = 0.05

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotAFile(OSError):
    """The path is not a regular file: reading it could block for ever, and replacing it would break it."""

    def __init__(self, path: str, mode: int) -> None:
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "something else")
        super().__init__(errno.EINVAL, f"it is {kind}, not a file", path)


def refuse_other_than_file(path: str) -> None:
    """Raise NotAFile if something other than a regular file is at the path. A path that does not exist is fine."""
    with contextlib.suppress(FileNotFoundError):
        _refuse(path, os.stat(path).st_mode)


def read_file(path: str) -> str:
    """Return the text of a regular file without ever blocking. Raise NotAFile, another OSError or UnicodeDecodeError."""
    return read_bytes(path).decode("utf-8")


def read_bytes(path: str) -> bytes:
    """Return the content of a regular file without ever blocking. Raise NotAFile or another OSError."""
    _refuse(path, os.stat(path).st_mode)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    with os.fdopen(descriptor, "rb") as file:
        # The file may have been replaced since the check above.
        _refuse(path, os.fstat(descriptor).st_mode)
        return file.read()


def replace_file(path: str, text: str, mode: int = 0o600) -> None:
    """Replace a file's text and mode atomically. On NotAFile or another OSError the old text is kept."""
    refuse_other_than_file(path)
    folder, name = os.path.split(os.path.realpath(path))
    # Not after the file, whose name may be as long as a name can be.
    descriptor, temporary = tempfile.mkstemp(prefix=".tenantlink.", dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, mode)
        os.replace(temporary, os.path.join(folder, name))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


@contextlib.contextmanager
def alone_in(folder: str, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Let one process at a time change files in a folder. Continue without the lock if it cannot be acquired in time."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        _wait_for_lock(descriptor, time.monotonic() + seconds)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            # Some file systems do not support locks.
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES) or time.monotonic() >= deadline:
                return
        time.sleep(LOOK_SECONDS)


def _refuse(path: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise NotAFile(path, mode)
