# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module `freshservice_links`, and show its progress."""

from __future__ import annotations

from ..plugin_utils._action.watched import WatchedAction


class ActionModule(WatchedAction):
    """Inherit everything from the base class."""
