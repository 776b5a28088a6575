# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge several reports into one. merged_reports.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils._keys.problems import handed


def merged_reports(files: Any, title: Any, written: Any = (), on_problem: str = "raise") -> Any:
    """Return the merged document."""
    from ..plugin_utils._report.merged import merged
    from ..plugin_utils._report.report_files import parts_in
    from ..plugin_utils._report.rows import to_line

    named = [files] if isinstance(files, str) else list(files)
    return handed(lambda: merged(parts_in(named, list(written)), to_line(title)).as_dict(), on_problem)


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"merged_reports": merged_reports}
