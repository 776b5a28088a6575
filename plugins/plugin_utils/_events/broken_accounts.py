# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides which accounts are to be healed, and when, from webhooks and from what StackOne shows. Pure.

An account is broken if its owner has no active account for its domain, or none at all if the domain is not known. A broken
account is handed out for healing at once, and again after growing pauses for as long as it stays broken: nothing reports how
a run ended, but the next look at the account shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from ...module_utils._clients.account import ACTIVE, ARCHIVED, Account
from ...module_utils._clients.hub_form import domain_in

DELETED = "deleted"
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0
PAUSE_FOR_EACH_S = 0.2
LONGEST_FOR_ALL_S = 240.0
"""How long a run takes for each account and for all. Most of a great many are not declared, and must not delay the others."""
MOST_TRIES_OF_DELETED = 2
"""Most deleted accounts are gone because somebody unlinked them, and only a comparison with the declaration shows which."""
MOST_TOLD = 10_000


@dataclass(frozen=True)
class BrokenAccount:
    """An account to be healed. `domain` is the bare Freshservice domain, empty if it is not known."""

    account_id: str
    origin_owner_id: str
    domain: str
    status: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the account as an event holds it."""
        return asdict(self)


@dataclass
class _Try:
    """The number of times an account was handed out; a run may be working on it until then, by the monotonic clock."""

    account: BrokenAccount
    tries: int
    until: float


class BrokenAccounts:
    """Remembers reported accounts, broken ones, and all that existed. All times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._told: dict[str, BrokenAccount] = {}
        self._tries: dict[str, _Try] = {}
        self._known: dict[str, BrokenAccount] = {}
        self.overflowed = False
        """Set when reported accounts were not kept, so that only a listing of all accounts helps."""

    @property
    def told(self) -> bool:
        """Return whether a webhook has named an account that was not checked since."""
        return bool(self._told) or self.overflowed

    def tell(self, event: Mapping[str, str]) -> None:
        """Note the account of an event. If the event does not name its owner, a listing does."""
        if not event["account_id"]:
            return
        if len(self._told) >= MOST_TOLD or not event["origin_owner_id"]:
            self.overflowed = True
            return
        account = BrokenAccount(event["account_id"], event["origin_owner_id"], event["domain"])
        self._told[account.account_id] = account

    def next_look(self) -> float:
        """Return when to check an account again whose healing may have failed."""
        return min((item.until for item in self._tries.values()), default=float("inf"))

    def take(self, now: float) -> list[BrokenAccount]:
        """Return the accounts to check now. Those that are reported from here on are checked once more."""
        due = {item.account.account_id: item.account for item in self._tries.values() if item.until <= now}
        taken = list({**due, **self._told}.values())
        self._told.clear()
        return taken

    def give_back(self, taken: Iterable[BrokenAccount]) -> None:
        """Keep accounts that are still to be checked."""
        self._told = {**{account.account_id: account for account in taken}, **self._told}

    def looked(self, asked: Sequence[BrokenAccount], accounts: Sequence[Account], now: float) -> list[BrokenAccount]:
        """Return which of the requested accounts are to be healed now; `accounts` are all accounts of their owners."""
        return self._to_heal(asked, accounts, now)

    def listed(self, asked: Sequence[BrokenAccount], accounts: Sequence[Account], now: float) -> list[BrokenAccount]:
        """Return which accounts are to be healed now; `accounts` are all of them.

        Accounts that are no longer listed are checked once more: the pages of a listing can move.
        """
        self.overflowed = False
        before, shown = self._known, {account.id: _named(account) for account in accounts if account.origin_owner_id}
        self._known = shown
        self.give_back(account for account_id, account in before.items() if account_id not in shown)
        asked_and_shown = {**{account.account_id: account for account in asked}, **shown}
        return self._to_heal(list(asked_and_shown.values()), accounts, now)

    def _to_heal(self, asked: Sequence[BrokenAccount], accounts: Sequence[Account], now: float) -> list[BrokenAccount]:
        shown = {account.id: _named(account) for account in accounts if account.status != ARCHIVED}
        linked = _linked(shown.values())
        broken = []
        for named in asked:
            account = shown.get(named.account_id) or replace(named, status=DELETED)
            if (account.origin_owner_id, account.domain) in linked:
                self._tries.pop(account.account_id, None)
            else:
                broken.append(account)
        return self._tried(broken, now)

    def _tried(self, broken: Sequence[BrokenAccount], now: float) -> list[BrokenAccount]:
        """Return the accounts whose turn it is, and note that it was."""
        turn = [account for account in broken if self._is_due(account, now)]
        at_work = min(PAUSE_FOR_EACH_S * len(turn), LONGEST_FOR_ALL_S)
        for account in turn:
            known = self._tries.get(account.account_id)
            tries = known.tries + 1 if known else 1
            pause = min(FIRST_PAUSE_S * 2 ** (tries - 1), LONGEST_PAUSE_S) + at_work
            self._tries[account.account_id] = _Try(account, tries, now + pause)
        return turn

    def _is_due(self, account: BrokenAccount, now: float) -> bool:
        known = self._tries.get(account.account_id)
        if (
            known is not None
            and known.until <= now
            and known.tries == MOST_TRIES_OF_DELETED
            and account.status == DELETED
        ):
            del self._tries[account.account_id]
            return False
        # An account with another status than before is a new case.
        return known is None or known.until <= now or known.account.status != account.status


def _named(account: Account) -> BrokenAccount:
    return BrokenAccount(
        account.id, account.origin_owner_id, domain_in(account.setup_information) or "", account.status
    )


def _linked(accounts: Iterable[BrokenAccount]) -> set[tuple[str, str]]:
    """Return owner and domain of every active account, and each owner with the empty domain, which could be any."""
    active = [account for account in accounts if account.status == ACTIVE]
    return {(account.origin_owner_id, domain) for account in active for domain in (account.domain, "")}
