# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans without I/O: turns the desired and the observed state into a plan and its diff. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._clients.account import ACTIVE, Account
from .._clients.freshservice import Agent
from .._clients.hub import REDACTED, AccountView
from .._clients.hub_form import find_stored_key, stored_domain
from .._clients.profiles import ProfileDrift
from .._core.failure import Failed, FailureCode
from .._core.slots import SLOTS
from .._core.tenant import ProfileChange, Tenant, UpdateCredentials, same_domain
from .._core.text import NO_SECRETS, Scrubber
from .actions import Action, AgentChange, StoredKey
from .status import DASHBOARD_ONLY, not_active


@dataclass(frozen=True, **SLOTS)
class Stored:
    """The values that an account stores, compared with the declaration. `others` are extra fields that differ."""

    domain: str | None = None
    key: StoredKey = StoredKey.UNKNOWN
    others: tuple[str, ...] = ()


@dataclass(frozen=True, **SLOTS)
class Plan:
    """The changes to make for one tenant, the diff that shows them, and why they are made, in sentences."""

    actions: tuple[Action, ...]
    before: dict[str, Any]
    after: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def differences(self) -> dict[str, dict[str, Any]]:
        """Return the fields that change, before and after; none for an account that is new or gone."""
        if not self.before or not self.after:
            return {}
        differing = [name for name in self.after if self.before.get(name) != self.after[name]]
        return {name: {"before": self.before.get(name), "after": self.after[name]} for name in differing}

    def part(self, updated: Collection[str], relinked: bool) -> Plan:
        """Return the plan without the changes that were not made: of `changes` these were, and maybe the re-link."""
        left = {*self.changes} - {*updated}
        if Action.RELINK in self.actions and not relinked:
            left |= {*self.after} - {*self.changes}
        return replace(
            self, after={name: self.before.get(name) if name in left else self.after[name] for name in self.after}
        )

    def replacing(self, accounts: Sequence[Account]) -> Plan:
        """Return the plan that also unlinks accounts that the tenant's account replaces."""
        if not accounts:
            return self
        listed = ", ".join(account.id for account in accounts)
        actions = (*self.actions, *[Action.DELETE] * len(accounts))
        return replace(self, actions=actions, reasons=(*self.reasons, f"It replaces account {listed}"))


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


def drift(tenant: Tenant, account: Account) -> dict[str, Any]:
    """Return the declared fields that differ on the account, with their declared values. Unset fields are ignored."""
    declared: dict[str, tuple[Any, Any]] = {
        "origin_owner_id": (tenant.origin_owner_id, account.origin_owner_id),
        "label": (tenant.label, account.label),
        "type": (tenant.account_type, account.type),
        "shared": (tenant.shared, account.shared),
        "origin_owner_name": (_name_for(tenant, account), account.origin_owner_name),
        "origin_username": (tenant.origin_username, account.origin_username),
    }
    return {
        name: want
        for name, (want, have) in declared.items()
        if want is not None and want != ("" if have is None else have)
    }


def _name_for(tenant: Tenant, account: Account) -> str | None:
    """Return the declared name. Without one, an account that is named after its former owner gets the new owner's id."""
    former = tenant.previous_origin_owner_id
    named_after = former is not None and account.origin_owner_name == former
    return tenant.origin_owner_name or (tenant.origin_owner_id if named_after else None)


def profile_differs(account: Account, drift: ProfileDrift, remediation: str) -> Failed:
    """Return the failure of a tenant whose account is linked under another profile than the declared one (N1)."""
    return Failed(
        FailureCode.PROFILE_DIFFERS,
        f"account {account.id} {drift.words}. Nothing was changed.",
        remediation,
        details={"account_id": account.id, "profile_drift": drift.as_dict()},
    )


_CHOOSE = (
    "Correct integration_id to keep the profile. To change it, set profile_change: relink changes the account, if StackOne can"
    " do that, and replace links a new account and unlinks this one once the new one works."
)
_UNPIN = "Leave account_id out: with profile_change replace, the tenant gets a new account, with another id."


def key_missing(what: str, reasons: Sequence[str] = ()) -> Failed:
    """Return the failure of a tenant whose domain and key must be sent, if its key is not declared."""
    return Failed(
        FailureCode.KEY_MISSING,
        " ".join([f"{what}, but no API key is declared.", *(f"{reason}." for reason in reasons)]),
        "Declare the key in api_key, from a variable kept in Ansible Vault, or give the customer an auth link:"
        " see tenantlink.stackone.auth_link.",
        details={"missing": ["api_key"]},
    )


def plan_create(tenant: Tenant, username: str | None) -> Plan:
    """Return the plan that links a tenant that has no account."""
    after = {
        "origin_owner_id": tenant.origin_owner_id,
        "origin_owner_name": tenant.origin_owner_name or tenant.origin_owner_id,
        "origin_username": username,
        "label": tenant.label,
        "type": tenant.account_type or "production",
        "shared": tenant.shared,
        "domain": tenant.domain,
        "status": ACTIVE,
        "api_key": StoredKey.CHANGED.value,
    }
    shown = {key: value for key, value in after.items() if value is not None}
    return Plan((Action.CREATE,), {}, shown, reasons=("The tenant has no account",))


def plan_present(
    tenant: Tenant,
    account: Account,
    stored: Stored,
    moved: ProfileDrift | None = None,
    scrubber: Scrubber = NO_SECRETS,
) -> Plan:
    """Return the plan that makes an account match the declaration; `moved` is how its connector profile differs.

    Raises Failed: account_not_active if none can, profile_differs if the profile must not be changed.
    """
    if account.status in DASHBOARD_ONLY:
        raise not_active(account)
    if moved and tenant.profile_change is ProfileChange.REFUSE:
        raise profile_differs(account, moved, _CHOOSE)
    if moved and tenant.profile_change is ProfileChange.REPLACE:
        return _plan_replace(tenant, account, stored, moved, scrubber)
    return _plan_changes(tenant, account, stored, moved)


def _plan_changes(tenant: Tenant, account: Account, stored: Stored, moved: ProfileDrift | None) -> Plan:
    """Return the plan that changes an account and keeps it. Raises Failed (account_not_active, key_missing)."""
    changes = drift(tenant, account)
    reasons = relink_reasons(tenant, account, stored)
    warnings: tuple[str, ...] = ()
    if tenant.update_credentials is UpdateCredentials.ON_CREATE:
        if not account.active:
            raise not_active(account)
        warnings = tuple(f"{what}; it is kept because update_credentials is on_create." for what in reasons)
        reasons = []
    if moved:
        reasons.append("The connector profile is another one")
    if reasons and tenant.keyless:
        raise key_missing(f"account {account.id} must be linked again", reasons)
    before = describe(account, stored.domain, None if tenant.keyless else stored.key.value)
    after = {**before, **changes}
    if reasons:
        _show_relink(tenant, stored, before, after)
    if moved:
        before["integration_id"], after["integration_id"] = moved.account, moved.declared
    actions = [Action.RELINK] * bool(reasons) + [Action.UPDATE] * bool(changes)
    if "origin_owner_id" in changes:
        # If StackOne does not move the account, nothing else is done.
        actions.reverse()
    differing = [f"The account has another {name} than declared" for name in changes]
    return Plan(tuple(actions), before, after, changes, warnings, (*reasons, *differing))


def _plan_replace(tenant: Tenant, account: Account, stored: Stored, moved: ProfileDrift, scrubber: Scrubber) -> Plan:
    """Return the plan that links the tenant again, as a new account under the declared profile, and unlinks this one."""
    if tenant.account_id:
        raise profile_differs(account, moved, _UNPIN)
    if tenant.keyless:
        raise key_missing(f"account {account.id} must be replaced by one under another connector profile")
    before = {**describe(account, stored.domain, stored.key.value), "integration_id": moved.account}
    linked = plan_create(replacing(tenant, account, scrubber), None).after
    after = {**linked, "integration_id": moved.declared}
    return Plan((Action.CREATE, Action.DELETE), before, after, reasons=("The connector profile is another one",))


def replacing(tenant: Tenant, account: Account, scrubber: Scrubber = NO_SECRETS) -> Tenant:
    """Return the tenant as its new account is linked: what is not declared is as on the account that it replaces.

    A text that contains a secret is left behind. StackOne makes a second account of an owner only if he may have several.
    """

    def kept(text: str | None) -> str | None:
        return None if scrubber.gives_away(text) else text

    return replace(
        tenant,
        allow_multiple=True,
        origin_owner_name=_name_for(tenant, account) or kept(account.origin_owner_name),
        origin_username=tenant.origin_username or kept(account.origin_username),
        label=kept(account.label) if tenant.label is None else tenant.label,
        account_type=tenant.account_type or account.type,
        shared=account.shared if tenant.shared is None else tenant.shared,
    )


def _show_relink(tenant: Tenant, stored: Stored, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Add to both sides of a diff what sending domain and key again changes."""
    kept = stored.key is StoredKey.UNCHANGED and tenant.update_credentials is not UpdateCredentials.ALWAYS
    api_key = StoredKey.UNCHANGED if kept else StoredKey.CHANGED
    after.update(domain=tenant.domain, status=ACTIVE, api_key=api_key.value)
    if stored.key is StoredKey.CHANGED:
        before["api_key"] = StoredKey.UNCHANGED.value
    if stored.others:
        before["credential_fields"] = dict.fromkeys(stored.others, StoredKey.UNCHANGED.value)
        after["credential_fields"] = dict.fromkeys(stored.others, StoredKey.CHANGED.value)


def relink_reasons(tenant: Tenant, account: Account, stored: Stored) -> list[str]:
    """Return why the stored domain and key must be sent again; empty if they need not be."""
    reasons = []
    if tenant.update_credentials is UpdateCredentials.ALWAYS:
        reasons.append("update_credentials is always")
    if not account.active:
        reasons.append(f"The account's status is {account.status}")
    in_doubt = stored.key is StoredKey.UNKNOWN and not tenant.keyless
    if tenant.update_credentials is UpdateCredentials.ON_DOUBT and in_doubt:
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
    before = describe(account, stored_domain(tenant, account.setup_information))
    return Plan((Action.DELETE,), before, {}, reasons=("The tenant is declared absent",))


def describe(account: Account, domain: str | None, api_key: str | None = None) -> dict[str, Any]:
    """Return one side of a diff: the account, as far as it can be declared."""
    shown = {
        "origin_owner_id": account.origin_owner_id,
        "origin_owner_name": account.origin_owner_name,
        "origin_username": account.origin_username,
        "label": account.label,
        "type": account.type,
        "shared": account.shared,
        "domain": domain,
        "status": account.status,
        "api_key": api_key,
    }
    return {key: value for key, value in shown.items() if value is not None}
