# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do all the work of `report_files`, on the controller. plugins/modules/report_files.py documents it."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils._keys.problems import Problem

SPEC = {
    "document": {"type": "dict", "required": True},
    "paths": {"type": "list", "elements": "str", "required": True},
    "playbook": {"type": "str", "default": ""},
    "host": {"type": "str", "default": "localhost"},
    "skip_unusable": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """Write one document into several files. A template would make the document again for each of them."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the files that were written, in check mode as well: a report changes nothing that is declared."""
        # Most runs write no report, but Ansible loads this file for each of them.
        from ..module_utils._core.tenant import invalid_argument
        from ..plugin_utils._report.written import write_files

        result, written = super().run(tmp, task_vars), []
        try:
            _checked, options = self.validate_argument_spec(SPEC)
            for path in write_files(**options):
                written.append(path)
        except (AnsibleActionFail, Problem) as problem:
            failure = invalid_argument(str(problem)).failure
            result.update(failed=True, msg=failure.line, failure=failure.as_dict())
        return {**result, "changed": False, "paths": written}
