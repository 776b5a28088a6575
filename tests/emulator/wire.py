# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ASGI hides and the emulator needs: cutting a connection, and the letter case of header names."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol


class Wire:
    """A transport that can restore the case of header names, which the server writes in lower case."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._spelled: list[bytes] = []

    def spell(self, names: list[bytes]) -> None:
        """Write these header names as they are in the next head."""
        self._spelled = names

    def write(self, data: bytes) -> None:
        """Write, the head with its header names as they were meant."""
        if self._spelled:
            for name in self._spelled:
                data = data.replace(b"\r\n%b: " % name.lower(), b"\r\n%b: " % name, 1)
            self._spelled = []
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class WiredProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Calls the application as `app(wire, scope, receive, send)`."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Put a wire between the server and the transport."""
        wire = Wire(transport)
        self.app = partial(self.app, wire)
        super().connection_made(wire)
