# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the accounts of all tenants of a list, before anything is done for one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable

from .._clients.account import Account
from .._clients.directory import Directory
from .._clients.hub import Hub
from .._clients.stackone import StackOne
from .._core.failure import Failed, FailureCode, require
from .._core.tenant import State
from .._link.find import Finder
from .._link.selection import select_former
from .claims import claims_of, movers
from .found_jobs import Claim, FoundJob, by_owner


class ListFinder:
    """Finds accounts in one listing. `readers` makes the clients for one use, and `each` does work for many at a time."""

    def __init__(
        self,
        readers: Callable[[], tuple[StackOne, Hub]],
        each: Callable[..., Iterable[Any]],
        before: Directory,
    ) -> None:
        self._readers = readers
        self._each = each
        self._before = before

    def find(self, jobs: Sequence[FoundJob]) -> None:
        """Find every tenant's account before anything is done: only then can two entries be seen to mean one."""
        moving = {claim.account.id: claim for claims in self._each(self._moving, movers(jobs)) for claim in claims}
        self._each(lambda group: self._find_of_owner(group, moving), by_owner(jobs, self._before))

    def find_other(self, job: FoundJob) -> None:
        """Find the account of a tenant that is not part of the run. Its owner may not have been listed."""
        tenant = require(job.tenant)
        try:
            self._before.ask_again(tenant.provider.lower(), tenant.owners)
            job.found = self._finder().find(tenant)
        except Failed as error:
            job.found = error

    def _moving(self, job: FoundJob) -> list[Claim]:
        """Return the former owner's accounts that are to move to a tenant, so that no other tenant takes them."""
        tenant = require(job.tenant)
        if tenant.account_id:
            pinned = self._before.listed(tenant.account_id)
            return [Claim(pinned, job)] if pinned else []
        try:
            former: Iterable[Account] = select_former(tenant, self._finder().former(tenant))
        except Failed as error:
            if error.failure.code is FailureCode.ACCOUNT_MISMATCH:
                return []
            # The tenant itself meets the same, and fails with it: until then, any of them can be the one.
            former = self._before.accounts(tenant.provider, require(tenant.previous_origin_owner_id))
        return [Claim(account, job) for account in former]

    def _find_of_owner(self, group: Sequence[FoundJob], moving: Mapping[str, Claim]) -> None:
        """Find the accounts of an owner's tenants, first of those that are unlinked, so that no other tenant adopts them."""
        leaving = dict(moving)
        for job in sorted(group, key=lambda job: require(job.tenant).state is not State.ABSENT):
            tenant = require(job.tenant)
            try:
                job.found = self._finder().find(tenant, frozenset(leaving))
                if job.is_new and not tenant.allow_multiple:
                    # Linking the owner would overwrite those of its accounts that others have not taken away by then.
                    job.claims = claims_of(job.found.ids, leaving)
            except Failed as error:
                job.found = error
            if job.account and tenant.state is State.ABSENT:
                leaving[job.account.id] = Claim(job.account, job)

    def _finder(self) -> Finder:
        return Finder(*self._readers(), self._before)
