# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne with its Hub, and Freshservice, on a raw socket: it answers as it is told, byte by byte.

Written from RFC 9110 and 9112 and from docs/api_facts.md. It shares no code with the emulator or with the client, so
that a mistake in one of them is not repeated here.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

STACKONE_KEY = "v1.eu1.RawServerStackOneKey0001"
REDACTED = "__secretvalue:**redacted**"
JSON = {"Content-Type": "application/json"}
NOW = "2026-11-01T08:00:00.000Z"
NOT_FOUND = {"statusCode": 404, "message": "Account not found", "timestamp": NOW}


@dataclass(frozen=True)
class Request:
    """One request as it came over the wire. `path` is not decoded."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any

    @property
    def kind(self) -> str:
        """Name what is asked for, with `*` for an id."""
        path = re.sub(r"^/fs/[^/]*", "", self.path)
        path = re.sub(r"^(/accounts|/hub/accounts|/hub/connectors)/.+", r"\1/*", path)
        return f"{self.method} {path}"


DRIP_SECONDS = 120.0
"""How long an answer without end goes on: far longer than any reader should wait for it."""


@dataclass(frozen=True)
class Endless:
    """What is written again and again behind an answer: a drip with a pause, a flood without."""

    piece: bytes
    pause: float = 0.05


@dataclass(frozen=True)
class Reply:
    """One answer before it is written: `raw` replaces every byte of it, `close` ends the connection behind it, and
    `endless` never ends.
    """

    status: int
    data: Any = None
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    text: bytes | None = None
    raw: bytes | None = None
    close: bool = False
    endless: Endless | None = None

    @property
    def body(self) -> bytes:
        """Return the content."""
        if self.text is not None:
            return self.text
        return b"" if self.data is None else json.dumps(self.data).encode()

    def bytes(self) -> bytes:
        """Return what is written."""
        if self.raw is not None:
            return self.raw
        lines = [f"HTTP/1.1 {self.status} Status", *(f"{name}: {value}" for name, value in self.headers.items())]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


Trick = Callable[["RawServer", Request, Callable[[], Reply]], Reply]
"""Makes the answer to a request; it calls the last argument to have the request carried out."""


@dataclass
class Seen:
    """One request in the journal. `shown` are the accounts of its answer, `made` what it changed in the store."""

    request: Request
    reply: Reply | None = None
    shown: list[dict[str, Any]] = field(default_factory=list)
    owner: str | None = None
    made: bool = False


class RawServer:
    """Both services, and one store of accounts."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.reset()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self.accounts: dict[str, dict[str, Any]] = {}
            self.stored: dict[str, dict[str, str]] = {}
            self.keys: dict[str, str] = {}
            self.sessions: dict[str, dict[str, Any]] = {}
            self.journal: list[Seen] = []
            self.trick: Trick | None = None
            self.page_cap = 100

    def close(self) -> None:
        """Take no more connections."""
        self._socket.close()

    def add(self, owner: str, domain: str, key: str, **fields: Any) -> dict[str, Any]:
        """Store an account."""
        serial = len(self.stored) + 1
        account = {
            "id": f"453209761035984{serial:05d}", "provider": "freshservice", "status": "active",
            "origin_owner_id": owner, "origin_owner_name": owner, "origin_username": None, "label": None,
            "type": "production", "setup_information": {"domain": domain}, "status_reasons": [],
            "created_at": NOW, "updated_at": NOW, **fields,
        }  # fmt: skip
        self.accounts[account["id"]] = account
        self.stored[account["id"]] = {"domain": domain, "apiKey": key}
        return account

    def _accept(self) -> None:
        while True:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rb") as lines:
            connection.settimeout(20)
            while True:
                request = _read(lines)
                if request is None:
                    return
                reply = self._answer(request)
                connection.sendall(reply.bytes())
                if reply.endless:
                    _write_on(connection, reply.endless)
                    return
                if reply.close:
                    connection.shutdown(socket.SHUT_RDWR)
                    return

    def _answer(self, request: Request) -> Reply:
        with self._lock:
            seen = Seen(request)
            self.journal.append(seen)

            def carry_out() -> Reply:
                before = json.dumps([self.accounts, self.stored])
                reply = self._route(request, seen)
                seen.made = json.dumps([self.accounts, self.stored]) != before
                return reply

            reply = self.trick(self, request, carry_out) if self.trick else carry_out()
            seen.reply = reply
            if request.kind in ("GET /accounts", "GET /accounts/*") and reply.status == 200:
                rows = reply.data.get("data", [reply.data]) if isinstance(reply.data, dict) else reply.data
                seen.shown = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
            return reply

    def _route(self, request: Request, seen: Seen) -> Reply:
        kind, name = request.kind, unquote(request.path.rpartition("/")[2])
        if request.path.startswith("/fs/"):
            return self._freshservice(request)
        if kind.partition(" ")[2].startswith("/hub/"):
            session = self.sessions.get(request.headers.get("x-hub-session-token", ""))
            if session is None:
                return Reply(401, {"statusCode": 401, "message": "Unauthorized"})
            seen.owner = session["origin_owner_id"]
            return self._hub(kind, name, request, session)
        if _user(request) != STACKONE_KEY:
            return Reply(401, {"statusCode": 401, "message": "Unauthorized"})
        return self._platform(kind, name, request)

    def _freshservice(self, request: Request) -> Reply:
        domain = request.path.split("/")[2]
        if request.kind not in ("GET /api/v2/agents/me", "GET /api/v2/agents"):
            return Reply(404, {})
        if self.keys.get(domain) != _user(request):
            return Reply(401, {"code": "invalid_credentials", "message": "You have to be logged in."})
        return Reply(200, {"agent": self.agent(domain)})

    def agent(self, domain: str) -> dict[str, Any]:
        """Return the agent that a tenant's key belongs to."""
        return {
            "id": 21000000000 + len(domain),
            "email": f"agent@{domain}.example",
            "active": True,
            "occasional": False,
        }

    def _platform(self, kind: str, name: str, request: Request) -> Reply:
        account = self.accounts.get(name)
        if kind == "GET /accounts":
            return Reply(200, self._listed(request.query))
        if kind == "POST /connect_sessions":
            token = f"session-token-{len(self.sessions):04d}-of-the-raw-server"
            self.sessions[token] = request.body
            link = f"https://app.example/embedded?token={token}"
            return Reply(201, {"id": 1, "token": token, "auth_link_url": link, **request.body})
        if kind == "POST /connect_sessions/authenticate":
            return Reply(201 if request.body.get("token") in self.sessions else 401, {"id": 1})
        if kind == "GET /actions":
            return Reply(200, {"next": None, "data": [{"key": "freshservice_get_current_agent"}]})
        if kind == "POST /actions/rpc":
            stored = self.stored[request.headers["x-account-id"]]
            good = self.keys.get(stored["domain"]) == stored["apiKey"]
            refused = {"statusCode": 401, "message": "Refused", "errorCode": "AccountInvalidCredentialsError"}
            return Reply(200, {"data": {"agent": self.agent(stored["domain"])}}) if good else Reply(401, refused)
        if kind == "POST /unified/proxy":
            stored = self.stored[request.headers["x-account-id"]]
            good = self.keys.get(stored["domain"]) == stored["apiKey"]
            return Reply(200, {"status": 200 if good else 401, "data": {"agent": self.agent(stored["domain"])}})
        if account is None or kind not in ("GET /accounts/*", "PATCH /accounts/*", "DELETE /accounts/*"):
            return Reply(404, NOT_FOUND)
        if request.method == "PATCH":
            account.update(request.body, updated_at="2026-11-02T08:00:00.000Z")
        if request.method == "DELETE":
            del self.accounts[name]
        return Reply(200, account)

    def _listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        rows = [
            account
            for account in self.accounts.values()
            if query.get("provider", account["provider"]) == account["provider"]
            and query.get("origin_owner_id", account["origin_owner_id"]) == account["origin_owner_id"]
        ]
        size = min(int(query.get("page_size", 25)), self.page_cap)
        start = (max(int(query.get("page", 1)), 1) - 1) * size
        return [dict(row) for row in rows[start : start + size]]

    def _hub(self, kind: str, name: str, request: Request, session: dict[str, Any]) -> Reply:
        if kind == "GET /hub/settings":
            twin = next((row for row in self.accounts.values() if _same(row, session)), None)
            return Reply(200, {"enabled_features": [], **({"existing_account_id": twin["id"]} if twin else {})})
        profile = {"integration_id": "profile-1", "provider": "freshservice", "active": True, "name": "Freshservice"}
        if kind == "GET /hub/connectors":
            return Reply(200, {"integrations": [profile]})
        if kind == "GET /hub/connectors/*":
            domain = {"key": "domain", "label": "Domain", "required": True, "secret": False, "type": "text"}
            key = {"key": "apiKey", "label": "API Key", "required": True, "secret": True, "type": "password"}
            return Reply(200, {"config": {"key": "freshservice", "type": "custom", "configFields": [domain, key]}})
        if kind == "POST /hub/accounts":
            return self._linked(session, request.body["credentials"])
        if name not in self.accounts:
            return Reply(404, NOT_FOUND)
        if kind == "PATCH /hub/accounts/*":
            self._store(name, request.body["credentials"])
            return Reply(200, {"id": name, "provider": "freshservice"})
        stored = self.stored[name]
        return Reply(200, {
            "secureId": name, "provider": "freshservice", "setupInformation": {"domain": stored["domain"]},
            "secrets": {"apiKey": REDACTED + stored["apiKey"][-4:]}, "integrationId": "profile-1",
        })  # fmt: skip

    def _linked(self, session: dict[str, Any], credentials: dict[str, str]) -> Reply:
        names = ("origin_owner_name", "origin_username", "label", "type")
        fields = {name: session[name] for name in names if session.get(name) is not None}
        account = self.add(session["origin_owner_id"], credentials["domain"], credentials["apiKey"], **fields)
        return Reply(201, {"id": account["id"], "provider": "freshservice"})

    def _store(self, name: str, credentials: dict[str, str]) -> None:
        self.stored[name].update(credentials)
        self.accounts[name]["setup_information"] = {"domain": self.stored[name]["domain"]}
        self.accounts[name].update(status="active", updated_at="2026-11-03T08:00:00.000Z")


def _write_on(connection: socket.socket, endless: Endless) -> None:
    """Write until the other side has gone, or nobody should still be reading. Raises OSError."""
    end = time.monotonic() + DRIP_SECONDS
    piece = endless.piece if endless.pause else endless.piece * (65536 // len(endless.piece))
    while time.monotonic() < end:
        connection.sendall(piece)
        time.sleep(endless.pause)


def on(kind: str, change: Callable[[RawServer, Request, Reply], Reply], first: int = 1, last: int = 10**9) -> Trick:
    """Return a trick that changes the answers to one kind of request, from the first to the last such request."""
    count = [0]

    def trick(server: RawServer, request: Request, carry_out: Callable[[], Reply]) -> Reply:
        reply = carry_out()
        if request.kind != kind:
            return reply
        count[0] += 1
        return change(server, request, reply) if first <= count[0] <= last else reply

    return trick


def instead(kind: str, reply: Reply, last: int = 10**9) -> Trick:
    """Return a trick that answers one kind of request without carrying it out."""
    count = [0]

    def trick(_server: RawServer, request: Request, carry_out: Callable[[], Reply]) -> Reply:
        if request.kind != kind:
            return carry_out()
        count[0] += 1
        return replace(reply) if count[0] <= last else carry_out()

    return trick


def _read(lines: Any) -> Request | None:
    """Read one request; `None` where the other side has closed the connection."""
    start = lines.readline(65536)
    if not start.strip():
        return None
    method, target, _version = start.decode("latin-1").split()
    headers = {}
    while (line := lines.readline(65536).strip()) != b"":
        name, _colon, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    content = lines.read(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return Request(method, parts.path, query, headers, json.loads(content) if content else None)


def _user(request: Request) -> str | None:
    scheme, _space, credentials = request.headers.get("authorization", "").partition(" ")
    return base64.b64decode(credentials).decode().partition(":")[0] if scheme.lower() == "basic" else None


def _same(account: dict[str, Any], session: dict[str, Any]) -> bool:
    names = ("origin_owner_id", "origin_owner_name")
    return all(account[name] == session[name] for name in names) and account["provider"] == session["provider"]
