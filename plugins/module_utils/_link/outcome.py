# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of one tenant in its three parts: what was observed, what was applied, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .._clients.account import Account
from .._clients.freshservice import Agent, KeyCheck
from .._clients.hub import Submission
from .._clients.key_status import KeyStatus
from .._clients.profiles import ProfileDrift, profile_drift
from .._core.failure import Failed, Failure, Phase, interrupted
from .._core.slots import SLOTS
from .._core.tenant import State, Tenant
from .actions import Action, AgentChange, StoredKey
from .plan import Plan, Stored

LINKED = Plan((Action.CREATE,), {}, {}, reasons=("The tenant has no account",))
"""The plan of a new link, without the tenant's values."""

NO_IDS: frozenset[str] = frozenset()
"""The empty set that all tenants without such accounts share: each other one would take 216 bytes."""


@dataclass(frozen=True, **SLOTS)
class Observation:
    """Everything that was seen of a tenant before anything was changed. The linker fills it, stage by stage."""

    key_check: KeyCheck | None = None
    account_known: bool = False
    """Whether it is known which account, if any, is this tenant's."""
    other_ids: frozenset[str] = NO_IDS
    """The ids of the owner's accounts that are not this tenant's new one."""
    former_ids: frozenset[str] = NO_IDS
    """The ids of the accounts that the former owner still has of this link in addition to the tenant's own."""
    still_linked: bool = False
    """Whether an owner who is declared absent still has accounts, of other domains or with another ID."""
    stored: Stored = field(default_factory=Stored)
    """The stored domain and key, compared with the declaration."""
    was_broken: bool = False
    profile: str | None = None
    """The connector profile that the account was last seen to be linked under."""
    profile_drift: ProfileDrift | None = None
    """How the account's connector profile differed from the declared one, if it was seen."""
    replaced: tuple[Account, ...] = ()
    """The accounts that are unlinked once the tenant's new account, under the declared profile, is seen to work."""
    agent_change: AgentChange | None = None
    """Whose key a re-link replaces."""


@dataclass(**SLOTS)
class Creation:
    """The request that links a new account, and its result.

    `account_id` is the new account's id; `answered` says that the request's own answer named it. `lost` holds an
    answer that does not say whether an account was made, until one shows. `sent_at` is the earliest time, by StackOne's
    clock and in epoch seconds, at which it was sent, if StackOne shows its clock.
    """

    sent_at: float | None
    account_id: str | None = None
    answered: bool = False
    lost: Submission | None = None
    attempts: int = 1
    duplicates: tuple[Account, ...] = ()
    """All accounts of the same link when StackOne was last checked, if there were several."""


@dataclass(**SLOTS)
class Applied:
    """Everything that was done to StackOne for a tenant; in check mode, what would be. The writer records it."""

    plan: Plan | None = None
    actions: list[Action] = field(default_factory=list)
    updated: tuple[str, ...] = ()
    """The fields of the account that were changed, in addition to what a re-link sends."""
    creation: Creation | None = None
    credentials_sent: bool = False
    """Whether StackOne was given the declared domain and key."""
    undone: bool = False
    """Whether this run made an account and unlinked it again, because another one of the same link came first."""
    label_left: bool = False
    """Whether a warning already says that StackOne does not keep the new label."""

    def note_planned(self, plan: Plan) -> None:
        """Note everything that a plan would do, in check mode."""
        self.plan, self.actions, self.updated = plan, list(plan.actions), tuple(plan.changes)

    def note_edit(self) -> None:
        """Note that the request to link a new account has changed one that was there before."""
        self.actions[:] = [Action.RELINK]
        self.creation = None

    def note_label(self) -> None:
        """Note that the label was changed after all."""
        self.label_left = False
        self.updated += ("label",)
        if Action.UPDATE not in self.actions:
            self.actions.append(Action.UPDATE)

    def undo_creation(self) -> None:
        """Note that the account that this run made was unlinked again."""
        self.actions.remove(Action.CREATE)
        self.undone, self.credentials_sent = True, False
        self.creation = self.plan = None


@dataclass(**SLOTS)
class Outcome:
    """The outcome of one tenant: what was done (in check mode: what would be), or why it failed.

    `account` is the tenant's account as StackOne last showed it. How it ended is in `failure` or `confirmed`. `verified` says
    whether a call through the account was answered by the declared key's agent; it is `None` if no call was made.
    """

    tenant: Tenant
    observed: Observation = field(default_factory=Observation)
    applied: Applied = field(default_factory=Applied)
    account: Account | None = None
    warnings: list[str] = field(default_factory=list)
    phase: Phase = Phase.KEY_CHECK
    failure: Failure | None = None
    confirmed: bool = False
    verified: bool | None = None

    def enter(self, phase: Phase) -> None:
        """Start a phase. A failure is located in the phase in which it happens, unless its raiser knows better."""
        self.phase = phase

    def fail(self, error: Failed) -> None:
        """Set the failure. It names the account that is not replaced because of it."""
        failure = error.located(self.phase, self.tenant.name)
        if self.replaced_ids:
            unclear = bool(failure.details.get("uncertain"))
            failure = replace(failure, message=f"{failure.message} {self._not_replaced(unclear)}")
        self.failure = failure

    @property
    def replaced_by_now(self) -> list[str]:
        """Return the ids of the accounts that were unlinked because another one replaces them, or in check mode would be."""
        replaced = self.tenant.state is State.PRESENT and Action.DELETE in self.applied.actions
        return sorted(self.replaced_ids) if replaced else []

    def _not_replaced(self, unclear: bool) -> str:
        former, new = ", ".join(sorted(self.replaced_ids)), self.account_id
        known = f"Account {former} under the former connector profile"
        if new is None or new in self.replaced_ids:
            return f"{known} is kept."
        # Once there is a new one, what is not known is whether the former one was unlinked.
        return f"{known} {'may be' if unclear else 'is'} kept, in addition to its new account {new}."

    def observe(self, **seen: Any) -> None:
        """Add what was seen."""
        self.observed = replace(self.observed, **seen)

    def observe_check(self, check: KeyCheck) -> None:
        """Add the verdict on the declared key."""
        self.observe(key_check=check)
        self.warnings += check.warnings

    def observe_profile(self, profile: str | None) -> ProfileDrift | None:
        """Add the account's connector profile, and return how it differs from the declared one."""
        drift = profile_drift(self.tenant.integration_id, profile)
        self.observe(profile=profile, profile_drift=drift or self.observed.profile_drift)
        return drift

    @property
    def spared_ids(self) -> frozenset[str]:
        """Return the ids of the accounts that a purge must spare because of this tenant, in addition to its own."""
        return self.observed.former_ids | self.replaced_ids

    @property
    def replaced_ids(self) -> frozenset[str]:
        """Return the ids of the accounts that are to be replaced."""
        return frozenset(account.id for account in self.observed.replaced)

    def drop_details(self) -> None:
        """Drop what only a module for one tenant returns: a list may have ten thousand tenants."""
        applied = self.applied
        if self.confirmed:
            applied.creation = None
        if applied.creation and applied.creation.lost:
            applied.creation.lost = replace(applied.creation.lost, error=applied.creation.lost.refusal)
        if not applied.actions:
            applied.plan = None
        elif applied.plan and not applied.plan.before:
            applied.plan = LINKED

    @property
    def changed(self) -> bool:
        """Return whether StackOne differs, or in check mode would differ, from its former state."""
        return bool(self.applied.actions) or self.applied.undone

    @property
    def done(self) -> Plan | None:
        """Return the part of the plan that was carried out, or in check mode would be; `None` if none was."""
        plan, applied = self.applied.plan, self.applied
        return plan.part(applied.updated, Action.RELINK in applied.actions) if self.changed and plan else None

    @property
    def unconfirmed(self) -> bool:
        """Return whether something was applied, and StackOne has not shown it yet."""
        return self.phase is Phase.CONFIRM and self.failure is None and not self.confirmed

    @property
    def key_status(self) -> KeyStatus | None:
        """Return the verdict on the declared key, if it was checked."""
        return self.observed.key_check.status if self.observed.key_check else None

    @property
    def agent(self) -> Agent | None:
        """Return the agent of the declared key, if the key is valid."""
        return self.observed.key_check.agent if self.observed.key_check else None

    @property
    def domain(self) -> str | None:
        """Return the domain that the account stores, as far as it is known."""
        return self.tenant.domain if self.applied.credentials_sent else self.observed.stored.domain

    @property
    def stores_declared(self) -> bool:
        """Return whether the account is known to store the declared domain and key."""
        return self.applied.credentials_sent or self.observed.stored.key is StoredKey.UNCHANGED

    @property
    def created_id(self) -> str | None:
        """Return the id of the account that this run made, if it made one."""
        return self.applied.creation.account_id if self.applied.creation else None

    @property
    def lost(self) -> Submission | None:
        """Return the unclear answer to the request that links the account, while its result is not known."""
        return self.applied.creation.lost if self.applied.creation else None

    @property
    def account_id(self) -> str | None:
        """Return the id of the tenant's account, if it has one."""
        return self.account.id if self.account else self.created_id


def unfinished(outcome: Outcome, stopped: str | None) -> Outcome:
    """Return what is known of a tenant whose work was not finished in time after the run was stopped.

    It is a copy: the thread that works on the tenant may still change its own.
    """
    applied = replace(outcome.applied, actions=list(outcome.applied.actions))
    known = replace(outcome, applied=applied, warnings=[])
    known.fail(interrupted(stopped, uncertain=outcome.phase is Phase.APPLY))
    return known
