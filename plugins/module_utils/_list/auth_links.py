# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create auth links for the owners of a list. What a customer enters overwrites the owner's account, as linking it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Callable

from .._clients.account import Account
from .._clients.directory import Directory, owners_by_provider
from .._clients.hub import Hub
from .._clients.hub_form import domain_in
from .._clients.stackone import StackOne
from .._core.clock import Clock
from .._core.failure import Phase, during, require
from .._core.options import AuthOptions
from .._core.tenant import same_domain
from .._link.auth_link import AuthLinkMaker, Purpose, purpose_of
from .._link.find import Finder
from .auth_link_jobs import AuthLinkJob
from .claims import Unsettled, concerned
from .finding import ListFinder
from .found_jobs import refuse_conflicts
from .linked_domains import LinkedDomains

LINK_FIRST = "Link the list first: the customer would enter the credentials into that account."


class AuthLinks:
    """Creates auth links for a list of owners. `each` does work for many of them at a time."""

    def __init__(
        self, stackone: StackOne, hub: Hub, options: AuthOptions, clock: Clock, each: Callable[..., Iterable[Any]]
    ) -> None:
        self._stackone = stackone
        self._hub = hub
        self._options = options
        self._each = each
        self._directory = Directory(stackone, each)
        self._finder = Finder(stackone, hub, self._directory)
        self._maker = AuthLinkMaker(stackone, self._finder, options, clock)
        self._unsettled = Unsettled(())
        self._domains = LinkedDomains((), self._directory)

    def find(self, jobs: Sequence[AuthLinkJob], others: Sequence[AuthLinkJob]) -> None:
        """Find each owner's account. `others` are declared as well, but get no link. Raise Failed if two entries mean one."""
        self._stackone.confirm_project()
        known = [*jobs, *concerned(jobs, others)]
        for provider, owners in owners_by_provider(job.tenant for job in known if job.tenant).items():
            self._directory.load_owners(provider, owners)
            self._directory.ask_again(provider, owners)
        finder = ListFinder(lambda: (self._stackone, self._hub), self._each, self._directory)
        finder.find(known)
        # The domain that a customer enters may be linked for an owner whom the list does not name.
        self._directory.load_for([require(job.tenant) for job in jobs if self._may_get_domain(job)])
        refuse_conflicts(jobs, others)
        self._domains = LinkedDomains(jobs, self._directory, others)
        self._domains.refuse(jobs)
        self._unsettled = Unsettled((*jobs, *others), finder.find_other)

    def create(self, job: AuthLinkJob) -> None:
        """Create an auth link for an owner who needs one. Raise Failed."""
        tenant = require(job.tenant)
        with during(Phase.OBSERVE):
            account = job.take_found().account
            if job.claims:
                raise job.claims[0].failure(LINK_FIRST)
            purpose = purpose_of(account, self._options.relink)
            if account and purpose is Purpose.RELINK:
                self._check_domain(job, account)
        job.result = self._maker.make(tenant, account, purpose)

    def _may_get_domain(self, job: AuthLinkJob) -> bool:
        """Return whether an auth link may give a domain to an account that is not listed with it."""
        tenant, account = job.tenant, job.account
        if not tenant or not tenant.domain:
            return False
        if account is None:
            return job.is_new
        return (self._options.relink or not account.active) and domain_in(account.setup_information) != tenant.domain

    def _check_domain(self, job: AuthLinkJob, account: Account) -> None:
        """Raise Failed if the account stores another domain, and another entry may mean it, or has the declared domain.

        An owner without a declared domain may have any, unless another entry declares this one.
        """
        tenant = require(job.tenant)
        conflict = self._domains.conflict(job)
        if not (conflict or self._unsettled):
            return
        for candidate in self._finder.candidates(tenant, [account], look=True):
            stored = candidate.domain
            if stored and tenant.domain and same_domain(tenant.domain, stored):
                continue
            claim = self._unsettled.claim(account, stored)
            if claim and (tenant.domain or (stored and same_domain(claim.job.entry.domain or "", stored))):
                raise claim.failure(LINK_FIRST)
            if conflict and stored:
                raise conflict
