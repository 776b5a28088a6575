# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time, and what is raised in a thread that was told to stop."""

from __future__ import annotations

import time


class Stopped(Exception):
    """The run was told to stop while this thread was waiting."""


class Clock:
    """The time, so that tests can bring their own. C(sleep) and C(check) may raise Stopped."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    def check(self) -> None:
        """Raise Stopped where no further request may be sent."""

    def given_up(self) -> bool:
        """Tell whether even requests under way are cut off."""
        return False
