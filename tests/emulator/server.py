# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process: one uvicorn server that says when it is ready and stops when it is told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import uvicorn

from .aim import aimed
from .app import App
from .exchange import connect
from .tls import Certificate
from .wire import WiredProtocol
from .world import MAIN_KEY, SMALL_QUOTA_KEY, World

_PARENT_CHECK_S = 0.2
_GRACE_S = 1


class Server(uvicorn.Server):
    """Prints the ready line once it accepts connections, and follows its parent into the grave."""

    def __init__(self, config: uvicorn.Config, ready: dict[str, Any], parent: int | None) -> None:
        super().__init__(config)
        self._ready = ready
        self._parent = parent
        self._watch: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections, then say so."""
        await super().startup(sockets=sockets)
        if self._parent is not None:
            self._watch = asyncio.create_task(self._follow_parent(self._parent))
        print(json.dumps(self._ready), flush=True)

    async def _follow_parent(self, parent: int) -> None:
        while os.getppid() == parent:
            await asyncio.sleep(_PARENT_CHECK_S)
        self.should_exit = True


def serve(
    world: World, port: int, certificate: Certificate | None, parent: int | None, variables: Path | None = None
) -> None:
    """Serve until SIGTERM, SIGINT, or the death of the parent. `variables` is a folder for those of playbooks."""
    connect(world)
    listening = socket.create_server(("127.0.0.1", port), backlog=2048)
    config = uvicorn.Config(
        App(world),  # type: ignore[arg-type]
        http=WiredProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE_S,
        ssl_certfile=certificate.server if certificate else None,
    )
    # The server raises the signal that stopped it once more when it is done; that must not kill us
    # before the certificate directory is removed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    ready = _ready(listening.getsockname()[1], certificate)
    with aimed(variables, world, ready) if variables else nullcontext():
        Server(config, ready, parent).run(sockets=[listening])


def _ready(port: int, certificate: Certificate | None) -> dict[str, Any]:
    base = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    return {
        "stackone_url": f"{base}/stackone",
        "stackone_api_key": MAIN_KEY,
        "stackone_small_quota_api_key": SMALL_QUOTA_KEY,
        "freshservice_url": f"{base}/freshservice/{{domain}}",
        "admin_url": f"{base}/_admin",
        "ca_path": certificate.authority if certificate else None,
    }
