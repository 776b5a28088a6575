# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a report as Markdown. report_markdown.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._keys.problems import Problem


def report_markdown(document: Any, full: Any = ()) -> str:
    """Return the text of the comment."""
    from ..plugin_utils._report.document import as_document
    from ..plugin_utils._report.markdown import markdown_of

    try:
        return markdown_of(as_document(document), [full] if isinstance(full, str) else full)
    except Problem as problem:
        raise AnsibleFilterError(f"report_markdown {problem}") from None


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"report_markdown": report_markdown}
