# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a list of tenants is worked through."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BulkOptions:
    """How a list is worked through. C(confirm_timeout) in seconds; C(purge_limit) below 1 is a share."""

    concurrency: int
    confirm_timeout: float
    check_mode: bool = False
    stop_after_failures: int | None = None
    purge: bool = False
    purge_limit: float = 0.1
