# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several modules return, from `returns.yml`. RETURN cannot use a fragment."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

SOURCE = Path(__file__).with_name("returns.yml")
PIECE = re.compile(r"^(?P<name>\w+):\n(?P<body>(?: .*\n)+)", re.MULTILINE)


def returns() -> dict[str, str]:
    """Return each piece of `returns.yml` by its name, as it is written there."""
    return {piece["name"]: dedent(piece["body"]) for piece in PIECE.finditer(SOURCE.read_text())}
