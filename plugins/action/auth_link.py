# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module `auth_link`, and hide the link."""

from __future__ import annotations

from typing import Any

from ..plugin_utils._action.guarded import GuardedAction
from ..plugin_utils._action.hidden import hide_links


class ActionModule(GuardedAction):
    """Run in the foreground only, because nothing could hide the result of a background task."""

    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result, with the link hidden from output and logs."""
        return hide_links(super().run(tmp, task_vars))
