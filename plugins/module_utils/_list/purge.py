# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts no tenant of the list stands for, and how many of them may be unlinked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .._clients.account import Account
from .._clients.hub_form import domain_in
from .._core.failure import Failed, FailureCode, Phase
from .._core.text import one_line
from .link_jobs import LinkJob

NAMED_ACCOUNTS = 10
"""The number of accounts that a refusal names."""


@dataclass(frozen=True)
class Limited:
    """The words for what a limit guards: what a message calls it, its option, and the code of its refusal."""

    name: str
    option: str
    one: str
    """What a message says of one account."""
    several: str
    code: FailureCode
    check: str


PURGE = Limited(
    "purge",
    "purge_limit",
    "is not in the list",
    "are not in the list",
    FailureCode.PURGE_REFUSED,
    "Check that the list is complete; if it is",
)
DUPLICATES = Limited(
    "duplicates",
    "resolve_duplicates_limit",
    "is a duplicate of a link",
    "are duplicates of a link",
    FailureCode.DUPLICATES_REFUSED,
    "Check in check mode and with --diff what would be unlinked; if that is right",
)


def unlisted(accounts: Iterable[Account], jobs: Sequence[LinkJob], gone: Sequence[LinkJob] = ()) -> list[Account]:
    """Return the accounts that no entry means.

    In doubt an account is spared: those of an owner whose entries do not say which account they mean, and those that link
    an entry's domain for another owner. `gone` are the jobs of accounts that were unlinked already.
    Raises Failed if an entry could mean any account.
    """
    spared_owners: set[str] = set()
    spared_ids = {job.entry.account_id for job in gone}
    for job in jobs:
        entry, outcome = job.entry, job.outcome
        spared_ids |= {entry.account_id, *job.elsewhere}
        if outcome and outcome.observed.account_known:
            spared_ids |= {outcome.account_id, *outcome.spared_ids}
            continue
        if not entry.identified or not (entry.origin_owner_id or entry.account_id):
            raise _refused(PURGE, f"{entry.name} does not say which account it means, so it could be any of them.")
        spared_owners |= set(filter(None, (entry.origin_owner_id, entry.previous_origin_owner_id)))
    return [
        account
        for account in accounts
        if account.provider and account.id not in spared_ids and account.origin_owner_id not in spared_owners
    ]


def most(limit: float, accounts: int) -> int:
    """Return how many accounts a limit allows to be unlinked: below 1 a share of all, rounded down, else a number."""
    # Calculated from the written number: 0.07 of 100 is 7, although the float is a little more.
    return int(Fraction(repr(limit)) * accounts) if limit < 1 else int(limit)


def check_limit(accounts: Sequence[Account], limit: float, total: int, guarded: Limited = PURGE) -> None:
    """Raise Failed with the code of `guarded` if more would be unlinked than is allowed: then the list is probably wrong."""
    allowed = most(limit, total)
    if len(accounts) <= allowed:
        return
    share = f" ({limit} of {total})" if limit < 1 else ""
    what = guarded.one if len(accounts) == 1 else guarded.several
    shown, more = accounts[:NAMED_ACCOUNTS], len(accounts) - NAMED_ACCOUNTS
    named = ", ".join(map(_named, shown)) + (f" and {more} more" if more > 0 else "")
    raise _refused(
        guarded,
        f"{len(accounts)} of {total} accounts {what}, but {guarded.option} allows {allowed}{share}: {named}.",
        f"{guarded.check}, set {guarded.option} to {len(accounts)}.",
        {"accounts": list(map(_details, shown)), "more": max(0, more)},
    )


def _details(account: Account) -> dict[str, Any]:
    domain = domain_in(account.setup_information)
    return {"account_id": account.id, "origin_owner_id": account.origin_owner_id, "domain": domain}


def _named(account: Account) -> str:
    details = _details(account)
    owner = f"owner {details['origin_owner_id']}"
    return one_line(f"{account.id} ({owner}, {details['domain']})" if details["domain"] else f"{account.id} ({owner})")


def _refused(
    guarded: Limited,
    message: str,
    remediation: str = "Correct it, then run again.",
    details: dict[str, Any] | None = None,
) -> Failed:
    return Failed(
        guarded.code,
        f"{message} None of them was unlinked.",
        remediation,
        phase=Phase.APPLY,
        tenant=guarded.name,
        details=details or {},
    )
