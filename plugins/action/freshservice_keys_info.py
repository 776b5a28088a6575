# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module freshservice_keys_info, and shows how far it is while it works."""

from __future__ import annotations

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._watched import WatchedAction


class ActionModule(WatchedAction):
    """All of it is in the base class."""
