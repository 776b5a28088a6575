# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock that tests can replace, and the exception that ends a stopped thread."""

from __future__ import annotations

import time


class Stopped(Exception):
    """End the work of a thread after the run was told to stop."""


class Clock:
    """The current time and waiting, replaceable in tests. `sleep` and `check` may raise Stopped."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    def check(self) -> None:
        """Raise Stopped if no further request may be sent."""

    def given_up(self) -> bool:
        """Return whether even requests in progress must be cut off."""
        return False
