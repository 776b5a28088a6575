# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How tenants are worked through, and how auth links are made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class VerifyLink(str, Enum):
    """What is done to see that a link works: nothing, waiting until StackOne calls it active, a call through it."""

    NONE = "none"
    STATUS = "status"
    CALL = "call"


@dataclass(frozen=True)
class LinksOptions:
    """How a list is worked through. `confirm_timeout` is in seconds; limits below 1 are shares."""

    concurrency: int
    confirm_timeout: float
    check_mode: bool = False
    verify_link: VerifyLink = VerifyLink.STATUS
    stop_after_failures: int | None = None
    purge: bool = False
    purge_limit: float = 0.1
    resolve_duplicates: bool = False
    resolve_duplicates_limit: float = 0.1


@dataclass(frozen=True)
class AuthOptions:
    """How auth links are made. C(expires_in) in seconds."""

    expires_in: int
    relink: bool = False
    check_mode: bool = False
