# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done for one tenant, or why it failed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ansible_collections.tenantlink.stackone.plugins.module_utils._account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failure, Phase
from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import Agent, KeyCheck, KeyStatus
from ansible_collections.tenantlink.stackone.plugins.module_utils._hub import AccountView, Submission
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import Action, AgentChange, Plan, StoredKey
from ansible_collections.tenantlink.stackone.plugins.module_utils._profiles import ProfileDrift, profile_drift
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import Tenant

LINKED = Plan((Action.CREATE,), {}, {})
"""The plan of a new link, without what it says of the tenant."""


@dataclass
class Creation:
    """The request that links a new account, and what came of it.

    `account_id` is the new account's id; `answered` says that the request's own answer named it. `lost` holds an
    answer that does not tell whether an account was made, until one shows. `sent_at` is StackOne's time
    when it was sent, at the least, in epoch seconds, where StackOne says it.
    """

    sent_at: float | None
    account_id: str | None = None
    answered: bool = False
    lost: Submission | None = None
    attempts: int = 1
    twins: tuple[Account, ...] = ()
    """Other accounts of the same link, when StackOne was last looked at."""


@dataclass
class Outcome:
    """What was done for one tenant (in check mode: what would be), or why it failed."""

    tenant: Tenant
    key_check: KeyCheck | None = None
    account: Account | None = None
    domain: str | None = None
    stored_key: StoredKey = StoredKey.UNKNOWN
    plan: Plan | None = None
    actions: list[Action] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failure: Failure | None = None
    phase: Phase = Phase.KEY_CHECK
    known: frozenset[str] = frozenset()
    """The ids of the owner's accounts that are not this tenant's new one."""
    creation: Creation | None = None
    was_broken: bool = False
    label_left: bool = False
    """Whether it was told already that StackOne does not take the new label."""
    found: bool = False
    """Whether it is known which account, if any, is this tenant's."""
    undone: bool = False
    """Whether this run made an account and unlinked it again, because another one of the same link was first."""
    still_linked: bool = False
    """Whether an owner who is declared absent still has accounts, of other domains."""
    confirmed: bool = False
    verdict: KeyStatus | None = None
    agent: Agent | None = None
    """The agent of the declared key, where the key is good."""
    agent_change: AgentChange | None = None
    """Whose key was replaced, for a re-link."""
    profile_drift: ProfileDrift | None = None
    """How the account's connector profile differs from the declared one, where the Hub's edit view was seen."""
    verified: bool | None = None
    """Whether a call through the account was answered by the declared key's agent; None where no call was made."""

    @property
    def changed(self) -> bool:
        """Whether StackOne is, or in check mode would be, no longer as it was."""
        return bool(self.actions) or self.undone

    @property
    def unconfirmed(self) -> bool:
        """Whether something was applied of which it is not known whether it has come true."""
        return self.phase is Phase.CONFIRM and self.failure is None and not self.confirmed

    def condense(self) -> None:
        """Forget what only one tenant's own result would show."""
        self.key_check = None
        if self.confirmed:
            self.creation = None
        if self.creation and self.creation.lost:
            self.creation.lost = replace(self.creation.lost, error=None)
        if not self.actions:
            self.plan = None
        elif self.plan and not self.plan.before:
            self.plan = LINKED

    def note_check(self, check: KeyCheck) -> None:
        """Keep the verdict on the declared key."""
        self.key_check, self.verdict = check, check.status
        self.agent = check.agent
        self.warnings += check.warnings

    def note_view(self, account: Account, view: AccountView | None) -> None:
        """Keep whether the account is linked under the declared connector profile."""
        found = profile_drift(self.tenant.integration_id, view.integration_id if view else None)
        if found and not self.profile_drift:
            self.profile_drift = found
            self.warnings.append(found.warning(account.id))

    @property
    def sent(self) -> bool:
        """Whether domain and key were sent to StackOne."""
        return bool({Action.CREATE, Action.RELINK} & set(self.actions))

    @property
    def stores_declared(self) -> bool:
        """Whether the account is known to store the declared domain and key."""
        return self.sent or self.stored_key is StoredKey.UNCHANGED

    @property
    def created_id(self) -> str | None:
        """Return the id of the account that this run made, if it made one."""
        return self.creation.account_id if self.creation else None

    @property
    def lost(self) -> Submission | None:
        """Return the unclear answer to the request that links the account, while it is not known what came of it."""
        return self.creation.lost if self.creation else None

    @property
    def account_id(self) -> str | None:
        """The id of the tenant's account, where it has one."""
        return self.account.id if self.account else self.created_id
