# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create the data that a run passes to its controller. report_stats.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._report.handed_on import handed_on

_PARTS = {"totals", "outcomes", "rows", "problem"}


def report_stats(document: Any, reports: Iterable[Any] = ()) -> dict[str, Any]:
    """Return the variables."""
    documents = document if document and isinstance(document, list) else [document]
    if not all(isinstance(each, Mapping) and set(each) >= _PARTS for each in documents):
        raise AnsibleFilterError(
            "report_stats takes a document that tenantlink.stackone.report made, or a list of them."
        )
    return handed_on(documents, reports)


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"report_stats": report_stats}
