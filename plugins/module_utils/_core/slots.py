# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slots for the values of which a run holds ten thousand: without a dictionary for each, they take half the memory."""

from __future__ import annotations

import sys
from typing import Any

SLOTS: dict[str, Any] = {"slots": True} if sys.version_info >= (3, 10) else {}
"""Arguments of `dataclass`. Modules also run on Python 3.9, which does not know this one."""
