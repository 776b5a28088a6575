# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files hold keys in clear, as far as Ansible says where a value comes from."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

# Since ansible-core 2.19 a value knows its origin. Ansible guarantees neither that nor the name; without it, there are no warnings.
try:
    from ansible._internal._datatag import _tags
except ImportError:
    _tags = None

VAULT_HEADER = b"$ANSIBLE_VAULT;"


def plain_files(paths: Iterable[str], values: Iterable[Any]) -> list[str]:
    """Return those of the files that are not encrypted: the named ones, and the ones that the values come from."""
    sources = dict.fromkeys([*paths, *(path for value in values for path in _sources_of(value))])
    return [path for path in sources if path and _is_plain(Path(path))]


def _sources_of(value: Any) -> Iterator[str]:
    """Return the files that the texts in a value were read from."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _sources_of(inner)
    elif isinstance(value, str) and value:
        path = _source_of(value)
        if path:
            yield path


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
