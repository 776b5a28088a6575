# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans without I/O: turns the desired and the observed state into a plan and its diff. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .._clients.account import ACTIVE, Account
from .._clients.freshservice import Agent
from .._clients.hub import REDACTED, AccountView
from .._clients.hub_form import find_stored_key, stored_domain
from .._core.failure import Failed, FailureCode
from .._core.tenant import State, Tenant, UpdateCredentials, same_domain

DASHBOARD_ONLY = frozenset({"suspended", "archived"})
"""Statuses that only a person in StackOne's dashboard can end (S43)."""


class Action(str, Enum):
    """A change that is made to StackOne."""

    CREATE = "create"
    RELINK = "relink"
    UPDATE = "update"
    DELETE = "delete"


class StoredKey(str, Enum):
    """How the key that StackOne stores, which it never returns, compares with the declared one."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    UNKNOWN = "unknown"


class AgentChange(str, Enum):
    """Whether a key that is sent again belongs to the agent whose key was stored before."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Candidate:
    """An account of the owner, and its domain if that is known."""

    account: Account
    domain: str | None


@dataclass(frozen=True)
class Stored:
    """The values that an account stores, compared with the declaration. `others` are extra fields that differ."""

    domain: str | None = None
    key: StoredKey = StoredKey.UNKNOWN
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The changes to make for one tenant, and the diff that shows them."""

    actions: tuple[Action, ...]
    before: dict[str, Any]
    after: dict[str, Any]
    changes: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def compare_stored(tenant: Tenant, view: AccountView) -> Stored:
    """Compare what the Hub's edit view shows with what is declared (H11)."""
    chosen = tenant.credential_fields
    plain = [key for key, value in chosen.extra.items() if view.setup_information.get(key) != value]
    hidden = [
        key
        for key, value in chosen.extra_secrets.items()
        if compare_secret(value, view.secrets.get(key)) is StoredKey.CHANGED
    ]
    return Stored(
        stored_domain(tenant, view.setup_information),
        compare_secret(tenant.api_key, find_stored_key(view.secrets, chosen)),
        tuple(plain + hidden),
    )


def compare_secret(declared: str | None, placeholder: Any) -> StoredKey:
    """Compare a secret with the tail that its redacted placeholder shows, which may be empty."""
    if declared is None or not isinstance(placeholder, str) or not placeholder.startswith(REDACTED):
        return StoredKey.UNKNOWN
    tail = placeholder[len(REDACTED) :]
    if not tail:
        return StoredKey.UNKNOWN
    return StoredKey.UNCHANGED if declared.endswith(tail) else StoredKey.CHANGED


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


def drift(tenant: Tenant, account: Account) -> dict[str, str]:
    """Return the declared fields that differ on the account, with their declared values. Unset fields are ignored."""
    declared = {
        "label": (tenant.label, account.label),
        "type": (tenant.account_type, account.type),
        "origin_owner_name": (tenant.origin_owner_name, account.origin_owner_name),
        "origin_username": (tenant.origin_username, account.origin_username),
    }
    return {name: want for name, (want, have) in declared.items() if want is not None and want != (have or "")}


def plan_create(tenant: Tenant, username: str | None) -> Plan:
    """Return the plan that links a tenant that has no account."""
    after = {
        "origin_owner_id": tenant.origin_owner_id,
        "origin_owner_name": tenant.origin_owner_name or tenant.origin_owner_id,
        "origin_username": username,
        "label": tenant.label,
        "type": tenant.account_type or "production",
        "domain": tenant.domain,
        "status": ACTIVE,
        "api_key": StoredKey.CHANGED.value,
    }
    return Plan((Action.CREATE,), {}, {key: value for key, value in after.items() if value is not None})


def plan_present(tenant: Tenant, account: Account, stored: Stored) -> Plan:
    """Return the plan that makes an account match the declaration. Raises Failed(account_not_active) if none can."""
    if account.status in DASHBOARD_ONLY:
        raise not_active(account)
    changes = drift(tenant, account)
    reasons = relink_reasons(tenant, account, stored)
    warnings: tuple[str, ...] = ()
    if tenant.update_credentials is UpdateCredentials.ON_CREATE:
        if not account.active:
            raise not_active(account)
        warnings = tuple(f"{what}; it is kept because update_credentials is on_create." for what in reasons)
        reasons = []
    before = describe(account, stored.domain, stored.key.value)
    after = {**before, **changes}
    if reasons:
        relinked = {"domain": tenant.domain, "status": ACTIVE, "api_key": StoredKey.CHANGED.value}
        if stored.key is StoredKey.UNCHANGED and tenant.update_credentials is not UpdateCredentials.ALWAYS:
            relinked["api_key"] = StoredKey.UNCHANGED.value
        after.update(relinked)
        before["api_key"] = "unchanged" if stored.key is StoredKey.CHANGED else before["api_key"]
    if stored.others and reasons:
        before["credential_fields"] = dict.fromkeys(stored.others, StoredKey.UNCHANGED.value)
        after["credential_fields"] = dict.fromkeys(stored.others, StoredKey.CHANGED.value)
    actions = [Action.RELINK] * bool(reasons) + [Action.UPDATE] * bool(changes)
    return Plan(tuple(actions), before, after, changes, warnings)


def relink_reasons(tenant: Tenant, account: Account, stored: Stored) -> list[str]:
    """Return why the stored domain and key must be sent again; empty if they need not be."""
    reasons = []
    if tenant.update_credentials is UpdateCredentials.ALWAYS:
        reasons.append("update_credentials is always")
    if not account.active:
        reasons.append(f"The account is {account.status}")
    if tenant.update_credentials is UpdateCredentials.ON_DOUBT and stored.key is StoredKey.UNKNOWN:
        reasons.append("It is not known which API key is stored")
    return reasons + stored_drift(tenant, stored)


def stored_drift(tenant: Tenant, stored: Stored) -> list[str]:
    """Return which stored values are seen to differ from the declaration."""
    reasons = []
    if stored.domain is not None and tenant.domain and not same_domain(tenant.domain, stored.domain):
        reasons.append(f"The stored domain is {stored.domain}")
    if stored.key is StoredKey.CHANGED:
        reasons.append("The stored API key is another one")
    return reasons + [f"The stored field {key} differs" for key in stored.others]


def agent_change(tenant: Tenant, account: Account, agent: Agent | None, before: Agent | None) -> AgentChange:
    """Tell a rotated key of the same agent from another agent's key.

    `before` is the agent that was seen to use the stored key. If none was seen, the account's `origin_username` decides:
    it is the agent's e-mail address if this collection linked the account and no other name was declared.
    """
    if agent and before:
        return AgentChange.SAME if agent.id == before.id else AgentChange.OTHER
    username = account.origin_username or ""
    if not agent or not agent.email or tenant.origin_username is not None or "@" not in username:
        return AgentChange.UNKNOWN
    return AgentChange.SAME if agent.email.lower() == username.lower() else AgentChange.OTHER


def plan_absent(tenant: Tenant, account: Account | None) -> Plan:
    """Return the plan that unlinks the account, if there is one."""
    if account is None:
        return Plan((), {}, {})
    return Plan((Action.DELETE,), describe(account, stored_domain(tenant, account.setup_information)), {})


def describe(account: Account, domain: str | None, api_key: str | None = None) -> dict[str, Any]:
    """Return one side of a diff: the account, as far as it can be declared."""
    shown = {
        "origin_owner_id": account.origin_owner_id,
        "origin_owner_name": account.origin_owner_name,
        "origin_username": account.origin_username,
        "label": account.label,
        "type": account.type,
        "domain": domain,
        "status": account.status,
        "api_key": api_key,
    }
    return {key: value for key, value in shown.items() if value is not None}


def not_active(account: Account) -> Failed:
    """Return the failure of an account that exists but, according to StackOne, does not work."""
    why = f" ({'; '.join(account.status_reasons)})" if account.status_reasons else ""
    remediation = {
        "suspended": "Resume it in StackOne's dashboard: Accounts, the account's row menu.",
        "archived": "Restore it in StackOne's dashboard, or unlink it (state: absent) and link again.",
        "inactive": "Check in StackOne's dashboard, under Connector Profiles, that the Freshservice profile is enabled.",
    }.get(account.status, "Check the key and the agent's rights, then run again with update_credentials: always.")
    return Failed(
        FailureCode.ACCOUNT_NOT_ACTIVE,
        f"account {account.id} is {account.status}{why}.",
        remediation,
        details={"account_id": account.id, "status": account.status, "status_reasons": list(account.status_reasons)},
    )


def _only(tenant: Tenant, candidate: Candidate) -> Account | None:
    """Return an owner's only account: it is the link, whatever its domain, unless another domain may have a link of its own."""
    elsewhere = candidate.domain is not None and tenant.domain is not None
    if elsewhere and (tenant.allow_multiple or tenant.state is State.ABSENT):
        return None
    if candidate.domain is None and tenant.domain and (tenant.allow_multiple or tenant.state is State.ABSENT):
        raise _ambiguous([candidate])
    return candidate.account


class AmbiguousAccount(Failed):
    """Raised if several accounts could be a tenant's link."""

    candidates: tuple[Candidate, ...] = ()


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
