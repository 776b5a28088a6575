# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST /unified/proxy and POST /actions/rpc: calls that pass through to Freshservice (S70-S75)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from .accounts import Account
from .bodies import json_object
from .message import Answer, Call, Refusal, json_answer
from .platform_accounts import find
from .provider import call_provider
from .refusals import passed_on, refusal_of
from .routing import Router
from .sessions import Scope, StackOneKey
from .stackone_errors import error, invalid
from .world import World

_METHODS = ("get", "post", "put", "delete", "patch")
_ACTIONS = {
    "freshservice_get_current_agent": "/agents/me",
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


async def rpc(call: Call, world: World, key: StackOneKey) -> Answer:
    """Run an action of the connector (S72)."""
    account = _usable_account(call, world)
    body = json_object(call)
    template = _ACTIONS.get(str(body.get("action")))
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
    return json_answer({"data": _data(reply)})


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
