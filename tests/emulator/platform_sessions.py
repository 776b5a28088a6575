# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST /connect_sessions and its authenticate (S50-S57). No CORS: for servers only (S7)."""

from __future__ import annotations

from typing import Any

from . import keys, moments
from .bodies import json_object, wrong_types
from .connector import Profile
from .message import Answer, Call, Refusal, json_answer
from .platform_accounts import find
from .routing import Router
from .sessions import PAGE_PATH, Scope, Session, StackOneKey
from .stackone_errors import error, invalid
from .world import World

_DEFAULT_EXPIRY = 1800
_LONGEST_EXPIRY = 10**9
_TYPES = {
    **dict.fromkeys(("origin_username", "provider", "provider_version", "label", "type"), str),
    **dict.fromkeys(("account_id", "integration_id", "connector_profile_id"), str),
    **{"multiple": bool, "shared": bool, "metadata": dict, "categories": list},
}
_ATTEMPT = {
    "id": keys.opaque_id("attempt"),
    "status": "expired",
    "account_secure_id": None,
    "oauth_error_code": None,
    "oauth_error_description": None,
}
"""What a session's answer may tell of an earlier attempt (S50b); there is none for a connector without OAuth."""
_KEPT = ("origin_username", "account_id", "label", "shared", "metadata", "categories")


def register(router: Router) -> None:
    """Put the operations on the router."""
    router.on("POST", "/connect_sessions", Scope.PLATFORM_WRITE)(create_session)
    router.on("POST", "/connect_sessions/authenticate", Scope.PLATFORM_WRITE)(authenticate)


async def create_session(call: Call, world: World, key: StackOneKey) -> Answer:
    """Open a session for one owner; the token is what the Hub wants (S50, S53)."""
    body = json_object(call)
    problems = _problems(world, body)
    if problems:
        return invalid(problems)
    if body.get("account_id"):
        find(world, body["account_id"])
    profile = _profile(world, body)
    session = Session(
        key=key,
        origin_owner_id=body["origin_owner_id"],
        origin_owner_name=body["origin_owner_name"],
        expires_at=moments.clock.monotonic() + min(_expiry(body), _LONGEST_EXPIRY),
        provider=body.get("provider"),
        integration_id=profile.integration_id if profile else None,
        type=(body.get("type") or "production").lower(),
        multiple=bool(body.get("multiple")) and not body.get("account_id"),
        **{name: body.get(name) for name in _KEPT},
    )
    world.sessions.add(session)
    made = {
        **session.render(world.switches),
        "token": session.token,
        "auth_link_url": f"{call.base_url}{PAGE_PATH}?token={session.token}",
    }
    if world.switches.session_connection_attempt:
        made["latest_connection_attempt"] = _ATTEMPT
    return json_answer(made, 201)


async def authenticate(call: Call, world: World, key: StackOneKey) -> Answer:
    """Say whether a token is good, in agreement with the Hub (S54)."""
    session = world.sessions.live(str(json_object(call).get("token")))
    if session is None:
        return error(world.switches.hub_token_refused_status, "Invalid or expired token")
    return json_answer(session.render(world.switches), 201)


def _problems(world: World, body: dict[str, Any]) -> list[str]:
    problems = wrong_types(body, _TYPES)
    for name in ("origin_owner_id", "origin_owner_name"):
        if not isinstance(body.get(name), str) or not body[name]:
            problems.append(f"{name} should not be empty")
    if str(body.get("type") or "production").lower() not in ("production", "test"):
        problems.append("type must be one of the following values: production, test")
    expires, most = _expiry(body), world.switches.session_expires_in_max
    if type(expires) not in (int, float) or expires <= 0:
        problems.append("expires_in must be a positive number")
    elif most and expires > most:
        problems.append(f"expires_in must not be greater than {most}")
    if "provider_version" in body and world.switches.provider_version == "rejected":
        problems.append("property provider_version should not exist")
    accepted = world.switches.profile_property
    for name in {"integration_id", "connector_profile_id"} & body.keys():
        if accepted not in ("both", name):
            problems.append(f"property {name} should not exist, use {accepted}")
    return problems


def _expiry(body: dict[str, Any]) -> Any:
    """Return the seconds asked for; null is as if they were left out."""
    asked = body.get("expires_in")
    return _DEFAULT_EXPIRY if asked is None else asked


def _profile(world: World, body: dict[str, Any]) -> Profile | None:
    """The profile that the session is for; unknown or disabled ones are refused as switched (S52, S57)."""
    wanted = body.get("connector_profile_id") or body.get("integration_id")
    provider = body.get("provider")
    profile = world.profiles.get(wanted) if wanted else None
    if not wanted and provider:
        profile = world.default_profile(provider)
    if not wanted and not provider:
        return None
    lenient = world.switches.not_enabled_provider == "no_connectors" and not wanted
    enabled = profile is not None and (profile.active or body.get("account_id"))
    if not enabled and not lenient:
        what = f"integration {wanted}" if wanted else f"provider {provider}"
        message = f"No enabled connector configuration found for {what}"
        raise Refusal(error(world.switches.unknown_provider_status, message))
    return profile
