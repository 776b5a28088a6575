# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module freshservice_key_info, and ends it with its run."""

from __future__ import annotations

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._guarded import GuardedAction


class ActionModule(GuardedAction):
    """All of it is in the base class."""
