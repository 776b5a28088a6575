# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks StackOne's accounts, periodically and whenever a webhook reports one, and names those to heal."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from ...module_utils._clients.account import Account
from ...module_utils._core.failure import Failed, FailureCode
from .broken_accounts import BrokenAccount, BrokenAccounts
from .deliveries import harmless

logger = logging.getLogger("tenantlink.stackone.accounts")

QUIET_S = 1.0
"""Webhooks that arrive within this time of each other cause one check."""
LONGEST_WAIT_S = 3.0
BETWEEN_EVENTS_S = 5.0
"""Roughly the duration of a run, so that accounts that break meanwhile share one run, too."""
AFTER_FAILURE_S = 30.0
COMPARE_EVERY_S = 3600.0
"""Seconds between two runs that compare all declared tenants with the accounts."""
MOST_NAMED = 500
"""If more are broken, the run finds them itself."""
_FATAL = {FailureCode.STACKONE_KEY_REFUSED, FailureCode.STACKONE_FORBIDDEN, FailureCode.INVALID_ARGUMENT}

Look = Callable[["Collection[str] | None"], Sequence[Account]]
"""Returns the accounts of these owners, or all. Called in a thread. Raises Failed."""
HandOut = Callable[[dict[str, Any]], Awaitable[None]]


class Rounds:
    """Names the accounts that are to be healed, until cancelled. `look_every` is in seconds."""

    def __init__(self, look: Look, hand_out: HandOut, look_every: float) -> None:
        self._look = look
        self._hand_out = hand_out
        self._look_every = look_every
        self._broken = BrokenAccounts()
        self._told = asyncio.Event()
        self._next_listing = 0.0
        self._next_comparison = 0.0

    def tell(self, event: Mapping[str, str]) -> bool:
        """Accept the event of a webhook; there is always room."""
        self._broken.tell(event)
        self._told.set()
        return True

    async def run(self) -> None:
        """Run until cancelled.

        It starts with a comparison: accounts that were deleted while nothing listened are visible in the declaration only.
        """
        while not await self._started():
            await asyncio.sleep(AFTER_FAILURE_S)
        await self._compare()
        while True:
            await self._wait()
            broken = await self._looked()
            if len(broken) > MOST_NAMED or time.monotonic() >= self._next_comparison:
                await self._compare()
            elif broken:
                await self._hand_over(broken)

    async def _started(self) -> bool:
        """List the accounts for the first time. Raises ValueError if that can never succeed."""
        try:
            await self._listed()
        except Failed as error:
            if error.failure.code in _FATAL:
                raise ValueError(error.failure.line) from None
            self._tell_failure(error)
            return False
        return True

    async def _wait(self) -> None:
        """Wait for the next check, or for webhooks and those that follow right after them."""
        due = min(self._next_listing, self._next_comparison, self._broken.next_look()) - time.monotonic()
        if not await self._is_told(max(due, 0)):
            return
        latest = time.monotonic() + LONGEST_WAIT_S
        while time.monotonic() < latest and await self._is_told(QUIET_S):
            pass

    async def _is_told(self, seconds: float) -> bool:
        """Wait this long for a webhook."""
        try:
            await asyncio.wait_for(self._told.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        self._told.clear()
        return True

    async def _looked(self) -> list[BrokenAccount]:
        try:
            if self._broken.overflowed or time.monotonic() >= min(self._next_listing, self._next_comparison):
                return await self._listed()
            return await self._looked_at_some()
        except Failed as error:
            self._tell_failure(error)
            await asyncio.sleep(AFTER_FAILURE_S)
            # The accounts to check are known; this needs no further webhook.
            self._told.set()
            return []

    async def _listed(self) -> list[BrokenAccount]:
        asked = self._broken.take(time.monotonic())
        accounts = await self._accounts(asked, None)
        self._next_listing = time.monotonic() + self._look_every
        broken = self._broken.listed(asked, accounts, time.monotonic())
        if self._broken.told:
            self._told.set()
        return broken

    async def _looked_at_some(self) -> list[BrokenAccount]:
        asked = self._broken.take(time.monotonic())
        if not asked:
            return []
        accounts = await self._accounts(asked, {account.origin_owner_id for account in asked})
        return self._broken.looked(asked, accounts, time.monotonic())

    async def _accounts(self, asked: Sequence[BrokenAccount], owners: Collection[str] | None) -> Sequence[Account]:
        try:
            return await asyncio.to_thread(self._look, owners)
        except Failed:
            self._broken.give_back(asked)
            raise

    async def _compare(self) -> None:
        """Hand out the event that names no account."""
        self._next_comparison = time.monotonic() + COMPARE_EVERY_S
        await self._hand_over([])

    async def _hand_over(self, broken: Sequence[BrokenAccount]) -> None:
        """Hand out one event for all, and give a run time to start on it before the next one."""
        logger.info(
            "To be healed: %s",
            f"{len(broken)} accounts" if broken else "all declared tenants without an active account",
        )
        accounts = [{name: harmless(value) for name, value in account.as_dict().items()} for account in broken]
        await self._hand_out({"payload": {"event": "accounts.broken", "accounts": accounts}})
        await asyncio.sleep(BETWEEN_EVENTS_S)

    def _tell_failure(self, error: Failed) -> None:
        line = error.failure.line
        logger.warning("The accounts could not be checked; next try in %.0f seconds: %s", AFTER_FAILURE_S, line)
