# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Freshservice API v2, the reads that clients check a key with (F22-F32, F60-F63)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

from . import freshservice_errors as errors
from . import moments
from .message import Answer, Call, Delivery, Refusal, first, html_answer, json_answer
from .routing import Router
from .tenants import Agent, Tenant, TenantState
from .world import World

router = Router()
_PREFIX = "/api/v2"
_LISTINGS = {"/api/v2/agents", "/api/v2/tickets", "/api/v2/requesters", "/api/v2/assets"}
_JSON = ("", "*/*", "application/*", "application/json")
_MAX_PER_PAGE = 100
_VIEWS_AGENTS = "views agents"
_QUERY_TERM = re.compile(r"(\w+):'([^']*)'")
_TICKETS = 45


async def answer(call: Call, world: World) -> Answer:
    """One request to one tenant: its state, its rate limit, the key, then the resource."""
    tenant = world.tenants.get(call.domain or "")
    if tenant is None:
        return errors.unknown_tenant(world.switches)
    if tenant.slow_ms:
        await moments.clock.sleep(tenant.slow_ms / 1000)
    refusal = errors.refused_by_state(world.switches, tenant)
    if refusal is not None:
        return refusal
    wait = tenant.take(call.path if call.path in _LISTINGS else None, moments.clock.monotonic())
    if wait is not None:
        return errors.rate_limited(world.switches, tenant, wait)
    try:
        result = await _authorised(call, world, tenant)
    except Refusal as refused:
        result = refused.answer
    if result.status != 401 or world.switches.unauthorized_ratelimit_headers:
        errors.add_limit_headers(result, world.switches, tenant)
    if tenant.state is TenantState.TRUNCATED:
        result.delivery = Delivery.TRUNCATED
    return result


async def _authorised(call: Call, world: World, tenant: Tenant) -> Answer:
    agent = _log_in(call, world, tenant)
    route = router.find(call.method, call.path)
    if route is None:
        if router.knows(call.path):
            return errors.method_not_allowed(call.method)
        return errors.absent() if call.path.startswith(_PREFIX) else html_answer("No such page", 404)
    if not _accepts_json(call.headers.get("accept", "*/*")):
        return errors.not_acceptable()
    if route.needs == _VIEWS_AGENTS and not agent.views_agents:
        return errors.access_denied(world.switches)
    return await route.handler(call, world, tenant, agent, **route.names)


def _accepts_json(accept: str) -> bool:
    """Return whether a caller takes what the API gives (F48)."""
    return any(one.partition(";")[0].strip().lower() in _JSON for one in accept.split(","))


def _log_in(call: Call, world: World, tenant: Tenant) -> Agent:
    """The agent of the key; the password is not looked at (F11). Every failed try counts (F21)."""
    switches = world.switches
    if switches.lockout_after and tenant.failed_logins >= switches.lockout_after:
        raise Refusal(errors.locked_out(switches))
    key, colon, _password = (call.basic_credentials() or "").partition(":")
    agent = tenant.by_key.get(key) if colon else None
    if agent is None or not agent.active or (agent.occasional and agent.occasional_pass_expired):
        tenant.failed_logins += 1
        raise Refusal(errors.unauthorized(switches))
    if not agent.api_key_enabled:
        tenant.failed_logins += 1
        forbidden = switches.key_disabled_answer == "forbidden"
        raise Refusal(errors.access_denied(switches) if forbidden else errors.unauthorized(switches))
    tenant.failed_logins = 0
    return agent


@router.on("GET", "/api/v2/agents/me")
async def own_agent(call: Call, world: World, tenant: Tenant, agent: Agent) -> Answer:
    """Any active agent may look at itself (F22-F24)."""
    return json_answer({"agent": agent.render(world.switches)})


@router.on("GET", "/api/v2/agents", needs=_VIEWS_AGENTS)
async def list_agents(call: Call, world: World, tenant: Tenant, agent: Agent) -> Answer:
    """Agents with the documented filters; no match is an empty list (F26, F27)."""
    params = call.params()
    wanted = {name: values[0] for name, values in params.items() if name in _AGENT_FILTERS}
    wanted |= dict(_QUERY_TERM.findall(first(params, "query") or ""))
    email = wanted.get("email")
    if email is not None:
        found = tenant.by_email.get(email.lower())
        agents = [found] if found else []
    else:
        agents = list(tenant.agents.values())
    agents = [one for one in agents if all(_matches(one, name, value) for name, value in wanted.items())]
    default = world.switches.agents_default_per_page
    return _page(call, world, "agents", agents, default, lambda one: one.render(world.switches))


@router.on("GET", "/api/v2/agents/{agent_id}", needs=_VIEWS_AGENTS)
async def one_agent(call: Call, world: World, tenant: Tenant, agent: Agent, agent_id: str) -> Answer:
    """One agent by id (F29)."""
    found = tenant.agents.get(int(agent_id)) if agent_id.isdigit() else None
    return json_answer({"agent": found.render(world.switches)}) if found else errors.absent()


@router.on("GET", "/api/v2/roles", needs=_VIEWS_AGENTS)
async def list_roles(call: Call, world: World, tenant: Tenant, agent: Agent) -> Answer:
    """The roles of the tenant (F30)."""
    return _page(call, world, "roles", tenant.roles, 30, lambda role: role.render())


@router.on("GET", "/api/v2/roles/{role_id}", needs=_VIEWS_AGENTS)
async def one_role(call: Call, world: World, tenant: Tenant, agent: Agent, role_id: str) -> Answer:
    """One role by id (F30)."""
    found = next((role for role in tenant.roles if str(role.id) == role_id), None)
    return json_answer({"role": found.render()}) if found else errors.absent()


@router.on("GET", "/api/v2/tickets")
async def list_tickets(call: Call, world: World, tenant: Tenant, agent: Agent) -> Answer:
    """Tickets: some clients check a key with them (F32, A5)."""
    return _page(call, world, "tickets", range(1, _TICKETS + 1), 30, _ticket)


@router.on("GET", "/api/v2/announcements")
async def list_announcements(call: Call, world: World, tenant: Tenant, agent: Agent) -> Answer:
    """Announcements: visible to every agent, so some clients check a key with them (F32)."""
    return _page(call, world, "announcements", range(1, 3), 30, _announcement)


_AGENT_FILTERS = {"email", "mobile_phone_number", "work_phone_number", "active", "state", "workspace_id"}


def _matches(agent: Agent, name: str, value: str) -> bool:
    if name == "email":
        return agent.email == value.lower()
    if name == "active":
        return agent.active == (value.lower() == "true")
    if name == "state":
        return agent.occasional == (value == "occasional")
    if name == "work_phone_number":
        return value == f"555{agent.serial:04d}"
    if name == "workspace_id":
        return value in ("0", "2")
    return False


def _page(call: Call, world: World, name: str, items: Any, default: int, render: Any) -> Answer:
    """One page of a list, with a `Link` to the next unless it is the last (F63)."""
    params = call.params()
    page = _whole(first(params, "page"), 1, "page")
    per_page = _whole(first(params, "per_page"), default, "per_page")
    if per_page > _MAX_PER_PAGE:
        if world.switches.per_page_over_100 == "error":
            raise Refusal(errors.validation_failed("per_page", f"It should be at most {_MAX_PER_PAGE}"))
        per_page = _MAX_PER_PAGE
    start = (page - 1) * per_page
    result = json_answer({name: [render(item) for item in items[start : start + per_page]]})
    if start + per_page < len(items):
        rest = [pair for pair in parse_qsl(call.query, keep_blank_values=True) if pair[0] != "page"]
        url = f"{call.base_url}{call.path}?{urlencode([*rest, ('page', page + 1)])}"
        result.headers.append(("Link", f'<{url}>; rel="next"'))
    return result


def _whole(text: str | None, default: int, name: str) -> int:
    if text is None:
        return default
    if not text.isdigit() or int(text) < 1:
        raise Refusal(errors.validation_failed(name, "It should be a positive whole number"))
    return int(text)


def _ticket(serial: int) -> dict[str, Any]:
    return {
        "id": serial,
        "subject": f"Ticket {serial}",
        "status": 2,
        "priority": 1,
        "created_at": "2024-03-02T08:00:00Z",
        "updated_at": "2024-03-02T08:00:00Z",
    }


def _announcement(serial: int) -> dict[str, Any]:
    return {
        "id": serial,
        "title": f"Announcement {serial}",
        "state": "active",
        "visibility": "everyone",
        "created_at": "2024-03-02T08:00:00Z",
        "updated_at": "2024-03-02T08:00:00Z",
    }
