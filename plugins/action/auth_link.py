# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module auth_link, and hides the link."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._hidden import hide_links


class ActionModule(ActionBase):
    """In the background nothing could hide the result, so it does not run there."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module."""
        result = super().run(tmp, task_vars)
        return hide_links(merge_hash(result, self._execute_module(task_vars=task_vars)))
