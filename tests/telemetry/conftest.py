# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of spans share with those of the playbooks."""

from __future__ import annotations

from tests.support.playbook_fixtures import emulator, playbook, runner

__all__ = ["emulator", "playbook", "runner"]
