# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy keys from a CSV file into an encrypted file. vaulted_api_keys.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils._keys.problems import Problem


def vaulted_api_keys(text: str, password: str, existing: str = "", replace: bool = False) -> dict[str, Any]:
    """Return the encrypted text, or a problem. A raised error would not be shown in a single line."""
    from ..plugin_utils._keys.vault_file import merge

    try:
        return {"problem": "", **merge(text, password, existing, replace).as_dict()}
    except Problem as problem:
        return {"problem": str(problem)}


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"vaulted_api_keys": vaulted_api_keys}
