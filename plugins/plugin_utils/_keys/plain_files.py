# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files hold keys in clear, as far as Ansible says where a value comes from."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...module_utils._core.files import read_bytes
from .keyring import api_keys_from
from .problems import Problem

# Since ansible-core 2.19 a value knows its origin. Ansible guarantees neither that nor the name; without it, there are no warnings.
try:
    from ansible._internal._datatag import _tags
except ImportError:
    _tags = None

VAULT_HEADER = b"$ANSIBLE_VAULT;"


def plain_files(paths: Iterable[str], values: Iterable[Any]) -> list[str]:
    """Return those of the files that are not encrypted: the named ones, and the ones that the values are written in."""
    held: dict[str, None] = {}
    contents: dict[str, bytes] = {}
    for text in _texts_in(values):
        path = _source_of(text)
        # A template comes from a file as well, and what it fetches is not written there.
        if path and path not in held and text.encode(errors="replace") in _content(path, contents):
            held[path] = None
    named = (path for path in paths if path and _holds_keys(_content(path, contents)))
    return [path for path in dict.fromkeys([*named, *held]) if path and _is_plain(Path(path))]


def _holds_keys(content: bytes) -> bool:
    """Say whether a file that was named as one of keys is one. Nobody should encrypt another file because of a mistake."""
    try:
        return bool(api_keys_from(content.decode("utf-8-sig")))
    except (Problem, UnicodeDecodeError):
        return False


def _texts_in(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, Mapping):
            yield from _texts_in(value.values())
        elif isinstance(value, str) and value:
            yield value


def _content(path: str, contents: dict[str, bytes]) -> bytes:
    """Return what a file holds, nothing if it is encrypted: it would be searched for each of thousands of keys."""
    if path not in contents:
        contents[path] = b""
        with contextlib.suppress(OSError):
            contents[path] = read_bytes(path) if _is_plain(Path(path)) else b""
    return contents[path]


def _source_of(value: str) -> str | None:
    """Return the file that Ansible read a value from; nothing if the value is encrypted by itself."""
    if _tags is None or _tags.VaultedValue.is_tagged_on(value):
        return None
    origin = _tags.Origin.get_tag(value)
    return origin.path if origin else None


def _is_plain(path: Path) -> bool:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            return not file.read(64).lstrip(b"\xef\xbb\xbf \r\n\t").startswith(VAULT_HEADER)
    except OSError:
        return False
