# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client that uses `requests` costs at least: the same threads and requests as `pool`, through a bare adapter.

`python -m tests.benchmark.requests_pool VARS`, where VARS is the JSON file that the playbooks get with `-e @`. It has no
session, no retries and no deadline of its own, and prepares nothing: what it costs beyond `pool` is that of the library.
"""

from __future__ import annotations

import json
import ssl
import sys
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from .pool import TIMEOUT_S, Pool, basic, main


class _Adapter(HTTPAdapter):
    """Uses one TLS context for all connections, as loading the authorities for each would cost most of the time."""

    def __init__(self, context: ssl.SSLContext, threads: int) -> None:
        self._context = context
        super().__init__(pool_connections=2 * threads + 8, pool_maxsize=threads)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED"


class RequestsPool(Pool):
    """Links like `Pool`, with `requests`."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__(given)
        self._adapter = _Adapter(self._context, self._threads)

    def _check_key(self, tenant: dict[str, str]) -> Any:
        url = self._freshservice.replace("{domain}", tenant["domain"])
        headers = {"Authorization": basic(tenant["api_key"], "X"), "Connection": "close"}
        return self._send("GET", f"{url}/api/v2/agents/me", headers)

    def _ask(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> Any:
        return self._send(method, self._stackone + path, headers, body)

    def _send(self, method: str, url: str, headers: dict[str, str], body: Any = None) -> Any:
        request = requests.PreparedRequest()
        request.method, request.url, request.headers = method, url, CaseInsensitiveDict(headers)
        if body is not None:
            request.body = json.dumps(body).encode()
            request.headers.update({"Content-Type": "application/json", "Content-Length": str(len(request.body))})
        with self._adapter.send(request, timeout=TIMEOUT_S) as response:
            text = response.content
        if response.status_code >= 300:
            raise SystemExit(f"{method} {url}: HTTP {response.status_code}")
        return json.loads(text)


if __name__ == "__main__":
    sys.exit(main(RequestsPool))
