# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create the data that a run passes to its controller. report_stats.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._keys.problems import Problem


def report_stats(document: Any, reports: Iterable[Any] = ()) -> dict[str, Any]:
    """Return the variables."""
    from ..plugin_utils._report.document import as_document
    from ..plugin_utils._report.handed_on import handed_on

    documents = document if document and isinstance(document, list) else [document]
    try:
        return handed_on([as_document(each) for each in documents], reports)
    except Problem as problem:
        raise AnsibleFilterError(f"report_stats {problem}") from None


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"report_stats": report_stats}
