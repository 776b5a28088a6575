# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several test workers need and one of them makes: environments, packages and releases."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def only_maker(place: Path) -> Iterator[None]:
    """Make what belongs at `place` while no other process or thread does; whoever waited finds it there.

    On a fresh machine all workers begin without it, so look for it within. However a process ends, the lock is free then.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
