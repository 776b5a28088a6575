# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdicts of a key check. Pure."""

from __future__ import annotations

from enum import Enum


class KeyStatus(str, Enum):
    """The verdict of a key check. Each value except `valid` is also a `FailureCode`."""

    VALID = "valid"
    KEY_REFUSED = "key_refused"
    KEY_DISABLED = "key_disabled"
    AGENT_DEACTIVATED = "agent_deactivated"
    ACCESS_DENIED = "access_denied"
    DOMAIN_NOT_FOUND = "domain_not_found"
    TENANT_SUSPENDED = "tenant_suspended"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    NOT_FRESHSERVICE = "not_freshservice"
