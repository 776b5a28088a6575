# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of this machine: a free one, one that is listened on, and a server that nobody should send anything to."""

from __future__ import annotations

import socket
import ssl
import threading


class Listener:
    """A server that nobody should send anything to: it takes connections, and notes what comes."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.received: list[bytes] = []
        self.connections = 0
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.scheme = "https" if context else "http"
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            try:
                connection.settimeout(2)
                if self._context:
                    connection = self._context.wrap_socket(connection, server_side=True)
                self.received.append(connection.recv(65536))
            except OSError:
                pass
            finally:
                connection.close()


def unused_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Return whether somebody listens on a port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
