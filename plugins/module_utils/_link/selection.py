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


def select_former(tenant: Tenant, candidates: Sequence[Candidate]) -> tuple[Account, ...]:
    """Return the accounts of the former owner that are this tenant's link: those that store its domain.

    An owner's only account is not enough: if the former owner is a mistake, it is another customer's.
    """
    declared = tenant.domain
    return tuple(item.account for item in candidates if declared and item.domain and same_domain(declared, item.domain))


def to_move(tenant: Tenant, candidates: Sequence[Candidate]) -> Account | None:
    """Return the former owner's account that is to become the tenant's, which has none; `None` if there is none.

    Raises Failed(ambiguous_account or account_mismatch) if it is not clear that it is this tenant's.
    """
    former = select_former(tenant, candidates)
    if len(former) > 1:
        raise _ambiguous([item for item in candidates if item.account in former])
    if former or not candidates or tenant.allow_multiple or tenant.state is State.ABSENT:
        return former[0] if former else None
    listed = ", ".join(f"{item.account.id} (domain {item.domain or 'unknown'})" for item in candidates)
    raise Failed(
        FailureCode.ACCOUNT_MISMATCH,
        f"the former owner {tenant.previous_origin_owner_id} has an account that does not store this domain: {listed}.",
        "Correct previous_origin_owner_id or domain, name the account in account_id, or leave previous_origin_owner_id out to"
        " link the tenant as a new account; nothing was changed.",
        details={"candidates": [_shown(item) for item in candidates]},
    )


def two_owners(tenant: Tenant, candidates: Sequence[Candidate]) -> Failed:
    """Return the failure of a tenant whose former owner has its link, while its own account links another domain."""
    own, *former = candidates
    listed = " and ".join(item.account.id for item in former)
    return Failed(
        FailureCode.AMBIGUOUS_ACCOUNT,
        f"the former owner {tenant.previous_origin_owner_id} has account {listed} of this domain, but the owner has account"
        f" {own.account.id} of domain {own.domain} already.",
        "Name the right one in account_id; nothing was changed. If both are to move, move the other one first, or declare both"
        " in one list.",
        details={"candidates": [_shown(item) for item in candidates]},
    )


def both_owners(tenant: Tenant, own: Account, former: Sequence[Account]) -> Failed:
    """Return the failure of a tenant that is to be unlinked, if its owner and the former one have an account each."""
    candidates = [Candidate(each, tenant.domain) for each in (own, *former)]
    listed = " and ".join(each.id for each in former)
    return Failed(
        FailureCode.AMBIGUOUS_ACCOUNT,
        f"the owner has account {own.id} of this domain, and the former owner {tenant.previous_origin_owner_id} has {listed}.",
        "Name the one to unlink in account_id, or leave previous_origin_owner_id out to unlink the owner's own; nothing was"
        " changed.",
        details={"candidates": [_shown(item) for item in candidates]},
    )


def check_pinned(tenant: Tenant, account: Account) -> None:
    """Raise Failed(account_mismatch) if an account, declared by its id or named by StackOne, is somebody else's."""
    wrong = []
    if not account.is_of(tenant.provider):
        wrong.append(f"its provider is {account.provider or 'not shown'}")
    if tenant.origin_owner_id and account.origin_owner_id not in tenant.owners:
        wrong.append(f"its origin owner is {account.origin_owner_id}")
    if wrong:
        raise Failed(
            FailureCode.ACCOUNT_MISMATCH,
            f"account {account.id} is not this tenant's: {' and '.join(wrong)}.",
            "Correct account_id, or leave it out to let the owner decide."
            if tenant.account_id
            else "StackOne named it for this tenant: check that no proxy or cache answers in its place, and run again.",
            details={"account_id": account.id},
        )


def check_unmoved(listed: Account, current: Account) -> None:
    """Raise Failed(account_mismatch) if an account was given to another owner after it was listed."""
    if current.origin_owner_id == listed.origin_owner_id:
        return
    raise Failed(
        FailureCode.ACCOUNT_MISMATCH,
        f"account {listed.id} was given to owner {current.origin_owner_id} after it was listed as the account of owner"
        f" {listed.origin_owner_id}, so it was left as it is.",
        "Run again. If the account is this tenant's, give it back, or declare its new owner.",
        details={"account_id": listed.id},
    )


def _shown(item: Candidate) -> dict[str, str | None]:
    return {"account_id": item.account.id, "domain": item.domain, "status": item.account.status}


def _only(tenant: Tenant, candidate: Candidate) -> Account | None:
    """Return an owner's only account: it is the link, whatever its domain, unless another domain may have a link of its own."""
    elsewhere = candidate.domain is not None and tenant.domain is not None
    if elsewhere and (tenant.allow_multiple or tenant.state is State.ABSENT):
        return None
    if candidate.domain is None and tenant.domain and (tenant.allow_multiple or tenant.state is State.ABSENT):
        raise _ambiguous([candidate])
    return candidate.account


def _ambiguous(candidates: Sequence[Candidate]) -> AmbiguousAccount:
    shown = [_shown(item) for item in candidates]
    listed = ", ".join(
        f"{item.account.id} (domain {item.domain or 'unknown'}, {item.account.status})" for item in candidates
    )
    error = AmbiguousAccount(
        FailureCode.AMBIGUOUS_ACCOUNT,
        f"several accounts could be this link: {listed}." if len(candidates) > 1 else f"{listed} may be this link.",
        "Name the right one in account_id; nothing was changed. If they are duplicates of one link,"
        " a run over a list can unlink all but one: see resolve_duplicates."
        if len(candidates) > 1
        else "Name it in account_id; nothing was changed.",
        details={"candidates": shown},
    )
    error.candidates = tuple(candidates)
    return error
