# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page that an auth link opens, on which a person plays the customer (S55, H1-H13).

It asks the emulated Hub what StackOne's widget asks, so that its rules, switches and faults hold here too. Tokens come
with the link; keys come with the form alone, and are never shown.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

from . import page_html
from .connector import TRIGGER_TOKEN_FIELD, is_secret
from .message import Answer, Call, Caller, Delivery, Refusal, Service, first
from .page_html import Field, FormPage, notice
from .page_refusal import explain, problems_of_fields
from .sessions import PAGE_PATH
from .world import World

_CONNECTED = f"{PAGE_PATH}/connected"
_HUB_VERSION = "1.11.4"
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 50
_PREFIX = "value."
_ABOUT_THE_LINK = (401, 403, 404)
_UNAVAILABLE = "This page cannot be shown now"


@dataclass
class Visit:
    """What the Hub says to the visitor of a link: the form, and the account that it would edit."""

    token: str
    profile: str
    page: FormPage
    account_id: str | None = None
    trigger_token: str | None = None


async def answer(call: Call, world: World) -> Answer:
    """Answer one request of a browser."""
    try:
        if call.path == _CONNECTED:
            return _connected(call, world)
        if call.path != PAGE_PATH:
            return notice("Not found", "There is no such page.", 404)
        if call.method == "POST":
            return await _submit(call, world)
        token = first(call.params(), "token") or ""
        return page_html.form((await _visit(call, world, token)).page)
    except Refusal as refused:
        return refused.answer
    except (AttributeError, KeyError, TypeError):
        return notice(_UNAVAILABLE, "StackOne's answer cannot be understood.", 502)


async def _submit(call: Call, world: World) -> Answer:
    """Connect what was entered: on to the confirmation, or the form again with the reason (H9, H10, H13)."""
    entered = _entered(call)
    visit = await _visit(call, world, entered.pop("token", ""))
    values = {key[len(_PREFIX) :]: value for key, value in entered.items() if key.startswith(_PREFIX)}
    for one in visit.page.fields:
        given = values.get(one.key, "")
        if not one.secret:
            one.value = given
        if one.required and not given:
            one.problem = f"Enter the {one.label}."
    if visit.page.failed:
        return page_html.form(visit.page, 422)
    if visit.trigger_token:
        values[TRIGGER_TOKEN_FIELD] = visit.trigger_token
    known = {one.key for one in visit.page.fields} | {TRIGGER_TOKEN_FIELD}
    credentials = {key: value for key, value in values.items() if value and key in known}
    body = {"integration_id": visit.profile, "credentials": credentials}
    method, path = ("PATCH", f"/hub/accounts/{visit.account_id}") if visit.account_id else ("POST", "/hub/accounts")
    reply = await _hub(call, world, visit.token, method, path, body=body)
    told = reply.json()
    account_id = visit.account_id or (told.get("id") if isinstance(told, dict) else None)
    if _whole(reply) and reply.status < 300 and account_id:
        where = f"integrations/connected?{urlencode({'account_id': account_id})}"
        return Answer(303, content_type=None, headers=[("Location", where), ("Cache-Control", "no-store")])
    if reply.status in _ABOUT_THE_LINK:
        _check_link(world, visit.token)
    _mark(visit.page, reply, [one for one in visit.page.fields if one.secret and values.get(one.key)], values)
    return page_html.form(visit.page, 422)


def _mark(page: FormPage, reply: Answer, secrets: list[Field], values: dict[str, str]) -> None:
    """Put the reason of a refusal into the page, next to the field that it is about."""
    fields = {one.key: one for one in page.fields}
    for key, problem in problems_of_fields(reply).items():
        if key in fields:
            fields[key].problem = f"{fields[key].label} {problem}."
    explained = explain(reply if _whole(reply) and reply.status >= 300 else None, page.connector)
    hidden = [values[one.key] for one in secrets]
    page.problem, page.details = _without(hidden, explained.heading), [_without(hidden, explained.detail)]
    about = [one for one in page.fields if one.secret is explained.about_secret]
    if explained.about_secret is not None and about and not any(one.problem for one in page.fields):
        about[0].problem = explained.advice


def _without(secrets: list[str], text: str) -> str:
    """Return the text without what was entered, in case that Freshservice or a fault repeats it."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


async def _visit(call: Call, world: World, token: str) -> Visit:
    """Ask the Hub what its widget asks first. Raises Refusal with a page if there is no form to show."""
    _check_link(world, token)
    settings = await _asked(call, world, token, "/hub/settings")
    session = world.sessions.live(token)
    owner = session.origin_owner_name if session else ""
    listed = await _asked(call, world, token, "/hub/connectors")
    account_id = settings.get("existing_account_id")
    view = await _asked(call, world, token, f"/hub/accounts/{account_id}") if account_id else {}
    profiles = [one for one in listed.get("integrations", []) if one["active"] or account_id]
    wanted = view.get("integrationId") or (session.integration_id if session else None)
    profile = next((one for one in profiles if one["integration_id"] == wanted), next(iter(profiles), None))
    if profile is None:
        raise Refusal(notice("Nothing to connect", "No configured integrations available.", 409))
    config = (await _asked(call, world, token, f"/hub/connectors/{profile['integration_id']}"))["config"]
    visible = [one for one in _fields(config, profile) if one["key"] != TRIGGER_TOKEN_FIELD]
    form = FormPage(owner, config["name"], token, [_field(one, view) for one in visible], editing=bool(account_id))
    return Visit(token, profile["integration_id"], form, account_id, listed.get("external_trigger_token"))


def _fields(config: dict[str, Any], profile: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of the config in its new or its legacy form (H5)."""
    if "authentication" in config:
        return config["authentication"][profile["authentication_config_key"]][profile["environment"]]["fields"]
    return config.get("configFields", [])


def _field(definition: dict[str, Any], view: dict[str, Any]) -> Field:
    key, secret = definition["key"], is_secret(definition)
    stored = view.get("setupInformation", {}).get(key) or definition.get("value") or ""
    placeholder = view.get("secrets", {}).get(key)
    if not secret or placeholder is None:
        return Field(key, definition, secret, "" if secret else str(stored), str(definition.get("description") or ""))
    tail = placeholder.rpartition("*")[2]
    ending = f" It ends with {tail}." if tail else ""
    return Field(key, definition, secret, hint=f"One is stored.{ending} Leave this empty to keep it.", stored=True)


async def _asked(call: Call, world: World, token: str, path: str) -> dict[str, Any]:
    """Return what the Hub says, or raise Refusal with a page."""
    reply = await _hub(call, world, token, "GET", path)
    told = reply.json() if _whole(reply) else None
    if reply.status == 200 and isinstance(told, dict):
        return told
    if reply.status in _ABOUT_THE_LINK:
        _check_link(world, token)
    raise Refusal(notice(_UNAVAILABLE, explain(reply if _whole(reply) else None, "StackOne").detail, 502))


async def _hub(call: Call, world: World, token: str, method: str, path: str, body: Any = None) -> Answer:
    """Call the Hub as the widget does (H1)."""
    headers = {"content-type": "application/json", "x-hub-session-token": token, "x-hub-version": _HUB_VERSION}
    data = b"" if body is None else json.dumps(body).encode()
    hub_call = Call(
        Service.HUB, method, path, headers=headers, body=data, caller=Caller.CUSTOMER, base_url=call.base_url
    )
    return await world.send(hub_call)


def _whole(reply: Answer) -> bool:
    return reply.delivery is Delivery.WHOLE


def _check_link(world: World, token: str) -> None:
    """Raise Refusal with a page unless the link works, and its account, if it names one, exists (S55, S56)."""
    session = world.sessions.live(token)
    if session is not None:
        if session.account_id and session.account_id not in world.accounts.by_id:
            advice = "Ask the person who sent the link to you for a new one."
            raise Refusal(notice("The account of this link was unlinked", advice, 410))
        return
    session = world.sessions.any(token)
    again = "Ask the person who sent it to you for a new one."
    if session is None:
        raise Refusal(notice("This link is not valid", f"Check that it is complete. {again}", 404))
    how = "has been used already" if session.used else "has expired"
    raise Refusal(notice(f"This link {how}", again, 410))


def _entered(call: Call) -> dict[str, str]:
    """Return the values of the form, each once. Raises Refusal if it is not one."""
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
        try:
            values = parse_qs(
                call.body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, strict_parsing=True
            )
            return {name: given[0] for name, given in values.items()}
        except ValueError:
            pass
    raise Refusal(notice("This cannot be read", "Open the link again and use its form.", 400))


def _connected(call: Call, world: World) -> Answer:
    """Confirm an account, without anything that was entered but the domain."""
    account = world.accounts.by_id.get(first(call.params(), "account_id") or "")
    if account is None:
        return notice("Not found", "There is no such account.", 404)
    facts = {"Account": account.id, "Status": account.status, **account.setup_information}
    if account.status == "active":
        text = "Account successfully connected to Freshservice. You can close this page."
        return notice("Connection Successful", text, 200, facts)
    reasons = "; ".join(str(reason.get("description")) for reason in account.status_reasons)
    text = (
        reasons or "StackOne has the values, and the account is not active yet. Load this page again to see how it is."
    )
    return notice("Not connected" if account.status == "error" else "Almost connected", text, 200, facts)
