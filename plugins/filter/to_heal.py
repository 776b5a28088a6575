# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select the tenants to heal. to_heal.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..plugin_utils._keys.problems import checked, handed


def to_heal(tenants: Any, named: Any = None, accounts: Any = None, on_problem: str = "raise") -> Any:
    """Return the tenants of the named accounts, or, without names, those that have no active account."""
    from ..plugin_utils._events import healing as _healing

    def made() -> list[Any]:
        listed = enumerate(checked(tenants), 1)
        declared = [{"position": position, **entry} for position, entry in listed if isinstance(entry, Mapping)]
        return _healing.named_tenants(declared, named) if named else _healing.broken_tenants(declared, accounts or [])

    return handed(made, on_problem)


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"to_heal": to_heal}
