# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Defects that were put in to see whether histories find them: each takes one precaution of the product away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.directory import Directory
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.hub import Hub, Sent
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.stackone import StackOne
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.text import Scrubber
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import retry
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.quota import Quota
from ansible_collections.tenantlink.stackone.plugins.module_utils._link import confirm, find, linker, writer
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.actions import Action
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.linker import Linker
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.outcome import Outcome
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.writer import Writer
from tests.simulation.checks import names_of, problems
from tests.simulation.generator import made_of
from tests.simulation.play import players

Patches = list[tuple[Any, str, Any]]
_decided, _created, _settled, _made = (retry.status_delay, Hub.create, Linker._settle_creation, Linker.__init__)


def _sent_again(self: Hub, *request: Any) -> Any:
    submission = _created(self, *request)
    return _created(self, *request) if submission.sent is Sent.UNCERTAIN else submission


def _always_repeated(status: int, retry_after: str | None, attempt: int, repeatable: bool, now: float) -> float | None:
    return _decided(status, retry_after, attempt, True, now)


def _refusals_repeated(
    status: int, retry_after: str | None, attempt: int, repeatable: bool, now: float
) -> float | None:
    return 1.0 if status == 401 else _decided(status, retry_after, attempt, repeatable, now)


def _of_any_owner(self: Directory, provider: str, owner: str) -> list[Any]:
    return [account for account in self._by_id.values() if account.is_of(provider)]


def _of_anybody(self: StackOne, provider: str, owners: Any, found: Any) -> list[Any]:
    return [account for account in found if account.is_of(provider)]


def _changed(self: Outcome) -> bool:
    return bool(set(self.applied.actions) - {Action.RELINK}) or self.applied.undone


def _deleted_at_once(self: Writer, tenant: Any, account: Any, approval: Any = None) -> bool:
    self._stackone.delete(account.id)
    return True


def _heedless(self: Linker, clients: Any, accounts: Any, rules: Any, *more: Any) -> None:
    _made(self, clients, accounts, replace(rules, check_mode=False), *more)


def _without_looking_for_others(self: Linker, outcome: Outcome, seen: Any) -> bool:
    creation = outcome.applied.creation
    if creation is None or creation.lost:
        return _settled(self, outcome, seen)
    outcome.account = seen.account(creation.account_id or "")
    return outcome.account is not None


_NOT_PINNED: Patches = [
    (module, "check_pinned", lambda _tenant, _account: None) for module in (confirm, find, linker, writer)
]

DEFECTS: dict[str, Patches] = {
    "a creation whose answer is lost is sent again at once": [(Hub, "create", _sent_again)],
    "a creation that gets a 5xx is repeated like everything else": [(retry, "status_delay", _always_repeated)],
    "an account is adopted whoever owns it": [
        *_NOT_PINNED, (Directory, "accounts", _of_any_owner), (StackOne, "_of", _of_anybody),
    ],
    "a re-link is not a change": [(Outcome, "changed", property(_changed))],
    "an account is unlinked without looking at it again": [(Writer, "delete", _deleted_at_once)],
    "of two runs that create at once neither gives way": [(Linker, "_settle_creation", _without_looking_for_others)],
    "nothing is paced": [(Quota, "_take", lambda self: self._free_at and self._free_at.popleft())],
    "a refused key is tried again": [(retry, "status_delay", _refusals_repeated)],
    "secrets are not masked": [(Scrubber, "scrub", lambda _self, value: value), (Scrubber, "line", lambda _self, words, *_limit: words)],
    "a lost link is asked for again without asking the Hub": [(Hub, "existing_account_id", lambda _self, _session: None)],
    "a stopped run goes on": [(StopSignal, "check", lambda _self: None)],
    "a change whose answer is lost is said not to be made": [(writer, "may_be_done", lambda _error: False)],
    "a domain is not looked up before its owner is linked": [(find, "needs_domains", lambda _tenant, _accounts: False)],
    "a change in check mode is made": [(Linker, "__init__", _heedless)],
}  # fmt: skip
"""What each defect replaces."""


@contextmanager
def defect(name: str) -> Iterator[None]:
    """Put a defect in until the end."""
    with ExitStack() as stack:
        for owner, attribute, value in DEFECTS[name]:
            stack.enter_context(mock.patch.object(owner, attribute, value))
        yield


def found_after(name: str, most: int, by: str | None = None) -> tuple[int, set[str]]:
    """Return after how many histories a defect is seen, `by` one check or by any, and by which; 0 if it is not."""
    with players() as player, defect(name):
        for number in range(most):
            found = names_of(problems(player.play(made_of(number))))
            if by in found or (found and by is None):
                return number + 1, found
    return 0, set()


def main() -> None:
    """Print the table of the guide."""
    for name in DEFECTS:
        began = time.perf_counter()
        histories, checks = found_after(name, 3000)
        print(f"| {name} | {histories} | {', '.join(sorted(checks))} | {time.perf_counter() - began:.1f} s |")


if __name__ == "__main__":
    main()
