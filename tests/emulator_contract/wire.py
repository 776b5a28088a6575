# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain client on http.client: what is sent is written down in full, and what comes is shown as it came."""

from __future__ import annotations

import base64
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.emulator.handle import Emulator

AGENT = "rehearsal/1.0"


@dataclass
class Reply:
    """A status, the headers with their names as spelled, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, which must say that it is JSON."""
        content_type = next(value for name, value in self.headers.items() if name.lower() == "content-type")
        assert content_type.startswith("application/json"), content_type
        return json.loads(self.body)


def call(url: str, method: str = "GET", headers: dict[str, str] | None = None, body: Any = None) -> Reply:
    """Send one request on a connection of its own. A body is sent as JSON."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    sent = {"User-Agent": AGENT, "Accept": "application/json", **(headers or {})}
    data = None
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent["Content-Type"] = "application/json"
    try:
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def basic(credentials: str) -> dict[str, str]:
    """The header of HTTP Basic, for credentials with whatever colon they have."""
    return {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}


class Services:
    """The emulated services by name."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.key = emulator.stackone_api_key

    def agent_key(self, domain: str = "acme", admin: bool = False) -> str:
        """The key of a tenant's main agent, or of its Account Admin."""
        tenant = self.emulator.tenant(domain)
        return next(agent["api_key"] for agent in tenant["agents"] if agent["admin"]) if admin else tenant["api_key"]

    def freshservice(self, path: str, credentials: str | None = None, domain: str = "acme", **options: Any) -> Reply:
        """Call a tenant, by default with its main key and the password X."""
        headers = basic(credentials or self.agent_key(domain) + ":X")
        return call(self.emulator.freshservice_url.format(domain=domain) + path, headers=headers, **options)

    def stackone(self, method: str, path: str, credentials: str | None = None, **options: Any) -> Reply:
        """Call the platform, by default with the main key and an empty password."""
        headers = {**basic(credentials or self.key + ":"), **options.pop("headers", {})}
        return call(self.emulator.stackone_url + path, method, headers, **options)

    def session(self, **body: Any) -> dict[str, Any]:
        """Open a connect session."""
        body = {"origin_owner_id": "o-1", "origin_owner_name": "Owner", "provider": "freshservice", **body}
        reply = self.stackone("POST", "/connect_sessions", body=body)
        assert reply.status == 201, reply.body
        return reply.json()

    def hub(self, method: str, path: str, token: str, body: Any = None) -> Reply:
        """Call the Hub as the widget does."""
        headers = {"x-hub-session-token": token, "x-hub-version": "1.11.4", "Content-Type": "application/json"}
        return call(self.emulator.stackone_url + "/hub" + path, method, headers, body=body)

    def linked(self, owner: str = "o-1", domain: str = "acme", **session: Any) -> dict[str, Any]:
        """An account that was linked through the Hub; returns it as the platform shows it."""
        made = self.session(origin_owner_id=owner, **session)
        body = {"integration_id": made["integration_id"], "credentials": self.values(domain)}
        reply = self.hub("POST", "/accounts", made["token"], body)
        assert reply.status in (200, 201), reply.body
        return self.stackone("GET", f"/accounts/{reply.json()['id']}").json()

    def values(self, domain: str = "acme", key: str | None = None) -> dict[str, str]:
        """What a customer enters."""
        return {"domain": domain, "apiKey": key or self.agent_key(domain)}
