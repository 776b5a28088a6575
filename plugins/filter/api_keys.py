# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a CSV of keys. api_keys.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils._keys.keyring import api_keys_from, unvault
from ..plugin_utils._keys.problems import Problem, handed, of_source


def api_keys(text: Any, on_problem: str = "raise", source_name: str = "") -> Any:
    """Return the keys by domain, or by owner."""

    def made() -> dict[str, str]:
        written = unvault(text)
        if not isinstance(written, str):
            raise Problem("api_keys takes the text of a CSV file.")
        with of_source(source_name):
            return api_keys_from(written)

    return handed(made, on_problem)


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"api_keys": api_keys}
