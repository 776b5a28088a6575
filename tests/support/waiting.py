# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for something to come true."""

from __future__ import annotations

import time


def eventually(condition):
    """What a condition gives once it is true. Its end is far beyond what any machine needs."""
    end = time.monotonic() + 150
    while not (value := condition()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.2)
    return value
