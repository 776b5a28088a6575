# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Hub API, as its public widget uses it (H1-H19)."""

from __future__ import annotations

from typing import Any

from . import linking
from .accounts import Account
from .bodies import json_object
from .connector import AUTH_KEY, ENVIRONMENT, PROVIDER, TRIGGER_TOKEN_FIELD, VERSION, Profile, form_of, redacted
from .message import Answer, Call, Refusal, first, json_answer
from .routing import Router
from .sessions import Session
from .stackone import charge
from .stackone_errors import error
from .world import World

router = Router()
_PREFLIGHT = [
    ("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE, OPTIONS"),
    ("Access-Control-Allow-Headers", "content-type, x-hub-session-token, x-hub-version"),
    ("Access-Control-Max-Age", "600"),
]


async def answer(call: Call, world: World) -> Answer:
    """One Hub request: the session token, the quota of its key, then the operation.

    The exchange adds `Access-Control-Allow-Origin` to every answer, errors included (A1).
    """
    if world.switches.hub_api == "missing":
        return error(404, f"Cannot {call.method} {call.path}")
    if call.method == "OPTIONS":
        return Answer(204, content_type=None, headers=list(_PREFLIGHT))
    try:
        session = _session(call, world)
        route = router.find(call.method, call.path)
        if route is None:
            return error(404, f"Cannot {call.method} {call.path}")
        return await route.handler(call, world, session, **route.names)
    except Refusal as refused:
        return refused.answer


def _session(call: Call, world: World) -> Session:
    """The session of the token; missing, unknown and expired tokens are refused alike (H12)."""
    if world.switches.require_hub_version and not call.headers.get("x-hub-version"):
        raise Refusal(error(400, "x-hub-version header is required"))
    token = call.headers.get("x-hub-session-token", "")
    known = world.sessions.any(token)
    if known is not None:
        charge(known.key, world)
    session = world.sessions.live(token)
    if session is None:
        raise linking.token_refused(world)
    return session


@router.on("GET", "/hub/settings")
async def settings(call: Call, world: World, session: Session) -> Answer:
    """Feature flags, and the account that this session would edit (H2, S51)."""
    body: dict[str, Any] = {"enabled_features": ["hub_link_account_release"]}
    existing = linking.existing_account(world, session)
    if existing is not None and world.switches.settings_existing_account:
        body["existing_account_id"] = existing.id
    return json_answer(body)


@router.on("GET", "/hub/connectors")
async def connectors(call: Call, world: World, session: Session) -> Answer:
    """The profiles that can be linked (H3): those of the session, or all of the provider."""
    provider = (first(call.params(), "provider") or session.provider or "").lower()
    profiles = [profile for profile in world.profiles.values() if provider in ("", profile.provider)]
    if world.switches.hub_connectors == "session" and session.integration_id:
        profiles = [profile for profile in profiles if profile.integration_id == session.integration_id]
    tell_default = world.switches.hub_connectors_default
    body: dict[str, Any] = {"integrations": [profile.for_hub(tell_default) for profile in profiles]}
    if any(field["key"] == TRIGGER_TOKEN_FIELD for field in world.switches.connector_fields):
        body["external_trigger_token"] = f"trigger-{session.id}"
    return json_answer(body)


@router.on("GET", "/hub/connectors/{integration_id}")
async def connector(call: Call, world: World, session: Session, integration_id: str) -> Answer:
    """The form of a profile (H4, H5)."""
    _known_profile(world, integration_id, status=404)
    config = form_of(world.switches).config(world.switches.connector_config)
    project = {"configured_webhook_events": [], "project_settings": {}}
    return json_answer({"config": config, "hub_settings": project})


@router.on("POST", "/hub/accounts")
async def create_account(call: Call, world: World, session: Session) -> Answer:
    """Link an account from form values (H9, H16)."""
    if session.account_id:
        return error(400, f"This session edits account {session.account_id} only")
    body = json_object(call)
    profile = _known_profile(world, body.get("integration_id"), status=400)
    if not profile.active:
        return error(400, f"Integration {profile.integration_id} is not enabled")
    account = await linking.link(world, session, profile, _values(body))
    _use_up(world, session)
    return json_answer({"id": account.id, "provider": account.provider}, 201)


@router.on("GET", "/hub/accounts/{account_id}")
async def get_account(call: Call, world: World, session: Session, account_id: str) -> Answer:
    """The edit view: values in clear, secrets as placeholders (H11)."""
    account = _editable(world, session, account_id)
    tail = world.switches.hub_secret_tail
    view = {
        "secureId": account.id,
        "provider": account.provider,
        "setupInformation": account.setup_information,
        "secrets": {key: redacted(value, tail) for key, value in account.credentials.items()},
        "version": VERSION,
        "authConfigKey": AUTH_KEY,
        "environment": ENVIRONMENT,
        "integrationId": account.integration_id,
    }
    return json_answer(view)


@router.on("PATCH", "/hub/accounts/{account_id}")
async def edit_account(call: Call, world: World, session: Session, account_id: str) -> Answer:
    """Change form values; a secret left out is kept, a placeholder is stored as it comes (H10, H11)."""
    account = _editable(world, session, account_id)
    body = json_object(call)
    profile = _known_profile(world, body.get("integration_id"), status=400)
    if profile.integration_id != account.integration_id:
        profile = _changed_profile(world, account, profile)
    await linking.relink(world, session, account, profile, _values(body))
    _use_up(world, session)
    if world.switches.hub_patch_body == "empty":
        return Answer(200, content_type=None)
    return json_answer({"id": account.id, "provider": account.provider})


@router.on("POST", "/hub/connection_attempts")
async def connection_attempt(call: Call, world: World, session: Session) -> Answer:
    """OAuth only, hence not for Freshservice (H15)."""
    return error(501, f"{PROVIDER} does not use OAuth")


def _use_up(world: World, session: Session) -> None:
    """Let the token work no more, as switched (S56)."""
    session.used = world.switches.session_token_uses == "one"


def _known_profile(world: World, integration_id: Any, status: int) -> Profile:
    profile = world.profiles.get(integration_id) if isinstance(integration_id, str) else None
    if profile is None:
        raise Refusal(error(status, f"Integration {integration_id} not found"))
    return profile


def _changed_profile(world: World, account: Account, profile: Profile) -> Profile:
    """The profile that an account is under after an edit that names another one, as switched (N1)."""
    how = world.switches.hub_profile_change
    if how == "refused":
        raise Refusal(error(400, f"integration_id {profile.integration_id} is not the account's and cannot be changed"))
    return world.profiles.get(account.integration_id, profile) if how == "ignored" else profile


def _values(body: dict[str, Any]) -> dict[str, str]:
    """The flat form values; the widget sends strings (H9)."""
    values = body.get("credentials")
    if not isinstance(values, dict):
        raise Refusal(error(400, "credentials must be an object"))
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise Refusal(error(400, f"credentials.{wrong[0]} must be a string"))
    return values


def _editable(world: World, session: Session, account_id: str) -> Account:
    """A session sees the account it names, or else those of its own owner (S51)."""
    account = world.accounts.by_id.get(account_id)
    if account is not None:
        own = account.origin_owner_id == session.origin_owner_id
        if account_id == session.account_id or (own and not session.account_id):
            return account
    raise Refusal(error(404, "Account not found"))
