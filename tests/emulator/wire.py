# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 on one connection, with what a web framework hides: cut connections and the letter case of header names."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from http import HTTPStatus

from .message import Answer, Delivery
from .reader import Malformed, Request, RequestReader

_KEEP_ALIVE_S = 75
_DRIP_PAUSE_S = 0.05
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

Answerer = Callable[[Request], Awaitable[Answer]]


class Connection(asyncio.Protocol):
    """Answers the requests of one connection, one after the other, and is in `connections` while it is open."""

    def __init__(self, answer: Answerer, connections: set[Connection]) -> None:
        self._answer = answer
        self._connections = connections
        self._reader = RequestReader()
        self._task: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for requests."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._loop = asyncio.get_running_loop()
        self._connections.add(self)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._reader.feed(data)
        self._proceed()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection. A request that runs has its effect all the same."""
        self._connections.discard(self)
        self._stop_waiting()

    def end(self) -> None:
        """Close the connection, after the answer to a request that runs."""
        self._reader.close()
        if self._task is None:
            self._transport.close()

    def _proceed(self) -> None:
        if self._task is not None or self._transport.is_closing():
            return
        try:
            request = self._reader.next()
        except Malformed as wrong:
            self._write(Answer(wrong.status, str(wrong).encode(), "text/plain; charset=utf-8"), body=True, keep=False)
            self._transport.close()
            return
        if request is not None:
            self._stop_waiting()
            self._task = self._loop.create_task(self._serve(request))
        elif self._reader.takes_continue():
            self._transport.write(_CONTINUE)

    async def _serve(self, request: Request) -> None:
        try:
            answer = await self._answer(request)
        except Exception:
            traceback.print_exc()
            answer = Answer(500, b"The emulator failed; its standard error says why", "text/plain; charset=utf-8")
        await self._deliver(answer, request)
        self._task = None
        if request.keep_alive and not self._reader.closed:
            self._wait()
            self._proceed()
        else:
            self._transport.close()

    async def _deliver(self, answer: Answer, request: Request) -> None:
        if answer.delivery is Delivery.DROPPED:
            self._transport.abort()
            return
        self._write(answer, body=request.method != "HEAD", keep=request.keep_alive)
        if answer.delivery is Delivery.TRUNCATED:
            self._transport.close()
        while answer.delivery is Delivery.DRIP and not self._transport.is_closing():
            self._transport.write(b"1\r\n \r\n")
            await asyncio.sleep(_DRIP_PAUSE_S)

    def _write(self, answer: Answer, body: bool, keep: bool) -> None:
        data = b"" if answer.delivery is Delivery.DRIP or not body else answer.body
        if answer.delivery is Delivery.TRUNCATED:
            data = data[: len(data) // 2]
        self._transport.write(_head(answer, keep) + data)

    def _wait(self) -> None:
        self._stop_waiting()
        self._idle = self._loop.call_later(_KEEP_ALIVE_S, self._transport.close)

    def _stop_waiting(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None


def _head(answer: Answer, keep: bool) -> bytes:
    """Return the head of an answer, with the headers' names as they are spelled."""
    given = {name.lower() for name, _value in answer.headers}
    lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}", f"Date: {formatdate(usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.content_type and "content-type" not in given:
        lines.append(f"Content-Type: {answer.content_type}")
    if answer.delivery is Delivery.DRIP:
        lines.append("Transfer-Encoding: chunked")
    elif answer.status != 204 and "content-length" not in given:
        lines.append(f"Content-Length: {len(answer.body)}")
    if not keep:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def _phrase(status: int) -> str:
    return _PHRASES.get(status, "Unknown")
