# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that several processes may want to change: locked, read, and replaced completely or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from ...module_utils._core.files import read_bytes
from .problems import Problem

LOOK_SECONDS = 0.1


class LockedFile:
    """A file that no other process changes through this class meanwhile. A symbolic link is followed and kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = _read(path)

    def replace(self, content: bytes) -> None:
        """Write it in one step, with its mode, owner and attributes; a new file is private to its user.

        Raises Problem if something else, such as an editor, changed it since it was read.
        """
        new = self.path.with_name(f".{self.path.name}.new")
        try:
            _write(new, content)
            if self.content is not None:
                _take_after(new, self.path)
            if _read(self.path) != self.content:
                raise Problem(
                    f"{self.path} was changed by something else meanwhile. Nothing was written; run this again."
                )
            os.replace(new, self.path)
        finally:
            new.unlink(missing_ok=True)
        _flush_folder(self.path.parent)


@contextlib.contextmanager
def locked_file(path: str, patience: float = 60.0) -> Iterator[LockedFile]:
    """Wait until nobody else has it locked. Raises Problem after `patience` seconds, and if it is not a regular file."""
    real = Path(os.path.realpath(path))
    try:
        with _lock(real, patience):
            yield LockedFile(real)
    except OSError as error:
        raise Problem(
            f"{error.strerror or 'it cannot be used'} ({error.filename or real}). Nothing was written."
        ) from None


@contextlib.contextmanager
def _lock(path: Path, patience: float) -> Iterator[None]:
    """Hold a lock file next to it, since the file itself is replaced. A killed run leaves one behind that locks nobody out."""
    lock, end = path.with_name(f".{path.name}.lock"), time.monotonic() + patience
    while (descriptor := _tried(lock)) is None:
        if time.monotonic() > end:
            raise Problem(f"another run has had {path} locked for {patience:g} seconds ({lock}). Run this again later.")
        time.sleep(LOOK_SECONDS)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _tried(path: Path) -> int | None:
    """Return the descriptor of a lock that this process now holds, or nothing if another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Its former holder may have removed it since it was opened; then the next process locks another file.
        if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
            return descriptor
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES, errno.ENOENT):
            os.close(descriptor)
            raise
    os.close(descriptor)
    return None


def _read(path: Path) -> bytes | None:
    """Return the content of a regular file, or nothing if it does not exist. Raises OSError for anything else."""
    try:
        return read_bytes(str(path))
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes) -> None:
    # Left behind by a killed run.
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _take_after(new: Path, old: Path) -> None:
    """Give a file the owner, mode and attributes (SELinux, access lists) of another. Raises Problem."""
    if _owner(new) != _owner(old):
        try:
            os.chown(new, *_owner(old))
        except PermissionError:
            raise Problem(
                f"{old} belongs to another user or group, and would not any more. Nothing was written; run this as that user."
            ) from None
    shutil.copystat(old, new)
    os.utime(new)


def _owner(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
