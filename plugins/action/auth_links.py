# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module `auth_links`, show its progress, and hide the links."""

from __future__ import annotations

from typing import Any

from ..plugin_utils._action.hidden import hide_links
from ..plugin_utils._action.watched import WatchedAction


class ActionModule(WatchedAction):
    """Run in the foreground only, because nothing could hide the result of a background task."""

    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result, with the links hidden from output and logs."""
        return hide_links(super().run(tmp, task_vars))
