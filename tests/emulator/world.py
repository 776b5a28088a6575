# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the emulator, built from a scenario and rebuilt by a reset."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from . import keys
from .accounts import Account, Accounts
from .connector import PROVIDER, Profile, default_profiles, form_of
from .faults import Faults
from .journal import Journal
from .limits import Plan, SlidingWindow
from .message import Answer, Call
from .scenario import Scenario, TenantPlan
from .sessions import DEFAULT_SCOPES, Scope, Sessions, StackOneKey
from .switches import Switches
from .tenants import Tenant, build_tenant
from .webhooks import Webhooks

MAIN_KEY = keys.stackone_key("main")
SMALL_QUOTA_KEY = keys.stackone_key("small quota")
_SMALL_QUOTA = 20


async def _not_connected(call: Call) -> Answer:
    raise RuntimeError("the world is not connected to an exchange")


@dataclass
class Options:
    """What the command line set."""

    latency_ms: float = 0.0
    stackone_rpm: int = 1000
    stackone_window_s: float = 60.0
    plan: Plan = Plan.ENTERPRISE


class World:
    """Everything both services know. Handlers read and change it directly.

    `send` lets StackOne call Freshservice as if over the network: the exchange sets it.
    """

    def __init__(self, options: Options, scenario: Scenario) -> None:
        self.options = options
        self._scenario = scenario
        self._tasks: set[asyncio.Task[None]] = set()
        self.send: Callable[[Call], Awaitable[Answer]] = _not_connected
        self.journal = Journal()
        self.faults = Faults()
        self.reset()

    def reset(self) -> None:
        """Back to the state after start-up; the keys are the same."""
        for task in self._tasks:
            task.cancel()
        scenario = copy.deepcopy(self._scenario)
        self.latency_ms = self.options.latency_ms
        self.switches = Switches()
        self.switches.change(scenario.switches)
        self.journal.clear()
        self.faults.clear()
        self.tenants: dict[str, Tenant] = {}
        for plan in scenario.tenants:
            self._add_planned(plan)
        self.webhooks = Webhooks(self.run_later)
        self.accounts = Accounts(self.webhooks.tell)
        self.sessions = Sessions()
        self.profiles: dict[str, Profile] = {}
        self.set_profiles(default_profiles() if scenario.profiles is None else scenario.profiles)
        self.stackone_keys: dict[str, StackOneKey] = {}
        self.add_key(MAIN_KEY, self.options.stackone_rpm)
        self.add_key(SMALL_QUOTA_KEY, _SMALL_QUOTA)
        for fields in scenario.accounts:
            self.add_account(fields)

    def run_later(self, work: Coroutine[Any, Any, None]) -> None:
        """Run in the background until done or the next reset."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _add_planned(self, plan: TenantPlan) -> None:
        tenant = self.add_tenant(plan.domain, plan.agents, plan.plan)
        tenant.change(plan.changes)

    def add_tenant(self, domain: str, agents: int = 2, plan: Plan | None = None) -> Tenant:
        """A good tenant."""
        tenant = build_tenant(domain.lower(), plan or self.options.plan, agents)
        self.tenants[tenant.domain] = tenant
        return tenant

    def add_key(self, value: str, rpm: int, scopes: frozenset[Scope] = DEFAULT_SCOPES) -> StackOneKey:
        """A StackOne key with its own quota."""
        quota = SlidingWindow(rpm, self.options.stackone_window_s)
        self.stackone_keys[value] = StackOneKey(value, quota, scopes)
        return self.stackone_keys[value]

    def set_profiles(self, profiles: list[dict[str, Any]]) -> None:
        """Replace the profiles; accounts follow their profile to inactive and back (S61)."""
        parsed = [Profile(**fields) for fields in profiles]
        self.profiles = {profile.integration_id: profile for profile in parsed}
        for account in self.accounts.by_id.values():
            self.follow_profile(account)

    def follow_profile(self, account: Account) -> None:
        """Accounts of a disabled profile are inactive, and active again when it is enabled (S61)."""
        profile = self.profiles.get(account.integration_id)
        enabled = profile is not None and profile.active
        if not enabled and account.status == "active":
            account.profile_off = True
            self.accounts.change(account, {"status": "inactive"})
        elif enabled and account.profile_off:
            account.profile_off = False
            self.accounts.change(account, {"status": "active"})

    def default_profile(self, provider: str) -> Profile | None:
        """The profile used when a session names only the provider (S52)."""
        fitting = [profile for profile in self.profiles.values() if profile.provider == provider.lower()]
        return next((profile for profile in fitting if profile.default), None)

    def add_account(self, fields: dict[str, Any]) -> Account:
        """An account made out of band: by hand in the Hub or the dashboard."""
        fields = self.stored_form(fields)
        provider = fields.pop("provider", PROVIDER).lower()
        profile = self.default_profile(provider)
        fields.setdefault("integration_id", profile.integration_id if profile else keys.opaque_id("none"))
        fields.setdefault("origin_owner_name", fields["origin_owner_id"])
        fields.setdefault("id", self.accounts.new_id())
        if fields["id"] in self.accounts.by_id:
            raise ValueError(f"there is an account {fields['id']} already")
        return self.accounts.add(Account(provider=provider, **fields))

    def stored_form(self, fields: dict[str, Any], account: Account | None = None) -> dict[str, Any]:
        """Admin fields with `domain` and `api_key` put where the connector's form stores them."""
        fields = dict(fields)
        form = form_of(self.switches)
        setup = dict(fields.get("setup_information", account.setup_information if account else {}))
        secret = dict(fields.get("credentials", account.credentials if account else {}))
        if "domain" in fields and form.domain:
            setup[form.domain["key"]] = form.domain_value(fields.pop("domain"))
        if "api_key" in fields and form.api_key:
            secret[form.api_key["key"]] = fields.pop("api_key")
        return fields | {"setup_information": setup, "credentials": secret}
