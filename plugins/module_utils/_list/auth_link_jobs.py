# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of a list of owners who get auth links, and their count. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._core.words import counted
from .._link.auth_link import AuthLinkResult
from .found_jobs import FoundJob
from .linked_domains import NAMED


class AuthLinkJob(FoundJob):
    """An owner who may get an auth link. Its result is an `AuthLinkResult`."""

    result: AuthLinkResult | None

    def parts(self) -> dict[str, Any]:
        """Return the owner's name and, if it is known, the auth link and the account."""
        name = self.tenant.origin_owner_name if self.tenant else None
        if self.result is None:
            return {"origin_owner_name": name}
        shown = self.result.as_dict()
        account = shown.pop("account") or {}
        return {
            "origin_owner_name": name,
            **shown,
            "account_id": account.get("id"),
            "account_status": account.get("status"),
        }


def count_auth_links(jobs: Sequence[AuthLinkJob]) -> dict[str, Any]:
    """Return how many owners are linked, and how many got an auth link."""
    results = [job.result for job in jobs if job.result]
    return {
        "linked": sum(result.linked for result in results),
        "auth_links": sum(result.purpose is not None for result in results),
    }


def other_domains_warning(jobs: Sequence[AuthLinkJob]) -> list[str]:
    """Return one warning about all owners who have linked another domain than the declared one, if there are any."""
    named = [f"{job.name} for {job.result.other_domain}" for job in jobs if job.result and job.result.other_domain]
    if not named:
        return []
    more = f"; and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return [
        f"{counted(len(named), 'customer')} {'has' if len(named) == 1 else 'have'} an account for another domain than the declared"
        f" one: {'; '.join(named[:NAMED])}{more}. Correct the domain in the list, or send a new auth link (relink), in which the"
        " customer enters the right one."
    ]
