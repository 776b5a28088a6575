# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that receives StackOne's account webhooks.

aiohttp comes with ansible-rulebook, and is needed by nothing else of this collection.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from .deliveries import FUTURE_S, HEALTH_PATH, Decision, Memory, Settings, decide

if TYPE_CHECKING:
    from aiohttp import web

logger = logging.getLogger("tenantlink.stackone.webhooks")

SIGNATURE_HEADER = "x-stackone-signature"
_READ_TIMEOUT_S = 10
_CONNECTION_S = 2 * _READ_TIMEOUT_S
"""The time for all of a connection, which carries one request: handshake, headers, body and answer."""
_MORE_THAN_BODY = 1 << 20
"""Bytes of a connection in addition to a body: headers, and data that arrives before a body is known to be too large."""
_WARN_AGAIN_S = 60

Take = Callable[[dict[str, str]], bool]
"""Accepts an event, and returns whether there was room for it."""


@asynccontextmanager
async def served(settings: Settings, take: Take) -> AsyncIterator[None]:
    """Receive webhooks for as long as the context lasts. Raises OSError if it cannot listen or use its files."""
    from aiohttp import web

    tls = tls_context(settings)
    # aiohttp would log a traceback for everything that is not HTTP.
    silent = logging.getLogger(f"{logger.name}.http")
    silent.setLevel(logging.CRITICAL)
    # A signature is of the body as it was sent, so nothing is decompressed.
    application = Receiver(settings, take).application()
    runner = web.AppRunner(application, access_log=None, logger=silent, auto_decompress=False)
    await runner.setup()
    door = Door(runner.server, tls, settings)
    try:
        listener = await asyncio.get_running_loop().create_server(door, settings.host, settings.port)
    except OSError as error:
        await runner.cleanup()
        # Errors about a host name have numbers of their own.
        reason = os.strerror(error.errno) if (error.errno or 0) > 0 else error.strerror
        raise OSError(
            f"cannot listen on port {settings.port} of host {settings.host} ({reason}). Choose"
            " another, or stop the rulebook that has it."
        ) from None
    try:
        logger.info("Waiting for account webhooks on %s port %s, path %s", settings.host, settings.port, settings.path)
        yield
    finally:
        listener.close()
        door.close()
        await runner.cleanup()


class Receiver:
    """Answers deliveries, and hands on those that are events."""

    def __init__(self, settings: Settings, take: Take) -> None:
        self._settings = settings
        self._take = take
        self._memory = Memory()

    def application(self) -> web.Application:
        """Return the web application. It handles every path, so that every refusal is logged in the same way."""
        from aiohttp import web

        application = web.Application(client_max_size=self._settings.max_body)
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        from aiohttp import web

        try:
            decision = await self._decision(request)
        except Exception as error:
            # For example a connection that broke off. The error's words could hold what was sent.
            decision = Decision(400, f"it could not be read: {type(error).__name__}")
        logger.log(decision.level, "Webhook from %s answered %s: %s", request.remote, decision.status, decision.reason)
        response = web.Response(status=decision.status, text=decision.reason)
        # A connection that is kept open for more requests could be dropped in favour of newer ones.
        response.force_close()
        return response

    async def _decision(self, request: web.Request) -> Decision:
        from aiohttp import web

        if request.method in ("GET", "HEAD") and request.path == HEALTH_PATH:
            return Decision(200, "it is waiting for webhooks", is_probe=True)
        if request.path != self._settings.path:
            return Decision(404, "nothing is here", is_probe=request.method != "POST")
        if request.method != "POST":
            return Decision(405, "only POST is taken", is_probe=True)
        try:
            body = await asyncio.wait_for(request.read(), _READ_TIMEOUT_S)
        except web.HTTPRequestEntityTooLarge:
            return Decision(413, "the body is too large")
        except asyncio.TimeoutError:
            return Decision(408, "the body took too long")
        return self._taken(body, request.headers.get(SIGNATURE_HEADER, ""))

    def _taken(self, body: bytes, signature: str) -> Decision:
        now = time.time()
        decision = decide(body, signature, self._settings, self._memory, now)
        if decision.event is None:
            return decision
        if not self._take(decision.event):
            return Decision(503, "too many events are waiting")
        # Remembered only once it is safe, so that a delivery for which there was no room can be repeated.
        self._memory.keep(body, now + self._settings.max_age + FUTURE_S, now)
        return decision


class Door:
    """Limits the connections to a server, in number and in time. The newest ones are served.

    aiohttp itself waits for ever for the first request of a connection, and asyncio for a minute for its handshake.
    """

    def __init__(self, server: web.Server, tls: ssl.SSLContext | None, settings: Settings) -> None:
        self.server = server
        self.tls = tls
        self.most_bytes = settings.max_body + _MORE_THAN_BODY
        self._limit = settings.max_connections
        self._inside: OrderedDict[Connection, None] = OrderedDict()
        self._warned_at = 0.0

    def __call__(self) -> Connection:
        """Make the protocol of a new connection."""
        return Connection(self)

    def entered(self, connection: Connection) -> None:
        """Make room for one more connection."""
        self._inside[connection] = None
        if len(self._inside) > self._limit:
            self._warn()
            oldest, _nothing = self._inside.popitem(last=False)
            oldest.drop()

    def left(self, connection: Connection) -> None:
        """Forget a connection that is over."""
        self._inside.pop(connection, None)

    def close(self) -> None:
        """Close all connections."""
        for connection in list(self._inside):
            connection.drop()

    def _warn(self) -> None:
        if time.monotonic() - self._warned_at > _WARN_AGAIN_S:
            self._warned_at = time.monotonic()
            logger.warning("More than %s connections at a time: the oldest are closed", self._limit)


class Connection(asyncio.Protocol):
    """Stands between a connection and aiohttp from its first moment, the handshake included, until it is closed."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._inner: Any = door.server()
        self._loop = asyncio.get_running_loop()
        self._handshake: asyncio.Task[None] | None = None
        self._started = False
        self._early: list[bytes] = []
        self._received = 0

    def connection_made(self, transport: Any) -> None:
        """Start the timer and, if there is TLS, the handshake."""
        self._transport = transport
        self._timer = self._loop.call_later(_CONNECTION_S, self.drop)
        self._door.entered(self)
        if self._door.tls is None:
            self._start(transport)
        else:
            transport.pause_reading()
            self._handshake = self._loop.create_task(self._shake_hands(self._door.tls))

    async def _shake_hands(self, context: ssl.SSLContext) -> None:
        try:
            transport = await self._loop.start_tls(self._transport, self, context, server_side=True)
        except OSError as error:
            logger.info("A connection was closed, since its TLS handshake failed: %s", type(error).__name__)
            self.drop()
            return
        if transport is not None:
            self._start(transport)

    def _start(self, transport: Any) -> None:
        self._started = True
        self._inner.connection_made(transport)
        for data in self._early:
            self._inner.data_received(data)
        self._early.clear()

    def drop(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Hand on received data, up to a limit. It may arrive together with the end of the handshake."""
        self._received += len(data)
        if self._received > self._door.most_bytes:
            self.drop()
        elif self._started:
            self._inner.data_received(data)
        else:
            self._early.append(data)

    def eof_received(self) -> bool | None:
        """Hand on that no more data will come."""
        return self._inner.eof_received() if self._started else None

    def pause_writing(self) -> None:
        """Hand on that the other side does not read."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Hand on that it reads again."""
        self._inner.resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Release the connection's place."""
        self._timer.cancel()
        self._door.left(self)
        if self._started:
            self._inner.connection_lost(exc)


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return the server's side of TLS, or `None` for plain HTTP. Raises OSError (or its ssl.SSLError) for unusable files."""
    if not settings.certfile:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.certfile, settings.keyfile, settings.password or "")
    except OSError as error:
        files = " and keyfile ".join(filter(None, (settings.certfile, settings.keyfile)))
        raise OSError(f"certfile {files}: certificate, key and password cannot be used ({error}).") from None
    return context
