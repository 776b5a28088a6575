# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a tenant whose work was given up."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Phase, interrupted
from ansible_collections.tenantlink.stackone.plugins.module_utils._outcome import Outcome


def unfinished(outcome: Outcome, stopped: str | None) -> Outcome:
    """Return what is known of a tenant whose work did not end in time after the run was stopped.

    It is a copy: the thread that works on the tenant may still change its own.
    """
    applied = replace(outcome.applied, actions=list(outcome.applied.actions))
    known = replace(outcome, applied=applied, warnings=[])
    known.fail(interrupted(stopped, uncertain=outcome.phase is Phase.APPLY))
    return known
