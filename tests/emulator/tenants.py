# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Freshservice tenants, their agents, keys and roles (F15, F34)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from . import keys, moments
from .kinds import DELAY_MS, FLAG, NULL, TEXT, check, either, number, one_of, whole
from .limits import FixedWindow, Plan
from .switches import Switches

_CREATED = "2024-03-01T08:00:00Z"
_ROLE_NAMES = ("Account Admin", "IT Supervisor", "IT Agent")
_VIEWING_ROLES = _ROLE_NAMES[:2]
_MINUTE = 60.0
_LIMITS = {"rate_limit", "list_rate_limit", "retry_after", "plan"}
_LONGEST_WINDOW_S = 24 * 3600
_AGENT_CHANGES = {
    "api_key_enabled": "api_key_enabled",
    "agent_active": "active",
    "occasional": "occasional",
    "occasional_pass_expired": "occasional_pass_expired",
}


class TenantState(str, Enum):
    """What a tenant does with every request (F49-F52); `active` is the good one."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    MAINTENANCE = "maintenance"
    IP_REFUSED = "ip_refused"
    HTML_200 = "html_200"
    SERVER_ERROR = "server_error"
    TRUNCATED = "truncated"


_NUMBERS = {
    **dict.fromkeys(("rate_limit", "list_rate_limit"), either(whole(0), NULL)),
    "retry_after": either(number(0, _LONGEST_WINDOW_S), NULL),
    "slow_ms": either(DELAY_MS, NULL),
}
_PLANS = tuple(plan.name.lower() for plan in Plan)
_KINDS = {
    **_NUMBERS,
    **dict.fromkeys((*_AGENT_CHANGES, "rotate_key"), FLAG),
    "agent_email": either(TEXT, NULL),
    "role": one_of(_ROLE_NAMES),
    "state": one_of(TenantState),
    "plan": one_of((*_PLANS, *map(str.upper, _PLANS))),
}


@dataclass(slots=True)
class Role:
    """A role; an Account Admin and an IT Supervisor may look at agents and roles (F28, F31)."""

    id: int
    name: str

    def render(self) -> dict[str, Any]:
        """The role object of the API (F31)."""
        return {
            "id": self.id,
            "name": self.name,
            "description": f"{self.name} of the help desk.",
            "default": True,
            "role_type": 1,
            "created_at": _CREATED,
            "updated_at": _CREATED,
        }


@dataclass(slots=True)
class Agent:
    """An agent; `api_key` is None for those who never used theirs."""

    serial: int
    id: int
    email: str
    role: Role
    api_key: str | None = None
    api_key_enabled: bool = True
    active: bool = True
    occasional: bool = False
    occasional_pass_expired: bool = False
    key_generation: int = 0
    updated_at: str = _CREATED

    @property
    def admin(self) -> bool:
        """Whether the agent is an Account Admin."""
        return self.role.name == _ROLE_NAMES[0]

    @property
    def views_agents(self) -> bool:
        """Whether the agent may look at agents and roles, as a test action that lists needs it (F28, F33)."""
        return self.role.name in _VIEWING_ROLES

    def render(self, switches: Switches) -> dict[str, Any]:
        """The agent object of the API (F34), with the optional parts as switched (F18)."""
        agent: dict[str, Any] = {
            "id": self.id,
            "first_name": "Agent",
            "last_name": str(self.serial),
            "email": self.email,
            "job_title": None,
            "occasional": self.occasional,
            "active": self.active,
            "has_logged_in": self.api_key is not None,
            "last_login_at": _CREATED,
            "last_active_at": _CREATED,
            "roles": [{"role_id": self.role.id, "assignment_scope": "entire_helpdesk", "groups": []}],
            "member_of": [],
            "observer_of": [],
            "department_ids": [],
            "location_id": None,
            "reporting_manager_id": None,
            "time_zone": "UTC",
            "language": "en",
            "work_phone_number": f"555{self.serial:04d}",
            "mobile_phone_number": None,
            "scoreboard_level_id": 1,
            "vip_user": False,
            "workspace_ids": [2],
            "custom_fields": {},
            "created_at": _CREATED,
            "updated_at": self.updated_at,
        }
        if switches.legacy_agent_fields:
            agent |= {"role_ids": [self.role.id], "group_ids": [], "scopes": {"ticket": "all"}}
        if switches.expose_api_key_enabled:
            agent["api_key_enabled"] = self.api_key_enabled
        return agent


@dataclass(slots=True)
class Tenant:
    """One Freshservice site. The first agent is the Account Admin, the second owns the main key."""

    domain: str
    plan: Plan
    state: TenantState = TenantState.ACTIVE
    rate_limit: int | None = None
    list_rate_limit: int | None = None
    retry_after: float | None = None
    slow_ms: int = 0
    failed_logins: int = 0
    roles: list[Role] = field(default_factory=list)
    agents: dict[int, Agent] = field(default_factory=dict)
    by_key: dict[str, Agent] = field(default_factory=dict)
    by_email: dict[str, Agent] = field(default_factory=dict)
    window: FixedWindow = field(default_factory=FixedWindow)
    list_windows: dict[str, FixedWindow] = field(default_factory=dict)

    @property
    def main(self) -> Agent:
        """The agent whose key a customer would hand over."""
        agents = iter(self.agents.values())
        next(agents)
        return next(agents)

    @property
    def limit(self) -> int:
        """Calls a minute."""
        return self.plan.overall if self.rate_limit is None else self.rate_limit

    @property
    def remaining(self) -> int:
        """Calls left in this minute."""
        return max(0, self.limit - self.window.used)

    def take(self, listing: str | None, now: float) -> float | None:
        """Count a call on the tenant's minute and, for a listing, on its sub-limit (F60)."""
        wait = self.window.take(now, self.limit, _MINUTE, self.retry_after)
        if wait is None and listing is not None:
            window = self.list_windows.setdefault(listing, FixedWindow())
            limit = self.plan.lists if self.list_rate_limit is None else self.list_rate_limit
            wait = window.take(now, limit, _MINUTE, self.retry_after)
        return wait

    def rotate(self, agent: Agent) -> str:
        """Reset an agent's key: the old one stops working at once (F20)."""
        self.by_key.pop(agent.api_key or "", None)
        agent.key_generation += 1
        return self._give_key(agent)

    def change(self, changes: dict[str, Any]) -> str | None:
        """Apply admin changes, and return the new key if one was asked for. ValueError names what cannot be used."""
        check(changes, _KINDS, "tenant")
        agent = self._named_agent(changes.get("agent_email"))
        for name in _NUMBERS.keys() & changes.keys():
            setattr(self, name, changes[name])
        self.slow_ms = self.slow_ms or 0
        self.state = TenantState(changes.get("state", self.state))
        if "plan" in changes:
            self.plan = Plan[changes["plan"].upper()]
        if _LIMITS & changes.keys():
            self.window, self.list_windows = FixedWindow(), {}
        if "role" in changes:
            agent.role = next(role for role in self.roles if role.name == changes["role"])
        for name, attribute in _AGENT_CHANGES.items():
            if name in changes:
                setattr(agent, attribute, changes[name])
                agent.occasional |= agent.occasional_pass_expired
                agent.updated_at = moments.later_than(agent.updated_at)
        return self.rotate(agent) if changes.get("rotate_key") else None

    def _named_agent(self, email: str | None) -> Agent:
        agent = self.main if email is None else self.by_email.get(email.lower())
        if agent is None:
            raise ValueError(f"no agent {email!r} in {self.domain}")
        return agent

    def render(self) -> dict[str, Any]:
        """The tenant as the admin interface shows it, keys included."""
        return {
            "domain": self.domain,
            "api_key": self.main.api_key,
            "agent": _admin_view(self.main),
            "state": self.state.value,
            "plan": self.plan.name.lower(),
            "rate_limit": self.limit,
            "retry_after": self.retry_after,
            "slow_ms": self.slow_ms,
            "agents": [_admin_view(agent) for agent in self.agents.values() if agent.api_key],
        }

    def _give_key(self, agent: Agent) -> str:
        agent.api_key = keys.freshservice_key(self.domain, agent.serial, agent.key_generation)
        self.by_key[agent.api_key] = agent
        agent.updated_at = moments.later_than(agent.updated_at) if agent.key_generation else agent.updated_at
        return agent.api_key

    def add_agent(self, role: Role) -> Agent:
        """One more agent, without a key."""
        serial = len(self.agents) + 1
        email = f"agent{serial}@{self.domain}.example"
        agent = Agent(serial, keys.number(11, self.domain, "agent", serial), email, role)
        self.agents[agent.id] = self.by_email[email] = agent
        return agent


def build_tenant(domain: str, plan: Plan, agents: int = 2) -> Tenant:
    """A good tenant with at least an Account Admin and an IT Supervisor, both with keys."""
    tenant = Tenant(domain, plan)
    tenant.roles = [Role(keys.number(11, domain, "role", name), name) for name in _ROLE_NAMES]
    tenant._give_key(tenant.add_agent(tenant.roles[0]))
    tenant._give_key(tenant.add_agent(tenant.roles[1]))
    for serial in range(2, agents):
        tenant.add_agent(tenant.roles[1 + serial % 2])
    return tenant


def _admin_view(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.id,
        "email": agent.email,
        "api_key": agent.api_key,
        "admin": agent.admin,
        "role": agent.role.name,
        "active": agent.active,
        "api_key_enabled": agent.api_key_enabled,
        "occasional": agent.occasional,
        "occasional_pass_expired": agent.occasional_pass_expired,
    }
