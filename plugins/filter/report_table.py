# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write rows as a table for the terminal. report_table.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._keys.problems import Problem


def report_table(source: Any, most: int = 200, width: int = 118) -> list[str]:
    """Return the lines of the table."""
    from ..plugin_utils._report.terminal_table import lines_of

    try:
        return lines_of(source, most, width)
    except Problem as problem:
        raise AnsibleFilterError(f"report_table: {problem}") from None


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"report_table": report_table}
