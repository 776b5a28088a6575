# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that are tied to the request that they carry, and share one TLS context."""

from __future__ import annotations

import http.client
import logging
import ssl
import threading
from typing import Any
from urllib.parse import urlsplit

from .deadlines import CURRENT, CutOff, Handle

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
except Exception:
    HTTPAdapter = object  # type: ignore[misc, assignment]


class _Unheard(logging.Filter):
    """Drop log records of urllib3 about our requests: they quote answers, which may repeat secrets that we sent.

    Other users of urllib3 in this process log as before.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return CURRENT.call is None


_UNHEARD = _Unheard()


def _hush() -> None:
    """Put the filter on each logger of urllib3. A filter on their parent would not see the records of the children."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "urllib3":
            logging.getLogger(name).addFilter(_UNHEARD)


class _FinalResponse(http.client.HTTPResponse):
    """Skip the interim answers that a server may send first (HTTP 103); the standard library skips only HTTP 100."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 < status < 200 or status == http.client.SWITCHING_PROTOCOLS:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _WatchedConnection:
    """Record in the current thread's request which socket carries it, and when it is written.

    Bytes that are written to connect to a proxy or for TLS are not part of the request.
    """

    response_class = _FinalResponse
    sock: Any
    auto_open: int
    _connecting = False
    _handle: Handle | None = None

    def connect(self) -> None:
        self._connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._connecting = False

    def _new_conn(self) -> Any:
        call = CURRENT.call
        try:
            made = call.aside(super()._new_conn) if call else super()._new_conn()  # type: ignore[misc]
        except CutOff:
            raise urllib3.exceptions.ConnectTimeoutError(self, "no connection was made in time") from None
        self._handle = Handle(made)
        if call:
            call.connected = True
            call.carried_by(self._handle)
        return made

    def close(self) -> None:
        # A request that still reads its answer keeps the handle.
        self._handle = None
        super().close()  # type: ignore[misc]

    def send(self, data: Any) -> None:
        call = CURRENT.call
        if call and not self._connecting:
            if self.sock is None and self.auto_open:
                # Connect before `written` is set: if connecting fails, nothing was sent.
                self.connect()
            call.written = True
            if self._handle:
                call.carried_by(self._handle)
        super().send(data)  # type: ignore[misc]


class _WatchedPool:
    """Give a request a new connection, if it must not be sent on one that has carried others."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        if CURRENT.call is None or not CURRENT.call.new_connection:
            return connection
        connection.close()
        return self._new_conn()  # type: ignore[attr-defined]


class TlsAdapter(HTTPAdapter):
    """Give every connection the shared contexts, and watch what it does.

    `proxy_context` is for connections to a proxy over TLS.
    """

    def __init__(
        self, context: ssl.SSLContext, proxy_context: ssl.SSLContext, pool_connections: int, pool_maxsize: int
    ) -> None:
        self._context = context
        self._proxy_context = proxy_context
        self._lock = threading.Lock()
        _hush()
        super().__init__(pool_connections, pool_maxsize)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        _watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        # Without the lock, two threads could each create a manager, and one of them could use it before it is watched.
        with self._lock:
            if proxy not in self.proxy_manager:
                contexts = {"ssl_context": self._context, "proxy_ssl_context": self._proxy_context}
                _watch(super().proxy_manager_for(proxy, **contexts, **kwargs))
            return self.proxy_manager[proxy]

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        # The context has the certificates. Loading them again for each connection would cost 15 ms, and would add the
        # public authorities to a private ca_path.
        conn.cert_reqs = "CERT_REQUIRED" if verify else "CERT_NONE"

    # What follows does what requests does, without what is not needed here, which costs more than the request itself.

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        if proxies:
            return super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        parts = urlsplit(request.url)
        return self.poolmanager.connection_from_host(parts.hostname, parts.port, parts.scheme)

    def request_url(self, request: Any, proxies: Any) -> str:
        return super().request_url(request, proxies) if proxies else request.path_url

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.headers, response.raw, response.request = resp.status, resp.headers, resp, req
        return response


def _watch(manager: Any) -> None:
    """Make a pool manager create watched connections, for every scheme."""
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _watched(pool) for scheme, pool in classes.items()}


def _watched(pool: Any) -> Any:
    connection = type(pool.ConnectionCls.__name__, (_WatchedConnection, pool.ConnectionCls), {})
    return type(pool.__name__, (_WatchedPool, pool), {"ConnectionCls": connection})
