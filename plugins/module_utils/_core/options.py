# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options for processing a list of tenants, and for creating auth links."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase


class VerifyLink(str, Enum):
    """How to verify a link: not at all, by waiting until StackOne reports it as active, or by a call through it."""

    NONE = "none"
    STATUS = "status"
    CALL = "call"


@dataclass(frozen=True)
class PurgeScope:
    """The accounts that a purge may unlink: those that match all that is given. `None` matches any.

    `owner_ids` are patterns as in a shell; letter case counts, as it does for owners. `profiles` are connector profiles' ids.
    """

    labels: frozenset[str] | None = None
    owner_ids: tuple[str, ...] | None = None
    profiles: frozenset[str] | None = None

    def matches(self, label: str | None, owner_id: str) -> bool:
        """Return whether an account is inside, as far as its label and its owner tell."""
        labelled = self.labels is None or (label or "") in self.labels
        return labelled and (self.owner_ids is None or any(fnmatchcase(owner_id, each) for each in self.owner_ids))


@dataclass(frozen=True)
class LinksOptions:
    """The options for processing a list. `confirm_timeout` is in seconds; limits below 1 are fractions of the list."""

    concurrency: int
    confirm_timeout: float
    check_mode: bool = False
    verify_link: VerifyLink = VerifyLink.STATUS
    stop_after_failures: int | None = None
    purge: bool = False
    purge_limit: float = 0.1
    purge_scope: PurgeScope = PurgeScope()
    resolve_duplicates: bool = False
    resolve_duplicates_limit: float = 0.1


@dataclass(frozen=True)
class AuthOptions:
    """The options for creating auth links. `expires_in` is in seconds."""

    expires_in: int
    relink: bool = False
    check_mode: bool = False
