# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of many similar cases are run: a fixed share of them, unless the variable TRUST says otherwise.

`TRUST=rest` runs what the share leaves out, `TRUST=full` runs everything.
"""

from __future__ import annotations

import os
import zlib

MODE = os.environ.get("TRUST", "")
SHARE = 8
"""One of this many cases belongs to the share."""


def chosen(name: str, of: int = SHARE) -> bool:
    """Tell whether a case is run: one of `of` belongs to the share, always the same ones."""
    in_share = zlib.crc32(name.encode()) % of == 0
    return {"full": True, "rest": not in_share}.get(MODE, in_share)
