# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create the document of a report. report.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean

from ..plugin_utils._keys.problems import Problem


def report(result: Any, title: Any, made_at: Any, check_mode: Any = False, role: bool = False) -> dict[str, Any]:
    """Return the document."""
    from ..plugin_utils._report.document import document_from, is_document, with_role_words

    if is_document(result):
        return dict(result)
    try:
        document = document_from(result, title, made_at, boolean(check_mode, strict=False))
    except Problem as problem:
        raise AnsibleFilterError(f"report: {problem}") from None
    return with_role_words(document.as_dict(), isinstance(result, Mapping)) if role else document.as_dict()


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"report": report}
