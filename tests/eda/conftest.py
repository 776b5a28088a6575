# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of events share with those of the playbooks."""

from __future__ import annotations

from tests.integration.conftest import emulator, house, playbook

__all__ = ["emulator", "house", "playbook"]
