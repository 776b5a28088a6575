# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts no tenant of the list stands for, and how many of them may be unlinked. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.tenantlink.stackone.plugins.module_utils._account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, FailureCode, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._jobs import Job


@dataclass(frozen=True)
class Limited:
    """The words of what a limit guards: how a message calls it, its option, and the code of its refusal."""

    name: str
    option: str
    what: str
    code: FailureCode


PURGE = Limited("purge", "purge_limit", "not in the list", FailureCode.PURGE_REFUSED)
DUPLICATES = Limited("duplicates", "resolve_duplicates_limit", "duplicates of a link", FailureCode.DUPLICATES_REFUSED)


def unlisted(accounts: Iterable[Account], jobs: Sequence[Job], gone: Sequence[Job] = ()) -> list[Account]:
    """Return the accounts that no entry means. In doubt an account is listed: an owner's accounts are spared while it
    is not known which of them its entries mean, and so are those that link an entry's domain for another owner.

    `gone` are the jobs of accounts that were unlinked already. Raises Failed where an entry could mean any account.
    """
    spared_owners: set[str] = set()
    spared_ids = {job.entry.account_id for job in gone}
    for job in jobs:
        entry, outcome = job.entry, job.outcome
        spared_ids |= {entry.account_id, *job.elsewhere}
        if outcome and outcome.found:
            spared_ids.add(outcome.account_id)
            continue
        if not (entry.origin_owner_id or entry.account_id):
            raise _refused(PURGE, f"{entry.name} has neither origin_owner_id nor account_id.")
        if entry.origin_owner_id:
            spared_owners.add(entry.origin_owner_id)
    return [
        account
        for account in accounts
        if account.provider and account.id not in spared_ids and account.origin_owner_id not in spared_owners
    ]


def most(limit: float, accounts: int) -> int:
    """How many accounts a purge may unlink: below 1 a share of all, rounded up, else a number."""
    return math.ceil(limit * accounts) if limit < 1 else int(limit)


def check_limit(accounts: Sequence[Account], limit: float, total: int, guarded: Limited = PURGE) -> None:
    """Raise Failed(purge_refused) where more would be unlinked than is allowed: then the list is rather wrong."""
    allowed = most(limit, total)
    if len(accounts) > allowed:
        raise _refused(
            guarded,
            f"{len(accounts)} of {total} accounts are {guarded.what}, but {guarded.option} allows {allowed}.",
            f"Check that the list is complete; if it is, raise {guarded.option}.",
        )


def _refused(guarded: Limited, message: str, remediation: str = "Correct it, then run again.") -> Failed:
    return Failed(
        guarded.code,
        f"{message} None of them was unlinked.",
        remediation,
        phase=Phase.APPLY,
        tenant=guarded.name,
    )
