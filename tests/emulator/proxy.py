# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST /unified/proxy and POST /actions/rpc: calls that pass through to Freshservice (S70-S75)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from .accounts import Account
from .bodies import json_object
from .connector import PROVIDER
from .message import Answer, Call, Refusal, first, json_answer
from .platform_accounts import find
from .provider import call_provider
from .refusals import passed_on, refusal_of
from .routing import Router
from .sessions import Scope, StackOneKey
from .stackone_errors import error, invalid
from .world import World

_METHODS = ("get", "post", "put", "delete", "patch")
_CURRENT = "freshservice_get_current_agent"
_ACTIONS = {
    _CURRENT: "/agents/me",
    "freshservice_list_agents": "/agents",
    "freshservice_get_agent": "/agents/{id}",
    "freshservice_list_roles": "/roles",
    "freshservice_list_tickets": "/tickets",
    "freshservice_list_announcements": "/announcements",
}


def register(router: Router) -> None:
    """Put the operations on the router."""
    router.on("POST", "/unified/proxy", Scope.UNIFIED)(proxy)
    router.on("POST", "/actions/rpc", Scope.ACTIONS)(rpc)
    router.on("GET", "/actions", Scope.ACTIONS)(list_actions)


async def proxy(call: Call, world: World, key: StackOneKey) -> Answer:
    """Pass a request on with the account's credentials; the provider's answer comes in an envelope (S70)."""
    account = _usable_account(call, world)
    body = json_object(call)
    method, path = body.get("method", "get"), body.get("path")
    if method not in _METHODS:
        return invalid([f"method must be one of the following values: {', '.join(_METHODS)}"])
    if not isinstance(path, str) or not path:
        return invalid(["path should not be empty"])
    reply = await _pass_on(world, account, method.upper(), "/" + path.lstrip("/"), body.get("body"))
    if reply.status >= 400 and world.switches.proxy_error_style == "http":
        raise Refusal(_as_http_error(world, reply, path))
    envelope: dict[str, Any] = {"status": reply.status, "headers": dict(reply.headers), "data": _data(reply)}
    if reply.status >= 400:
        envelope["provider_errors"] = [refusal_of(reply, path).as_entry()]
    return json_answer(envelope)


async def list_actions(call: Call, world: World, key: StackOneKey) -> Answer:
    """The connector's actions, a page at a time (S63, N3)."""
    if world.switches.connector_actions == "missing":
        return error(404, f"Cannot GET {call.path}")
    params = call.params()
    wanted = (first(params, "filter[connectors]") or PROVIDER).split(",")
    keys = list(_actions(world)) if PROVIDER in wanted else []
    size, start = int(first(params, "page_size") or "25"), int(first(params, "next") or "0")
    profile = world.default_profile(PROVIDER)
    about = {"connector_profile_id": profile.integration_id if profile else None, "release_stage": "stable"}
    entries = [{"key": name, "name": name.replace("_", " "), "version": "1.0.0", **about} for name in keys]
    page, more = entries[start : start + size], start + size < len(entries)
    if world.switches.actions_shape == "by_connector":
        page = [{"key": PROVIDER, "name": "Freshservice", "version": "1.0.0", "actions": page}]
    return json_answer({"next": str(start + size) if more else None, "data": page})


def _actions(world: World) -> dict[str, str]:
    left_out = set() if world.switches.connector_actions == "with_current_agent" else {_CURRENT}
    return {name: path for name, path in _ACTIONS.items() if name not in left_out}


def _shaped(world: World, data: Any) -> Any:
    """What an action makes of the provider's body: it is the connector's to decide."""
    record = data.get("agent") if isinstance(data, dict) else None
    if not isinstance(record, dict):
        return data
    as_text = {**record, "id": str(record["id"])}
    shapes = {"body": data, "record": record, "record_with_text_id": as_text, "unknown": {"result": "ok"}}
    return shapes[world.switches.action_data]


async def rpc(call: Call, world: World, key: StackOneKey) -> Answer:
    """Run an action of the connector (S72)."""
    account = _usable_account(call, world)
    body = json_object(call)
    template = _actions(world).get(str(body.get("action")))
    if template is None:
        return error(404, f"Action {body.get('action')} not found")
    try:
        path = template.format(**(body.get("path") or {}))
    except KeyError as missing:
        return invalid([f"path.{missing.args[0]} should not be empty"])
    query = urlencode(body.get("query") or {})
    prefix = "/api/v2" if world.switches.proxy_path_prefix == "api_v2" else ""
    reply = await _pass_on(world, account, "GET", prefix + path + (f"?{query}" if query else ""), None)
    if reply.status >= 400:
        raise Refusal(_as_http_error(world, reply, path))
    return json_answer({"data": _shaped(world, _data(reply))})


def _usable_account(call: Call, world: World) -> Account:
    """The account of `x-account-id`; 412 unless it is active (S73), 403 for another end user's (S75)."""
    account_id = call.headers.get("x-account-id")
    if not account_id:
        raise Refusal(error(400, "x-account-id header is required"))
    account = find(world, account_id)
    if account.status != "active":
        message = f"Account {account_id} is {account.status}"
        raise Refusal(error(412, message, errorCode="AccountIntegrationInactiveError"))
    if account.shared is False and call.headers.get("x-end-user-id") != account.origin_username:
        raise Refusal(error(403, "x-end-user-id does not own this account"))
    return account


async def _pass_on(world: World, account: Account, method: str, path: str, body: Any) -> Answer:
    """The connector's base URL may or may not contain /api/v2 already (S71)."""
    prefix = "/api/v2" if world.switches.proxy_path_prefix == "none" else ""
    payload = b"" if body is None else json.dumps(body).encode()
    stored = account.setup_information, account.credentials
    reply = await call_provider(world, *stored, method, path, prefix, payload)
    if reply is None:
        raise Refusal(error(502, "The provider could not be reached"))
    return reply


def _data(reply: Answer) -> Any:
    data = reply.json()
    return reply.body.decode(errors="replace") if data is None else data


def _as_http_error(world: World, reply: Answer, path: str) -> Answer:
    """The provider's error as StackOne's own: with the provider's status, or with the switched one (H17, S73, S80)."""
    switches, refusal = world.switches, refusal_of(reply, path)
    refused = reply.status < 500 and reply.status not in (404, 408, 429)
    if refused and switches.proxy_refused_status != "as_provider":
        message = "The provider answered with an error"
        return passed_on(switches, int(switches.proxy_refused_status), message, refusal)
    if reply.status == 401:
        message = "The provider refused the account's credentials"
        return passed_on(switches, 401, message, refusal, errorCode="AccountInvalidCredentialsError")
    status = reply.status if reply.status < 500 else 502
    return passed_on(switches, status, "The provider answered with an error", refusal)
