# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process: one server that says when it is ready and stops when it is told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from .aim import aimed
from .app import App
from .exchange import connect
from .places import Places
from .tls import Certificate
from .wire import Connection
from .world import World

_PARENT_CHECK_S = 0.2
_GRACE_S = 1
_BACKLOG = 2048


@dataclass
class Serving:
    """Where to listen, and for how long: until a signal, or the death of the parent if that is given."""

    host: str = "127.0.0.1"
    port: int = 0
    certificate: Certificate | None = None
    parent: int | None = None
    variables: Path | None = None
    """A folder for the variables of playbooks."""


def serve(world: World, serving: Serving) -> None:
    """Serve, with uvloop if it is installed, which is faster."""
    try:
        from uvloop import run
    except ImportError:
        run = asyncio.run
    run(_serve(world, serving))


async def _serve(world: World, serving: Serving) -> None:
    connect(world)
    listening = _listen(serving.host, serving.port)
    certificate = serving.certificate
    port, scheme = listening.getsockname()[1], "https" if certificate else "http"
    app = App(world, Places(scheme, certificate.authority if certificate else None))
    connections: set[Connection] = set()
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(
        lambda: Connection(app.answer, connections),
        sock=listening,
        backlog=_BACKLOG,
        ssl=certificate.context() if certificate else None,
    )
    ready = app.places.ready(f"{_reachable(serving.host)}:{port}")
    with aimed(serving.variables, world, ready) if serving.variables else nullcontext():
        print(json.dumps(ready), flush=True)
        await _until_stopped(stopped, serving.parent)
        server.close()
        await _end(connections)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    if not host.startswith("127.") and host != "::1":
        print(
            f"The emulator listens on {host}. It is a test double: whoever reaches it can read and change everything in it."
            " Never give it real keys.",
            file=sys.stderr,
        )
    return listening


def _reachable(host: str) -> str:
    """Return the host of an address that leads to where this one listens, from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


async def _until_stopped(stopped: asyncio.Event, parent: int | None) -> None:
    if parent is None:
        await stopped.wait()
    while not stopped.is_set() and os.getppid() == parent:
        await asyncio.sleep(_PARENT_CHECK_S)


async def _end(connections: set[Connection]) -> None:
    """Close all connections; those that are answering have a moment to finish."""
    for connection in list(connections):
        connection.end()
    deadline = asyncio.get_running_loop().time() + _GRACE_S
    while connections and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.01)
