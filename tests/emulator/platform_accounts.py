# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GET /accounts and GET, PATCH, DELETE /accounts/{id} (S20-S45)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import islice
from typing import Any

from . import moments
from .accounts import Account
from .bodies import json_object, wrong_types
from .message import Answer, Call, Refusal, first, json_answer
from .routing import Router
from .sessions import Scope, StackOneKey
from .stackone_errors import account_missing, invalid
from .world import World

_DEFAULT_PAGE_SIZE = 25
_STRINGS = ("origin_owner_id", "origin_owner_name", "origin_username", "integration_id")
_PATCHABLE = {
    *_STRINGS,
    *("provider", "credentials", "setup_information", "secrets", "authentication_config_key"),
    *("environment", "label", "metadata", "type", "shared"),
}


def register(router: Router) -> None:
    """Put the operations on the router; the v2 paths answer the same (their schema is not known)."""
    for prefix in ("", "/v2"):
        router.on("GET", f"{prefix}/accounts", Scope.PLATFORM_READ)(list_accounts)
        router.on("GET", f"{prefix}/accounts/{{account_id}}", Scope.PLATFORM_READ)(get_account)
    router.on("GET", "/accounts/{account_id}/meta", Scope.PLATFORM_READ)(get_meta)
    router.on("PATCH", "/accounts/{account_id}", Scope.PLATFORM_WRITE)(patch_account)
    router.on("DELETE", "/accounts/{account_id}", Scope.PLATFORM_WRITE)(delete_account)


def find(world: World, account_id: str) -> Account:
    """The account of an id, or the switched refusal (S40)."""
    account = world.accounts.by_id.get(account_id)
    if account is None:
        raise Refusal(account_missing(world.switches.account_missing))
    return account


def _rendered(world: World, key: StackOneKey, account: Account) -> dict[str, Any]:
    return account.render(world.switches, Scope.CREDENTIALS in key.scopes)


async def list_accounts(call: Call, world: World, key: StackOneKey) -> Answer:
    """A page of accounts in the switched shape (S20-S25)."""
    params = call.params()
    switches = world.switches
    page_size = min(_number(params, "page_size", _DEFAULT_PAGE_SIZE), max(1, switches.accounts_page_cap))
    if switches.accounts_paging == "ignored":
        params = {name: values for name, values in params.items() if name not in ("page", "page_size")}
        page_size = max(1, len(world.accounts.by_id))
    page = _number(params, "page", switches.accounts_page_base)
    start = max(0, page - switches.accounts_page_base) * page_size
    accounts, total = _selected(world, params)
    data = [_rendered(world, key, account) for account in islice(accounts, start, start + page_size)]
    if switches.accounts_shape == "array":
        return json_answer(data)
    if switches.accounts_shape == "data":
        return json_answer({"data": data})
    more = str(page + 1) if start + page_size < total else None
    return json_answer({"data": data, "next": more, "total": total})


def _number(params: dict[str, list[str]], name: str, default: int) -> int:
    text = first(params, name)
    if text is None:
        return default
    if not text.isdigit() or (name == "page_size" and int(text) < 1):
        raise Refusal(invalid([f"{name} must be a positive number"]))
    return int(text)


def _selected(world: World, params: dict[str, list[str]]) -> tuple[Iterable[Account], int]:
    """The matching accounts and how many they are, from the narrowest index."""
    filters = params if world.switches.accounts_filters == "honoured" else {}
    owners = _values(filters, "origin_owner_id", "origin_owner_ids")
    providers = {value.lower() for value in _values(filters, "provider", "providers")}
    ids, statuses = _values(filters, "account_ids"), {value.lower() for value in _values(filters, "status")}
    narrow: dict[str, Account]
    if ids:
        known = world.accounts.by_id
        narrow = {one: known[one] for one in ids if one in known}
    elif owners:
        narrow = {one: account for owner in owners for one, account in world.accounts.of_owner(owner).items()}
    elif len(providers) == 1:
        narrow, providers = world.accounts.of_provider(next(iter(providers))), set()
    else:
        narrow = world.accounts.by_id
    hiding = world.switches.eventual_listing_ms > 0
    if not (statuses or hiding or world.switches.accounts_shuffle or ids or providers):
        return narrow.values(), len(narrow)
    now = moments.clock.monotonic()
    found = [
        account
        for account in narrow.values()
        if (not owners or account.origin_owner_id in owners)
        and (not providers or account.provider in providers)
        and (not statuses or account.status in statuses)
        and account.listed_from <= now
    ]
    if world.switches.accounts_shuffle:
        found.sort(key=lambda account: hashlib.sha256(account.id.encode()).digest())
    return found, len(found)


def _values(params: dict[str, list[str]], *names: str) -> dict[str, None]:
    """The values of a filter under its singular and plural names, as repeated keys (S21), each once and in their order."""
    return dict.fromkeys(value for name in names for value in params.get(name, ()))


async def get_account(call: Call, world: World, key: StackOneKey, account_id: str) -> Answer:
    """One account (S40)."""
    return json_answer(_rendered(world, key, find(world, account_id)))


async def get_meta(call: Call, world: World, key: StackOneKey, account_id: str) -> Answer:
    """What the account's provider can do (S45)."""
    return json_answer(find(world, account_id).meta())


async def patch_account(call: Call, world: World, key: StackOneKey, account_id: str) -> Answer:
    """Change what may be changed in place. Nested objects lose their contents on the way (S41-S43)."""
    account = find(world, account_id)
    body = json_object(call)
    problems = _patch_problems(world, body)
    if problems:
        return invalid(problems)
    names = (*_STRINGS, "shared", "metadata")
    changes = {name: body[name] for name in names if body.get(name) is not None}
    if world.switches.patch_owner == "ignored":
        changes.pop("origin_owner_id", None)
    if isinstance(body.get("label"), str) and world.switches.patch_label == "string":
        changes["label"] = body["label"]
    if body.get("type") is not None:
        changes["type"] = body["type"].lower()
    world.accounts.change(account, changes)
    return json_answer(_rendered(world, key, account))


def _patch_problems(world: World, body: dict[str, Any]) -> list[str]:
    switches = world.switches
    problems = wrong_types(body, {**dict.fromkeys(_STRINGS, str), "shared": bool, "metadata": dict})
    if switches.patch_unknown_property == "rejected":
        problems += [f"property {name} should not exist" for name in sorted(set(body) - _PATCHABLE)]
    if switches.patch_owner == "refused" and "origin_owner_id" in body:
        problems.append("origin_owner_id cannot be changed")
    if switches.patch_label == "object_only":
        problems += wrong_types(body, {"label": dict})
    if str(body.get("type") or "production").lower() not in ("production", "test"):
        problems.append("type must be one of the following values: production, test")
    profile = body.get("integration_id")
    if isinstance(profile, str) and profile not in world.profiles:
        problems.append(f"integration {profile} not found")
    return problems


async def delete_account(call: Call, world: World, key: StackOneKey, account_id: str) -> Answer:
    """Remove an account: 200 with its body, or as switched (S44)."""
    account = find(world, account_id)
    world.accounts.remove(account)
    if world.switches.delete_status == 204:
        return Answer(204, content_type=None)
    return json_answer(_rendered(world, key, account), world.switches.delete_status)
