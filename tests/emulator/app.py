# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the service that a request is for, and answer it."""

from __future__ import annotations

from . import admin
from .exchange import exchange
from .message import Answer, Call, Service, json_answer
from .places import Places
from .reader import Request
from .world import World

_ADMIN = "/_admin"
_STACKONE = "/stackone"
_FRESHSERVICE = "/freshservice/"


class App:
    """Answers requests, to the services and to the admin interface."""

    def __init__(self, world: World, places: Places) -> None:
        self._world = world
        self.places = places

    async def answer(self, request: Request) -> Answer:
        """Answer one request."""
        if request.path.startswith(_ADMIN + "/"):
            if _of_another_origin(request):
                return json_answer({"error": "a web page of another origin may not use the admin interface"}, 403)
            path, ready = request.path[len(_ADMIN) :], self.places.ready(request.headers.get("host", ""))
            return await admin.answer(request.method, path, request.query, request.body, self._world, ready)
        call = _call(request, self.places.scheme)
        if call is None:
            return json_answer({"error": f"nothing is emulated at {request.path}"}, 404)
        return await exchange(call, self._world)


def _of_another_origin(request: Request) -> bool:
    """Return whether a browser sends this for a web page that is not from here."""
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2].lower() != request.headers.get("host", "").lower()


def _call(request: Request, scheme: str) -> Call | None:
    """Return the call by host name, else by path prefix; None when neither names a service."""
    authority = request.headers.get("host", "")
    host, path = authority.partition(":")[0].lower(), request.path
    base = f"{scheme}://{authority}"
    domain = None
    if host.endswith(".freshservice.com"):
        service, domain = Service.FRESHSERVICE, host[: -len(".freshservice.com")]
    elif host.startswith("api.") and host.endswith(".stackone.com"):
        service = Service.STACKONE
    elif path.startswith(_STACKONE + "/"):
        service, path, base = Service.STACKONE, path[len(_STACKONE) :], base + _STACKONE
    elif path.startswith(_FRESHSERVICE):
        label, slash, rest = path[len(_FRESHSERVICE) :].partition("/")
        service, domain = Service.FRESHSERVICE, label.lower()
        path, base = slash + rest, base + _FRESHSERVICE + label
    else:
        return None
    if service is Service.STACKONE and path.startswith("/hub/"):
        service = Service.HUB
    query, headers, body = request.query, request.headers, request.body
    return Call(service, request.method, path, query, headers, body, domain, base_url=base)
