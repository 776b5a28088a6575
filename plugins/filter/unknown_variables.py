# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find misspelt variables of the role. unknown_variables.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..plugin_utils._report import role_words as _role_words


def unknown_variables(names: Iterable[str], own: Iterable[str] = ()) -> list[str]:
    """Return a sentence for each unknown variable."""
    return _role_words.unknown_variables(map(str, names), map(str, own))


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"unknown_variables": unknown_variables}
