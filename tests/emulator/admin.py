# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The admin interface: look at and change everything, as dashboards and people do out of band."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from . import keys
from .faults import Fault
from .json_text import decoded
from .kinds import DELAY_MS, FLAG, check, whole
from .message import Answer, json_answer
from .places import variables
from .routing import Router
from .sessions import DEFAULT_SCOPES, Scope
from .switches import described
from .webhooks import Target
from .world import World

router = Router()
_Thing = TypeVar("_Thing")


class Missing(Exception):
    """No such tenant or account."""


async def answer(method: str, path: str, query: str, body: bytes, world: World, ready: dict[str, Any]) -> Answer:
    """One admin request; what is not understood is a 400 that says why. `ready` is where the caller finds everything."""
    about = _ABOUT.get(path) if method == "GET" else None
    route = router.find(method, path)
    if about is None and route is None:
        return json_answer({"error": f"no admin operation {method} {path}"}, 404)
    try:
        if about is not None:
            return about(world, ready)
        data = decoded(body) if body else {}
        result = await route.handler(world, data or dict(parse_qsl(query)), **route.names)
    except Missing as missing:
        return json_answer({"error": f"not found: {missing}"}, 404)
    except (ValueError, TypeError, AttributeError, KeyError) as wrong:
        return json_answer({"error": f"{type(wrong).__name__}: {wrong}"}, 400)
    return json_answer(result)


def _authority(_world: World, ready: dict[str, Any]) -> Answer:
    """Return the certificate of the authority to trust, for callers on other machines."""
    if ready["ca_path"] is None:
        raise Missing("an authority; start with --tls")
    return Answer(200, Path(ready["ca_path"]).read_bytes(), "application/x-pem-file")


def _help(_world: World, _ready: dict[str, Any]) -> Answer:
    """Return what can be asked for here: requests with their meaning, switches with their values, properties of faults."""
    about = {f"GET {path}": _first_line(handler) for path, handler in _ABOUT.items()}
    operations = {f"{method} {path}": _first_line(handler) for method, path, handler in router.listed}
    return json_answer(
        {"requests": {**about, **operations}, "switches": described(), "fault_properties": Fault.properties()}
    )


def _first_line(handler: Callable[..., Any]) -> str:
    return (handler.__doc__ or "").partition("\n")[0]


def _where(_world: World, ready: dict[str, Any]) -> Answer:
    """Return the addresses and the keys of StackOne, as the ready line has them."""
    return json_answer(ready)


def _variables(world: World, ready: dict[str, Any]) -> Answer:
    """Return the same as variables of the role, with every tenant and its key."""
    return json_answer(variables(world, ready))


_ABOUT: dict[str, Callable[[World, dict[str, Any]], Answer]] = {
    "/help": _help,
    "/ready": _where,
    "/variables": _variables,
    "/authority": _authority,
}
"""What depends on how the caller reached the emulator."""


def _known(mapping: dict[str, _Thing], name: str) -> _Thing:
    if name not in mapping:
        raise Missing(name)
    return mapping[name]


_MAKING = {"create": FLAG, "agents": whole(0, 100_000)}
"""What only says how a tenant is made."""


@router.on("GET", "/tenants")
async def tenants(world: World, data: dict[str, Any]) -> Any:
    """All tenants, with their keys."""
    return [tenant.render() for tenant in world.tenants.values()]


@router.on("GET", "/tenants/{domain}")
async def tenant(world: World, data: dict[str, Any], domain: str) -> Any:
    """One tenant, with its keys."""
    return _known(world.tenants, domain.lower()).render()


@router.on("POST", "/tenants/{domain}")
async def change_tenant(world: World, data: dict[str, Any], domain: str) -> Any:
    """Change a tenant or one of its agents; make it when asked to."""
    changes = dict(data)
    check({name: changes[name] for name in _MAKING.keys() & changes.keys()}, _MAKING, "tenant")
    create, agents = changes.pop("create", False), changes.pop("agents", 2)
    found = world.tenants.get(domain.lower())
    if found is None:
        if not create:
            raise Missing(domain)
        found = world.add_tenant(domain, agents)
    new_key = found.change(changes)
    return {**found.render(), **({"new_api_key": new_key} if new_key else {})}


@router.on("DELETE", "/tenants/{domain}")
async def remove_tenant(world: World, data: dict[str, Any], domain: str) -> Any:
    """The tenant is gone."""
    found = _known(world.tenants, domain.lower())
    del world.tenants[found.domain]
    return found.render()


@router.on("GET", "/accounts")
async def accounts(world: World, data: dict[str, Any]) -> Any:
    """Everything stored, secrets included."""
    return [account.stored() for account in world.accounts.by_id.values()]


@router.on("GET", "/tokens")
async def tokens(world: World, data: dict[str, Any]) -> Any:
    """The tokens of all connect sessions, to search for them where they must not be."""
    return world.sessions.tokens()


@router.on("POST", "/accounts")
async def add_account(world: World, data: dict[str, Any]) -> Any:
    """An account linked out of band."""
    if not data.get("origin_owner_id"):
        raise ValueError("origin_owner_id is needed")
    return world.add_account(data).stored()


@router.on("GET", "/accounts/{account_id}")
async def account(world: World, data: dict[str, Any], account_id: str) -> Any:
    """One account as stored."""
    return _known(world.accounts.by_id, account_id).stored()


@router.on("PATCH", "/accounts/{account_id}")
async def change_account(world: World, data: dict[str, Any], account_id: str) -> Any:
    """Change an account out of band."""
    found = _known(world.accounts.by_id, account_id)
    changes = world.stored_form(data, found)
    unknown = set(changes) - set(found.stored()) | set(changes) & {"id"}
    if unknown:
        raise ValueError(f"unknown account property {', '.join(sorted(unknown))}")
    world.accounts.change(found, changes)
    return found.stored()


@router.on("DELETE", "/accounts/{account_id}")
async def remove_account(world: World, data: dict[str, Any], account_id: str) -> Any:
    """Remove an account out of band."""
    found = _known(world.accounts.by_id, account_id)
    world.accounts.remove(found)
    return found.stored()


@router.on("GET", "/requests")
async def requests(world: World, data: dict[str, Any]) -> Any:
    """The journal."""
    return world.journal.rows(data)


@router.on("DELETE", "/requests")
async def clear_requests(world: World, data: dict[str, Any]) -> Any:
    """Empty the journal."""
    world.journal.clear()
    return {}


@router.on("POST", "/faults")
async def add_faults(world: World, data: Any) -> Any:
    """Set one fault or several."""
    faults = [Fault.parse(entry) for entry in (data if isinstance(data, list) else [data])]
    world.faults.add(faults)
    return {"added": len(faults)}


@router.on("DELETE", "/faults")
async def clear_faults(world: World, data: dict[str, Any]) -> Any:
    """Take all faults away."""
    world.faults.clear()
    return {}


@router.on("GET", "/switches")
async def switches(world: World, data: dict[str, Any]) -> Any:
    """All switches."""
    return asdict(world.switches)


@router.on("POST", "/switches")
async def set_switches(world: World, data: dict[str, Any]) -> Any:
    """Change some switches."""
    world.switches.change(data)
    return asdict(world.switches)


@router.on("GET", "/profiles")
async def profiles(world: World, data: dict[str, Any]) -> Any:
    """The connector profiles."""
    return [asdict(profile) for profile in world.profiles.values()]


@router.on("POST", "/profiles")
async def set_profiles(world: World, data: Any) -> Any:
    """Replace the connector profiles."""
    world.set_profiles(data if isinstance(data, list) else [])
    return [asdict(profile) for profile in world.profiles.values()]


@router.on("POST", "/keys")
async def add_key(world: World, data: dict[str, Any]) -> Any:
    """A new StackOne key."""
    rpm = data.get("rpm", world.options.stackone_rpm)
    whole(0).check("rpm", rpm)
    scopes = frozenset(map(Scope, data["scopes"])) if "scopes" in data else DEFAULT_SCOPES
    value = keys.stackone_key(f"extra {len(world.stackone_keys)}")
    added = world.add_key(value, rpm, scopes)
    added.project = data.get("project", added.project)
    return {"stackone_api_key": value, "scopes": sorted(scope.value for scope in scopes)}


@router.on("POST", "/webhooks")
async def aim_webhooks(world: World, data: dict[str, Any]) -> Any:
    """Send the events of accounts somewhere from now on, or nowhere."""
    target = Target(**data) if data else None
    world.webhooks.aim(target)
    return {"url": target.url if target else None}


@router.on("GET", "/webhooks")
async def deliveries(world: World, data: dict[str, Any]) -> Any:
    """The deliveries so far."""
    return world.webhooks.rows()


@router.on("POST", "/latency")
async def latency(world: World, data: dict[str, Any]) -> Any:
    """Wait before every answer."""
    check(data, {"ms": DELAY_MS}, "latency", needed=("ms",))
    world.latency_ms = float(data["ms"])
    return {"ms": world.latency_ms}


@router.on("POST", "/reset")
async def reset(world: World, data: dict[str, Any]) -> Any:
    """Back to the state after start-up."""
    world.reset()
    return {}
