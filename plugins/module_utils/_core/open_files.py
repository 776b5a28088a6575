# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many files and connections this process may have open."""

from __future__ import annotations

PER_WORKER = 8
"""A worker has a connection to each service, and the pool keeps those of former tenants. Each has two descriptors."""
OTHERS = 100


def allow_open_files(workers: int) -> None:
    """Raise this process's own limit to what this number of workers needs, as far as the machine lets it.

    On some machines a process begins with 256, and may raise that by itself.
    """
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        needed = PER_WORKER * workers + OTHERS
        if soft == resource.RLIM_INFINITY or soft >= needed:
            return
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (ImportError, OSError, ValueError):
        # Then a connection that cannot be made says so.
        return
