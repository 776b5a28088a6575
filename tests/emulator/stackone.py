# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The StackOne platform API: who may call, how often, and what (S1-S64, S80-S82)."""

from __future__ import annotations

from . import moments, page, platform_accounts, platform_sessions, proxy
from .connector import CATEGORY, PROVIDER, PROVIDER_NAME
from .limits import retry_after
from .message import Answer, Call, Refusal, first, json_answer
from .routing import Router
from .sessions import PAGE_PATH, Scope, StackOneKey
from .stackone_errors import error, invalid
from .world import World

router = Router()
platform_accounts.register(router)
platform_sessions.register(router)
proxy.register(router)


async def answer(call: Call, world: World) -> Answer:
    """One platform request: the key, its quota, its scope, then the operation."""
    if call.path.startswith(PAGE_PATH):
        return await page.answer(call, world)
    try:
        key = _log_in(call, world)
        charge(key, world)
        route = router.find(call.method, call.path)
        if route is None:
            return error(404, f"Cannot {call.method} {call.path}")
        if route.needs is not None and route.needs not in key.scopes:
            return error(403, f"Forbidden resource: the key lacks the scope {route.needs.value}")
        return await route.handler(call, world, key, **route.names)
    except Refusal as refused:
        return refused.answer


def _log_in(call: Call, world: World) -> StackOneKey:
    """The key is the user name, with or without a colon behind it (S3)."""
    value = (call.basic_credentials() or "").partition(":")[0]
    key = world.stackone_keys.get(value)
    if key is None:
        raise Refusal(error(401, "Unauthorized"))
    if world.switches.require_user_agent and not call.headers.get("user-agent"):
        raise Refusal(error(403, "Forbidden: a valid User-Agent header is required"))
    return key


def charge(key: StackOneKey, world: World) -> None:
    """Count a call on the quota of a key; over it, 429 (S82). Hub calls count on their session's key."""
    wait = key.quota.take(moments.clock.monotonic())
    if wait is None:
        return
    refusal = error(429, "Too many requests")
    value = retry_after(world.switches.stackone_429_retry_after, wait)
    if value is not None:
        refusal.headers.append(("Retry-After", value))
    raise Refusal(refusal)


@router.on("GET", "/auth_configs", needs=Scope.PLATFORM_READ)
async def auth_configs(call: Call, world: World, key: StackOneKey) -> Answer:
    """The connector profiles of the project (S60)."""
    if world.switches.auth_configs != "available":
        return error(403 if world.switches.auth_configs == "forbidden" else 404, f"Cannot GET {call.path}")
    params = call.params()
    enabled, connector = first(params, "enabled"), first(params, "connector_key")
    page, page_size = first(params, "page") or "1", first(params, "page_size") or "25"
    if not (page.isdigit() and page_size.isdigit() and int(page_size)):
        return invalid(["page and page_size must be numbers"])
    profiles = [
        profile.for_platform()
        for profile in world.profiles.values()
        if (connector is None or profile.provider == connector)
        and (enabled is None or profile.active == (enabled.lower() == "true"))
    ]
    start = (max(1, int(page)) - 1) * int(page_size)
    data = profiles[start : start + int(page_size)]
    paging = {"page": int(page), "page_size": int(page_size), "total": len(profiles)}
    return json_answer({**paging, "data": data})


@router.on("GET", "/connectors/meta", needs=Scope.CONNECTORS)
async def connectors(call: Call, world: World, key: StackOneKey) -> Answer:
    """The connectors, `active` when enabled in this project (S62)."""
    return json_answer([_connector(world)])


@router.on("GET", "/connectors/meta/{provider}", needs=Scope.CONNECTORS)
async def one_connector(call: Call, world: World, key: StackOneKey, provider: str) -> Answer:
    """One connector, or 404 (S62)."""
    if provider != PROVIDER:
        return error(404, f"Connector {provider} not found")
    return json_answer(_connector(world))


def _connector(world: World) -> dict[str, object]:
    active = any(profile.active for profile in world.profiles.values() if profile.provider == PROVIDER)
    return {"provider": PROVIDER, "provider_name": PROVIDER_NAME, "category": CATEGORY, "active": active, "models": {}}
