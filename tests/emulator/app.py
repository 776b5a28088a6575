# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ASGI side: finds the service a request is for, and puts answers on the wire."""

from __future__ import annotations

import asyncio
from typing import Any

from . import admin
from .exchange import exchange
from .message import Answer, Call, Delivery, Service, json_answer
from .wire import Wire
from .world import World

_ADMIN = "/_admin"
_STACKONE = "/stackone"
_FRESHSERVICE = "/freshservice/"
_DRIP_PAUSE = 0.05


class App:
    """The application of the wired protocol."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, wire: Wire, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        has_body = "content-length" in headers or "transfer-encoding" in headers
        body = await _read(receive) if has_body else b""
        path = scope["path"]
        if path.startswith(_ADMIN):
            query = scope["query_string"].decode("latin-1")
            answer = await admin.answer(scope["method"], path[len(_ADMIN) :], query, body, self._world)
        else:
            call = _call(scope, headers, body)
            if call is None:
                answer = json_answer({"error": f"nothing is emulated at {path}"}, 404)
            else:
                answer = await exchange(call, self._world)
        await _deliver(answer, scope["method"], wire, receive, send)


def _call(scope: dict[str, Any], headers: dict[str, str], body: bytes) -> Call | None:
    """The call by host name, else by path prefix; None when neither names a service."""
    authority = headers.get("host", "")
    host, path = authority.partition(":")[0].lower(), scope["path"]
    base = f"{scope['scheme']}://{authority}"
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
    query = scope["query_string"].decode("latin-1")
    return Call(service, scope["method"], path, query, headers, body, domain, base_url=base)


async def _read(receive: Any) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(parts)


async def _deliver(answer: Answer, method: str, wire: Wire, receive: Any, send: Any) -> None:
    delivery = answer.delivery
    if delivery is Delivery.DROPPED:
        wire.abort()
        await _until_disconnected(receive)
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": _head(answer, wire)})
    if delivery is Delivery.WHOLE or method == "HEAD":
        await send({"type": "http.response.body", "body": answer.body})
    elif delivery is Delivery.TRUNCATED:
        half = answer.body[: len(answer.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        wire.close()
        await _until_disconnected(receive)
    else:
        while not wire.is_closing():
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(_DRIP_PAUSE)


def _head(answer: Answer, wire: Wire) -> list[tuple[bytes, bytes]]:
    head = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    given = {name.lower() for name, _value in head}
    wire.spell([name for name, _value in head])
    if answer.content_type and b"content-type" not in given:
        head.append((b"content-type", answer.content_type.encode("latin-1")))
    if answer.delivery is not Delivery.DRIP and answer.status != 204 and b"content-length" not in given:
        head.append((b"content-length", b"%d" % len(answer.body)))
    return head


async def _until_disconnected(receive: Any) -> None:
    """Wait until the server has noticed, or it would answer 500 or complain."""
    while (await receive())["type"] != "http.disconnect":
        pass
