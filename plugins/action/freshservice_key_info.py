# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module `freshservice_key_info`, and end it together with its run."""

from __future__ import annotations

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._guarded import GuardedAction


class ActionModule(GuardedAction):
    """Inherit everything from the base class."""
