# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a history that goes wrong as small as it can be."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.history import History, left_out, pieces

MOST = 400
"""How many smaller histories are tried at most."""


def shrunk(history: History, wrong: Callable[[History], bool]) -> History:
    """Return a history that is still wrong, and is not without any one of its pieces."""
    tried = 0
    while True:
        for name in pieces(history):
            smaller = left_out(history, name)
            tried += 1
            if tried > MOST:
                return history
            if wrong(smaller):
                history = smaller
                break
        else:
            return history
