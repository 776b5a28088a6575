# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write rows as CSV. report_csv.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._keys.problems import Problem


def report_csv(source: Any, columns: Any = None) -> str:
    """Return the text of the CSV file."""
    from ..plugin_utils._report.table import csv_of

    try:
        return csv_of(source, columns)
    except Problem as problem:
        raise AnsibleFilterError(f"report_csv: {problem}") from None


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"report_csv": report_csv}
