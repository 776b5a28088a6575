# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of many similar cases are run: a fixed share of them, unless the variable TRUST says otherwise.

`TRUST=more` runs another share of the same size, `TRUST=full` runs everything.
"""

from __future__ import annotations

import os
import zlib

MODE = os.environ.get("TRUST", "")
SHARE = 8
"""One of this many cases belongs to the share."""


def chosen(name: str, of: int = SHARE) -> bool:
    """Return whether a case is run: one of `of` belongs to the share, always the same ones."""
    place = zlib.crc32(name.encode()) % of
    return MODE == "full" or place == (1 if MODE == "more" else 0)
