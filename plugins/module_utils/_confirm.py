# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what was applied has come true: StackOne may take its time, or keep less than it took."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.tenantlink.stackone.plugins.module_utils._apply import Outcome, Writer
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients import Clients
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failed, FailureCode
from ansible_collections.tenantlink.stackone.plugins.module_utils._find import Observed, account_not_found
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Clock
from ansible_collections.tenantlink.stackone.plugins.module_utils._plan import Action, drift, not_active
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._sure import sure

FIRST_POLL = 0.5
LONGEST_POLL = 2.0
BROKEN = frozenset({"error", "expired"})


def polls(clock: Clock, timeout: float) -> Iterator[None]:
    """Yield once, then again until C(timeout) seconds are over, with growing pauses between."""
    deadline = clock.monotonic() + timeout
    pause = FIRST_POLL
    while True:
        yield None
        left = deadline - clock.monotonic()
        if left <= 0:
            return
        clock.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_POLL)


class Confirmer:
    """Compares what was applied for one tenant after another with what StackOne shows.

    If it is not C(patient), an account is taken as it is, with a warning where it is not active.
    """

    def __init__(self, clients: Clients, patient: bool = True) -> None:
        self._patient = patient
        self._stackone = clients.stackone
        self._writer = Writer(clients.stackone, clients.hub)

    def settled(self, outcome: Outcome, seen: Observed) -> bool:
        """Look once; whether there is nothing more to wait for. Raises Failed where it went wrong."""
        if Action.DELETE in outcome.actions:
            return self._gone(outcome, seen)
        account = self._created(outcome, seen) if outcome.created_id else seen.account(outcome.account_id or "")
        if account is None and not self._patient:
            outcome.warnings.append(f"Account {outcome.account_id} is not shown yet; verify_link is none.")
        if account is None:
            return not self._patient
        outcome.account = account
        if account.active:
            self._check(outcome, account)
            return True
        if not self._patient:
            outcome.warnings.append(f"Account {account.id} is {account.status}; verify_link is none, so it was left.")
            return True
        if account.status in BROKEN and not outcome.was_broken:
            raise not_active(account)
        return False

    def give_up(self, outcome: Outcome) -> Failed:
        """Why it did not come true in time."""
        account_id = outcome.account_id or ""
        if Action.DELETE in outcome.actions:
            outcome.actions.remove(Action.DELETE)
            return Failed(
                FailureCode.CHANGE_NOT_KEPT,
                f"StackOne took the request to unlink account {account_id}, but still shows it.",
                "Look in StackOne's dashboard, under Accounts; run again later.",
                retriable=True,
                details={"account_id": account_id},
            )
        known = outcome.account
        # One that was active when it was last seen is not shown any more.
        return not_active(known) if known and not known.active else account_not_found(account_id)

    def _gone(self, outcome: Outcome, seen: Observed) -> bool:
        found = seen.account(outcome.account_id or "")
        return found is None or found.status == "archived"

    def _created(self, outcome: Outcome, seen: Observed) -> Account | None:
        """The new account from its owner's listing, which shows a twin as well; else by its id."""
        tenant, created_id = outcome.tenant, sure(outcome.created_id)
        accounts = seen.accounts(tenant.provider, sure(tenant.origin_owner_id))
        twins = sorted(item.id for item in accounts if item.id not in outcome.known | {created_id})
        warning = f"Somebody else linked the same owner at the same time: {', '.join(twins)}. Unlink one of them."
        if twins and warning not in outcome.warnings:
            outcome.warnings.append(warning)
        return next((item for item in accounts if item.id == created_id), None) or seen.account(created_id)

    def _check(self, outcome: Outcome, account: Account) -> None:
        changes = drift(outcome.tenant, account)
        if outcome.created_id and changes:
            # The session carried these already; a StackOne that drops them is told once more.
            self._writer.change(outcome, account, changes)
            account = outcome.account = self._stackone.account(account.id) or account
        self._check_kept(outcome, account)

    def _check_kept(self, outcome: Outcome, account: Account) -> None:
        """A success that changed nothing is no change, and for all but the label a failure (S42)."""
        unkept = drift(outcome.tenant, account)
        wanted = set(outcome.plan.changes) if outcome.plan else set()
        if Action.UPDATE in outcome.actions and unkept and set(unkept) >= wanted:
            outcome.actions.remove(Action.UPDATE)
        if set(unkept) - {"label"}:
            raise _change_not_kept(account, sorted(set(unkept) - {"label"}))
        if unkept and not any("label" in warning for warning in outcome.warnings):
            outcome.warnings.append("StackOne took the new label without an error, but did not keep it.")


def _change_not_kept(account: Account, names: list[str]) -> Failed:
    return Failed(
        FailureCode.CHANGE_NOT_KEPT,
        f"StackOne answered that account {account.id} was changed, but did not keep {', '.join(names)}.",
        "Change it in StackOne's dashboard, or leave the option out.",
        details={"account_id": account.id, "fields": names},
    )
