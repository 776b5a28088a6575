# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that finds misspelt variables of the role. Its documentation is in unknown_variables.yml."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.plugin_utils import _role_words


def unknown_variables(names: Iterable[str], own: Iterable[str] = ()) -> list[str]:
    """Return a sentence for each."""
    return _role_words.unknown_variables(map(str, names), map(str, own))


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"unknown_variables": unknown_variables}
