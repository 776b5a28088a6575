# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Confirms what was applied: StackOne may need time to show a change, or keep less than it accepted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._clients.account import ARCHIVED, Account
from .._clients.factory import Clients
from .._clients.hub import Sent, Submission
from .._clients.hub_form import stored_domain
from .._core.clock import Clock
from .._core.failure import Failed, FailureCode, require
from .._core.tenant import same_domain
from .actions import Action
from .duplicates import duplicate_account, same_link
from .find import AccountSource, Finder
from .outcome import Creation, Outcome
from .plan import drift
from .selection import check_pinned
from .status import BROKEN, not_active
from .unchanged import account_not_shown, still_linked
from .unclear import create_uncertain, not_made
from .writer import LABEL_LEFT, Writer, new_accounts

UNLISTED = "and its listing does not show yet how many accounts there are"

FIRST_POLL = 0.5
LONGEST_POLL = 2.0


def polls(clock: Clock, timeout: float) -> Iterator[None]:
    """Yield once, then again until `timeout` seconds are over, with growing pauses between."""
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
    """Compares what was applied for tenants with what StackOne shows.

    Unless it is `patient`, it does not wait for an account to become active: it warns and leaves the account as it is.
    """

    def __init__(self, clients: Clients, patient: bool = True) -> None:
        self._patient = patient
        self._stackone = clients.stackone
        self._writer = Writer(clients.stackone, clients.hub)
        self._finder = Finder(clients.stackone, clients.hub, clients.stackone)

    def check(self, outcome: Outcome, seen: AccountSource) -> bool:
        """Look once; return whether there is nothing more to wait for. Raises Failed if something went wrong."""
        if Action.DELETE in outcome.applied.actions:
            return self._gone(outcome, seen)
        account = outcome.account if outcome.applied.creation else seen.account(outcome.account_id or "")
        if account is None:
            return self._not_shown(outcome)
        check_pinned(outcome.tenant, account)
        outcome.account = account
        if account.active:
            self._check(outcome, account)
            return True
        if not self._patient:
            outcome.warnings.append(f"Account {account.id} is {account.status}; verify_link is none, so it was left.")
            return True
        if account.status in BROKEN and not outcome.observed.was_broken:
            raise not_active(account)
        return False

    def record_created(self, outcome: Outcome, seen: AccountSource) -> list[Account]:
        """Note the account that this run made, if the owner's listing shows it; return all accounts of the same link.

        Only the listing shows whether somebody else linked the same tenant at the same time. If the request got no clear
        answer, the account that this run made is the only one that was not there before. Raises Failed.
        """
        tenant, creation = outcome.tenant, require(outcome.applied.creation)
        shown = seen.accounts(tenant.provider, require(tenant.origin_owner_id))
        listed = [account for account in shown if account.id not in outcome.replaced_ids]
        outcome.account = None
        if creation.lost:
            made = new_accounts(outcome, self._finder, listed)
            creation.duplicates = tuple(made) if len(made) > 1 else ()
            if len(made) == 1:
                self.adopt_lost(outcome, made[0])
            return made
        own = next((item for item in listed if item.id == creation.account_id), None)
        if own is None:
            return []
        outcome.account = own
        others = [item for item in listed if item.id != own.id]
        duplicates = same_link(tenant, self._finder.candidates(tenant, others, look=True))
        creation.duplicates = (own, *duplicates) if duplicates else ()
        self._check_domain(outcome, own)
        return [own, *duplicates]

    def adopt_lost(self, outcome: Outcome, account: Account) -> None:
        """Treat an account as the one that was made by a request without a clear answer."""
        creation = require(outcome.applied.creation)
        words = require(creation.lost).words
        creation.account_id, creation.lost = account.id, None
        outcome.account = account
        outcome.applied.actions.append(Action.CREATE)
        outcome.warnings.append(
            f"The answer to the link was lost ({words}); account {account.id} was made and is kept."
        )

    def give_up(self, outcome: Outcome) -> Failed | None:
        """Return why a change did not show in time; `None` if it did come true, although no listing shows it."""
        account_id = outcome.account_id or ""
        if Action.DELETE in outcome.applied.actions:
            outcome.applied.actions.remove(Action.DELETE)
            return still_linked(account_id)
        if outcome.applied.creation:
            return self._give_up_creation(outcome, outcome.applied.creation)
        known = outcome.account
        # An account that was active when it was last seen is no longer shown.
        return not_active(known) if known and not known.active else account_not_shown(account_id)

    def _give_up_creation(self, outcome: Outcome, creation: Creation) -> Failed | None:
        if creation.duplicates:
            return duplicate_account(outcome.tenant, creation.duplicates)
        if creation.lost:
            return not_made(creation.lost)
        account = outcome.account or self._stackone.account(creation.account_id or "")
        if account is None:
            return account_not_shown(creation.account_id or "")
        check_pinned(outcome.tenant, account)
        self._check_domain(outcome, account)
        outcome.account = account
        if not account.active and self._patient:
            return not_active(account)
        if creation.attempts > 1:
            # The first request may have made an account as well, and only the listing would show it.
            return create_uncertain(Submission(Sent.UNCERTAIN, account.id, words="it was sent twice"), UNLISTED)
        outcome.warnings.append(
            f"Account {account.id} works, but StackOne's listing does not show it yet: whether somebody else linked the"
            " same tenant at the same time could not be seen."
        )
        self._check(outcome, account)
        return None

    def _check_domain(self, outcome: Outcome, account: Account) -> None:
        """Raise Failed(account_mismatch) if the id that StackOne gave belongs to another link, which must not change."""
        tenant = outcome.tenant
        check_pinned(tenant, account)
        domain = stored_domain(tenant, account.setup_information)
        if domain and tenant.domain and not same_domain(tenant.domain, domain):
            raise _another_link(account, domain)

    def _not_shown(self, outcome: Outcome) -> bool:
        if not self._patient:
            outcome.warnings.append(f"Account {outcome.account_id} is not shown yet; verify_link is none.")
        return not self._patient

    def _gone(self, outcome: Outcome, seen: AccountSource) -> bool:
        found = seen.account(outcome.account_id or "")
        return found is None or found.status == ARCHIVED

    def _check(self, outcome: Outcome, account: Account) -> None:
        changes = drift(outcome.tenant, account)
        sent = set(outcome.applied.plan.changes) if outcome.applied.plan else set()
        if outcome.created_id and changes:
            # The session carried these already; a StackOne that drops them gets them once more.
            sent = set(changes)
            self._writer.change(outcome, account, changes)
        self._check_kept(outcome, account, sent)

    def _check_kept(self, outcome: Outcome, account: Account, sent: set[str]) -> None:
        """Check that StackOne kept what was `sent`.

        A success that changed nothing of it is not a change, and a failure for everything but the label (S42). A listing may
        lag behind, so what it shows is believed only if it is right.
        """
        if drift(outcome.tenant, account):
            account = outcome.account = self._stackone.account(account.id) or account
            check_pinned(outcome.tenant, account)
        unkept = drift(outcome.tenant, account)
        overtaken = _overtaken(outcome, account, unkept)
        if Action.UPDATE in outcome.applied.actions and unkept and set(unkept) >= sent and not overtaken:
            outcome.applied.actions.remove(Action.UPDATE)
        outcome.applied.updated = tuple(
            name for name in outcome.applied.updated if name not in unkept or name in overtaken
        )
        if set(unkept) - {"label"}:
            raise _change_not_kept(account, sorted(set(unkept) - {"label"}), overtaken)
        if LABEL_LEFT in outcome.warnings and "label" not in unkept:
            # It is stored, although StackOne refused it.
            outcome.applied.note_label()
            outcome.warnings.remove(LABEL_LEFT)
        if unkept and not outcome.applied.label_left:
            outcome.applied.label_left = True
            outcome.warnings.append(
                "Somebody else has changed the label at the same time, which is left as it is."
                if overtaken
                else "StackOne accepted the new label without an error, but did not keep it."
            )


def _overtaken(outcome: Outcome, account: Account, unkept: Iterable[str]) -> set[str]:
    """Return the fields that somebody else has changed since: their values are neither the declared nor the former ones."""
    former = outcome.applied.plan.before if outcome.applied.plan else {}
    return {name for name in unkept if former and getattr(account, name) != former.get(name)}


def _another_link(account: Account, domain: str) -> Failed:
    return Failed(
        FailureCode.ACCOUNT_MISMATCH,
        f"StackOne answered the request to link this domain with account {account.id}, which stores the domain {domain}.",
        "Check in StackOne's dashboard, under Accounts, that this account still stores what it should, and that no proxy or"
        " cache answers in place of StackOne. Run again: an account that was made is adopted.",
        retriable=True,
        details={"account_id": account.id},
    )


def _change_not_kept(account: Account, names: list[str], overtaken: set[str]) -> Failed:
    if overtaken:
        return Failed(
            FailureCode.CHANGE_NOT_KEPT,
            f"account {account.id} was changed, and somebody else has changed {', '.join(sorted(overtaken))} at the same time.",
            "Run again when no other run is under way.",
            retriable=True,
            details={"account_id": account.id, "fields": names},
        )
    return Failed(
        FailureCode.CHANGE_NOT_KEPT,
        f"StackOne answered that account {account.id} was changed, but did not keep {', '.join(names)}.",
        "Change it in StackOne's dashboard, or leave the option out.",
        details={"account_id": account.id, "fields": names},
    )
