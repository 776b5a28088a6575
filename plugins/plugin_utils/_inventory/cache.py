# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps from other users what Ansible's cache plugins write: by themselves, they let everybody read it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from ansible.plugins.cache import BaseFileCacheModule, CachePluginAdjudicator


@contextlib.contextmanager
def private_folders() -> Iterator[None]:
    """Give a cache's folder that is made meanwhile to its user alone. One that exists may be others' as well."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def make_private(cache: CachePluginAdjudicator) -> None:
    """Let nobody else read the entries of a cache that are files. Ansible sets their mode itself, whatever the umask."""
    plugin = cache._plugin
    if not isinstance(plugin, BaseFileCacheModule):
        return
    # What it has read or written itself: from 2.19 on, its entries have other names than those of the cache around it.
    for entry in plugin._cache:
        # Where the file system knows no modes, Ansible has warned of it.
        with contextlib.suppress(OSError):
            os.chmod(plugin._get_cache_file_name(entry), 0o600)
