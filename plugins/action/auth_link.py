# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module auth_link, and hides the link."""

from __future__ import annotations

from typing import Any

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._guarded import GuardedAction
from ansible_collections.tenantlink.stackone.plugins.plugin_utils._hidden import hide_links


class ActionModule(GuardedAction):
    """In the background nothing could hide the result, so it does not run there."""

    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module."""
        return hide_links(super().run(tmp, task_vars))
