# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mask secrets in a result. masked.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def masked(value: Any, secrets: Any = ()) -> Any:
    """Return the value with every secret masked."""
    from ..module_utils._core.text import Scrubber
    from ..module_utils._list.entries import secrets_of
    from ..plugin_utils._keys.readable_values import readable

    return Scrubber(secrets_of(readable(secrets), secret=True)).scrub(value)


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"masked": masked}
