# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of an owner's accounts is a tenant's link. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._clients.account import Account
from .._core.failure import Failed, FailureCode
from .._core.tenant import State, Tenant, same_domain


@dataclass(frozen=True)
class Candidate:
    """An account of the owner, and its domain if that is known."""

    account: Account
    domain: str | None


class AmbiguousAccount(Failed):
    """Raised if several accounts could be a tenant's link."""

    candidates: tuple[Candidate, ...] = ()


def needs_domains(tenant: Tenant, accounts: Sequence[Account]) -> bool:
    """Return whether the identity of the link depends on the domains of the owner's accounts."""
    if tenant.domain is None or not accounts:
        return False
    return len(accounts) > 1 or tenant.allow_multiple or tenant.state is State.ABSENT


def select(tenant: Tenant, candidates: Sequence[Candidate]) -> Account | None:
    """Return the account that is this tenant's link, `None` if it has none.

    Raises Failed(ambiguous_account) if several accounts could be it: nothing is changed on a guess.
    """
    if not candidates:
        return None
    declared = tenant.domain
    here = [item for item in candidates if declared and item.domain and same_domain(declared, item.domain)]
    unknown = [item for item in candidates if item.domain is None]
    if len(here) == 1 and not (unknown and tenant.state is State.ABSENT):
        return here[0].account
    if len(candidates) == 1:
        return _only(tenant, candidates[0])
    if not here and not unknown and declared and (tenant.allow_multiple or tenant.state is State.ABSENT):
        return None
    raise _ambiguous(candidates)


def check_pinned(tenant: Tenant, account: Account) -> None:
    """Raise Failed(account_mismatch) if `account_id` names somebody else's account."""
    wrong = []
    if not account.is_of(tenant.provider):
        wrong.append(f"its provider is {account.provider or 'not shown'}")
    if tenant.origin_owner_id and account.origin_owner_id != tenant.origin_owner_id:
        wrong.append(f"its origin owner is {account.origin_owner_id}")
    if wrong:
        raise Failed(
            FailureCode.ACCOUNT_MISMATCH,
            f"account {account.id} is not this tenant's: {' and '.join(wrong)}.",
            "Correct account_id, or leave it out to let the owner decide.",
            details={"account_id": account.id},
        )


def _only(tenant: Tenant, candidate: Candidate) -> Account | None:
    """Return an owner's only account: it is the link, whatever its domain, unless another domain may have a link of its own."""
    elsewhere = candidate.domain is not None and tenant.domain is not None
    if elsewhere and (tenant.allow_multiple or tenant.state is State.ABSENT):
        return None
    if candidate.domain is None and tenant.domain and (tenant.allow_multiple or tenant.state is State.ABSENT):
        raise _ambiguous([candidate])
    return candidate.account


def _ambiguous(candidates: Sequence[Candidate]) -> AmbiguousAccount:
    shown = [
        {"account_id": item.account.id, "domain": item.domain, "status": item.account.status} for item in candidates
    ]
    listed = ", ".join(
        f"{item.account.id} (domain {item.domain or 'unknown'}, {item.account.status})" for item in candidates
    )
    error = AmbiguousAccount(
        FailureCode.AMBIGUOUS_ACCOUNT,
        f"several accounts could be this link: {listed}." if len(candidates) > 1 else f"{listed} may be this link.",
        "Name the right one in account_id; nothing was changed. If they are duplicates of one link,"
        " freshservice_links can unlink all but one: see resolve_duplicates."
        if len(candidates) > 1
        else "Name it in account_id; nothing was changed.",
        details={"candidates": shown},
    )
    error.candidates = tuple(candidates)
    return error
