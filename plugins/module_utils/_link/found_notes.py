# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person must know of the accounts that were found for a tenant, before anything is done. Pure."""

from __future__ import annotations

from .find import Found
from .outcome import Outcome


def note_found(outcome: Outcome, found: Found) -> None:
    """Note what was found for a tenant, with a warning for accounts that the former owner still has."""
    outcome.observe(account_known=True, replaced=found.replaced)
    if found.former:
        outcome.observe(former_ids=frozenset(account.id for account in found.former))
        listed = ", ".join(account.id for account in found.former)
        outcome.warnings.append(
            f"The former owner {outcome.tenant.previous_origin_owner_id} still has account {listed} of this domain, which was"
            " left as it is, because the owner has one already. Unlink it by its account_id if it is not needed."
        )


_NO_ACCOUNT = "No account of this domain is linked"


def note_still_linked(outcome: Outcome, found: Found) -> None:
    """Note that the owner of a tenant to unlink has only accounts of other domains, or with another ID than the declared one."""
    left = ", ".join(f"{item.account.id} (domain {item.domain or 'unknown'})" for item in found.candidates)
    pinned = outcome.tenant.account_id
    missing, name = (f"StackOne has no account {pinned}", "account_id") if pinned else (_NO_ACCOUNT, "domain")
    outcome.observe(still_linked=True)
    outcome.warnings.append(
        f"{missing}, but its owner still has others, which are kept: {left}. Correct the {name} if one of these was meant."
    )
