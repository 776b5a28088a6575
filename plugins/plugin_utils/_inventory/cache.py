# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps Ansible's cache files from other users: by themselves, cache plugins let everybody read them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from ansible.plugins.cache import BaseFileCacheModule, CachePluginAdjudicator


@contextlib.contextmanager
def private_folders() -> Iterator[None]:
    """Make a cache's folder private if it is created meanwhile. One that exists may belong to others as well."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def make_private(cache: CachePluginAdjudicator) -> None:
    """Make the entries of a cache private if they are files. Ansible sets their mode itself, whatever the umask."""
    plugin = cache._plugin
    if not isinstance(plugin, BaseFileCacheModule):
        return
    # The plugin's own entries: from 2.19 on, they have other names than those of the cache around it.
    for entry in plugin._cache:
        # If the file system has no modes, Ansible has warned about it.
        with contextlib.suppress(OSError):
            os.chmod(plugin._get_cache_file_name(entry), 0o600)
