# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load generator that costs as little as possible, to find out how much the emulator can take.

`python -m tests.benchmark.load VARS MIX SECONDS` prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import sys
import time
from collections.abc import Iterator
from enum import Enum
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

CONNECTIONS = 32


class Mix(str, Enum):
    """What is asked for. Connections are kept alive unless it says otherwise."""

    KEY_CHECKS = "GET agents/me"
    LINKS = "GET agents/me, POST connect_sessions, POST hub/accounts"
    NEW_KEY_CHECKS = "GET agents/me, each on a new connection"
    NEW_LINKS = "first link: GET agents/me on a new connection, then both POSTs"

    @property
    def links(self) -> bool:
        """Whether accounts are made."""
        return self in (Mix.LINKS, Mix.NEW_LINKS)

    @property
    def reconnects(self) -> bool:
        """Whether each key check has a connection of its own."""
        return self in (Mix.NEW_KEY_CHECKS, Mix.NEW_LINKS)


class Connection:
    """One HTTP connection, opened when it is needed."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._where = {"host": host, "port": port, "ssl": context}
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(**self._where)  # type: ignore[arg-type]
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return int(head[9:12]), await reader.readexactly(length)

    def close(self) -> None:
        """Let the next request open a new one."""
        if self._streams:
            self._streams[1].transport.abort()
        self._streams = None


class Load:
    """Sends one kind of load for some seconds."""

    def __init__(self, given: dict[str, Any], mix: Mix, seconds: float) -> None:
        self._given = given
        self._mix = mix
        self._until = time.monotonic() + seconds
        self._context = _context() if given["ca_path"] else None
        self._profile = given["profile"]
        self.sent = 0
        self.refused = 0

    async def run(self) -> None:
        """Keep all connections busy until the time is over."""
        tenants = cycle(self._given["tenants"])
        await asyncio.gather(*(self._worker(tenants) for _count in range(CONNECTIONS)))

    async def _worker(self, tenants: Iterator[dict[str, str]]) -> None:
        parts = urlsplit(self._given["stackone_url"])
        assert parts.hostname
        assert parts.port
        kept = Connection(parts.hostname, parts.port, self._context)
        checking = Connection(parts.hostname, parts.port, self._context) if self._mix.reconnects else kept
        while time.monotonic() < self._until:
            tenant = next(tenants)
            url = self._given["freshservice_url"].replace("{domain}", tenant["domain"])
            await self._send(checking, "GET", f"{url}/api/v2/agents/me", _basic(tenant["api_key"], "X"))
            if self._mix.reconnects:
                checking.close()
            if self._mix.links:
                await self._link(kept, tenant)
        kept.close()

    async def _link(self, kept: Connection, tenant: dict[str, str]) -> None:
        base, owner = self._given["stackone_url"], tenant["origin_owner_id"]
        wanted = {"provider": "freshservice", "origin_owner_id": owner, "origin_owner_name": owner}
        auth = _basic(self._given["stackone_api_key"], "")
        session = json.loads(await self._send(kept, "POST", f"{base}/connect_sessions", auth, wanted))
        filled = {
            "integration_id": self._profile,
            "credentials": {"domain": tenant["domain"], "apiKey": tenant["api_key"]},
        }
        token = f"x-hub-session-token: {session['token']}\r\n"
        await self._send(kept, "POST", f"{base}/hub/accounts", token, filled)

    async def _send(self, connection: Connection, method: str, url: str, headers: str, body: Any = None) -> bytes:
        parts = urlsplit(url)
        content = json.dumps(body).encode() if body else b""
        length = f"content-length: {len(content)}\r\n" if body else ""
        head = f"{method} {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\n{headers}{length}\r\n"
        status, answer = await connection.send(head.encode() + content)
        self.sent += 1
        self.refused += status >= 300
        return answer


def _context() -> ssl.SSLContext:
    """No verification: here only the server's work counts, and its certificate is not what is tested."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _basic(user: str, password: str) -> str:
    return f"authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}\r\n"


def main() -> None:
    """Send the load, and say what became of it."""
    path, mix, seconds = sys.argv[1:]
    load = Load(json.loads(Path(path).read_text()), Mix[mix], float(seconds))
    began, cpu = time.monotonic(), time.process_time()
    uvloop.run(load.run())
    took = time.monotonic() - began
    busy = (time.process_time() - cpu) / took
    print(json.dumps({"sent": load.sent, "refused": load.refused, "seconds": took, "busy": busy}))


if __name__ == "__main__":
    main()
