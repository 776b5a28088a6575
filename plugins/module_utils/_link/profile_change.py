# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes the connector profile of a link: proves that it is changed, and replaces an account without a gap."""

from __future__ import annotations

from .._clients.account import Account
from .._core.failure import Phase, require
from .._core.tenant import same_domain
from .actions import Action, StoredKey
from .duplicates import made_by
from .inspection import Inspector
from .outcome import Outcome
from .status import not_active
from .unchanged import profile_not_kept, still_linked, taken_over
from .writer import Writer


class ProfileChanger:
    """Works on outcomes whose account is not, or was not, under the declared profile. Each method raises Failed."""

    def __init__(self, writer: Writer, inspector: Inspector) -> None:
        self._writer = writer
        self._inspector = inspector

    def link_new(self, outcome: Outcome, former: Account, username: str | None) -> None:
        """Send the request that links a new account under the declared profile, in addition to the former one."""
        form, session = self._writer.form_for(outcome.tenant, username)
        self._writer.create(outcome, form, session, username)
        if outcome.created_id == former.id:
            # This Hub has changed the account that was there (H19).
            outcome.applied.note_edit()
            outcome.observe(replaced=())
            outcome.account = former

    def finish(self, outcome: Outcome) -> None:
        """Check that an account which is confirmed is under the declared profile, and only then unlink the former one."""
        observed = outcome.observed
        if not (observed.profile_drift or observed.replaced):
            return
        tenant, account = outcome.tenant, require(outcome.account)
        profile = self._inspector.profile(tenant, account)
        outcome.observe(profile=profile)
        if profile != tenant.integration_id:
            undone = self._undo(outcome, account)
            kept = observed.replaced[0].id if undone else None
            raise profile_not_kept(account, profile, require(tenant.integration_id), kept)
        if observed.replaced and not account.active:
            raise not_active(account)
        for former in observed.replaced:
            self._check_former(outcome, former)
            outcome.enter(Phase.APPLY)
            unlinked = self._writer.delete(tenant, former)
            outcome.enter(Phase.CONFIRM)
            if self._inspector.shows(former) if unlinked else self._inspector.lists(former):
                raise still_linked(former.id, asked=unlinked)
            outcome.applied.actions += [Action.DELETE] * unlinked

    def _check_former(self, outcome: Outcome, former: Account) -> None:
        """Raise Failed(account_mismatch) if somebody has linked another domain with the former account meanwhile."""
        tenant, before = outcome.tenant, outcome.observed.stored.domain
        domain = self._inspector.domain(tenant, former)
        if domain and domain != before and tenant.domain and not same_domain(tenant.domain, domain):
            raise taken_over(former, domain)

    def _undo(self, outcome: Outcome, account: Account) -> bool:
        """Unlink the account that this run has made under another profile, and do not claim a change that is none.

        Return whether an account was unlinked.
        """
        creation, applied = outcome.applied.creation, outcome.applied
        made_here = bool(creation and outcome.observed.replaced and made_by(creation, account))
        if made_here:
            outcome.enter(Phase.APPLY)
            self._writer.delete(outcome.tenant, account)
            applied.undo_creation()
            outcome.account = outcome.observed.replaced[0]
            outcome.enter(Phase.CONFIRM)
        if outcome.observed.stored.key is StoredKey.UNCHANGED and not outcome.observed.was_broken:
            # The same key was sent, for the profile that the account still has.
            applied.actions[:] = [each for each in applied.actions if each is not Action.RELINK]
        return made_here
