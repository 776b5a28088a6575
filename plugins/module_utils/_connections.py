# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that know whether a request was written to them, with one TLS context for all."""

from __future__ import annotations

import ssl
import threading
from typing import Any

try:
    import requests
    from requests.adapters import HTTPAdapter
except Exception:
    HTTPAdapter = object  # type: ignore[misc, assignment]


class Wire(threading.local):
    """What the current thread knows of its request.

    C(written) is false only as long as no byte of the request was handed to a connection that stands. Then the server
    cannot have carried it out.
    """

    written = False


WIRE = Wire()


class _WatchedConnection:
    """Notes when a request is written. What connecting writes, to a proxy or for TLS, is not part of the request."""

    sock: Any
    auto_open: int
    _connecting = False

    def connect(self) -> None:
        self._connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._connecting = False

    def send(self, data: Any) -> None:
        if not self._connecting:
            if self.sock is None and self.auto_open:
                # The standard library would connect after this line, and a failure of that proves that nothing was sent.
                self.connect()
            WIRE.written = True
        super().send(data)  # type: ignore[misc]


class TlsAdapter(HTTPAdapter):
    """Hands every connection the shared context, through a proxy as well, and lets it note what it writes."""

    def __init__(self, context: ssl.SSLContext, pool_connections: int, pool_maxsize: int) -> None:
        self._context = context
        self._lock = threading.Lock()
        super().__init__(pool_connections, pool_maxsize)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        _watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        # Two threads could each make one, and one of them use it before it is watched.
        with self._lock:
            if proxy not in self.proxy_manager:
                # The second context is for a proxy that is itself spoken to over TLS.
                contexts = {"ssl_context": self._context, "proxy_ssl_context": self._context}
                _watch(super().proxy_manager_for(proxy, **contexts, **kwargs))
            return self.proxy_manager[proxy]

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        # The context holds the certificates; loading them again into each connection would cost
        # 15 ms, and would add the public ones to a private ca_path.
        conn.cert_reqs = "CERT_REQUIRED" if verify else "CERT_NONE"


def proxies_for(proxy: str | None, url: str) -> dict[str, str]:
    """Return the declared proxy, else the environment's, for a host that C(NO_PROXY) does not exempt."""
    if requests.utils.should_bypass_proxies(url, no_proxy=None):
        return {}
    return {"http": proxy, "https": proxy} if proxy else requests.utils.get_environ_proxies(url)


def _watch(manager: Any) -> None:
    """Let all connections of a pool manager note what they write, of whatever kind they are."""
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _watched(pool) for scheme, pool in classes.items()}


def _watched(pool: Any) -> Any:
    connection = type(pool.ConnectionCls.__name__, (_WatchedConnection, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})
