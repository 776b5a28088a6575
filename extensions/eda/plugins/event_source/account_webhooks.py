# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackOne's account webhooks as events of ansible-rulebook.

ansible-rulebook loads a source as a single file, without the import system of collections: nothing of this collection can be
imported here. What decides stands first and needs the standard library alone; the server below brings in aiohttp, which
ansible-rulebook depends on itself.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import re
import ssl
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import web

DOCUMENTATION = r"""
---
short_description: Receive StackOne's account webhooks
version_added: 1.0.0
description:
  - Tells a rulebook that a linked account was created, updated, deleted, expired, or turned to error.
  - Takes only what is signed with the webhook's secret, was sent within O(max_age), and was not received before. Everything else
    is refused, with one line in the log, and no rule sees it.
  - C(GET /health) is answered with 200, for probes of a load balancer or a monitor. Only a delivery that is refused is a
    warning in the log.
  - A delivery that was received before is answered with 200 and makes no second event, since StackOne may deliver twice. So is one
    that is not about an account of O(provider).
  - An event holds under C(payload) only what a rule needs, each a text, empty where StackOne did not say it. These are
    C(event), C(event_date), C(sent_at), C(account_id), C(provider), C(origin_owner_id), C(origin_owner_name), and C(domain),
    which is the bare Freshservice domain.
  - These texts are harmless. They are cut to 256 characters, control characters are taken out, and what Ansible would take for
    the beginning of a template is broken by a space.
author:
  - tenantlink.stackone contributors (@tenantlink)
options:
  host:
    description:
      - The address to listen on. By default only this machine can connect, such as a reverse proxy that ends TLS.
    type: str
    default: 127.0.0.1
  port:
    description:
      - The TCP port to listen on.
    type: int
    required: true
  path:
    description:
      - The path of the URL that StackOne sends to. Every other path is answered with 404.
    type: str
    default: /stackone/accounts
  secret:
    description:
      - The webhook's signing secret.
      - Take it from a vaulted variable. An empty one is an error.
    type: str
    required: true
  previous_secret:
    description:
      - A second secret that is taken as well, while one replaces the other. Empty when there is none.
    type: str
    default: ""
  provider:
    description:
      - The provider whose accounts make events, in any letter case.
    type: str
    default: freshservice
  max_age:
    description:
      - Seconds that the time in C(sent_at) may lie in the past. In the future it may lie 300, as clocks differ.
      - A day by default, because a delivery that could not be made at once may be repeated with the time of its first try. An
        event only says which tenant to look at, so an old one does no harm.
    type: int
    default: 86400
  max_body:
    description:
      - Bytes that a delivery may have.
    type: int
    default: 65536
  backlog:
    description:
      - Events that wait for the rulebook. Further ones are refused with 503 until it has caught up.
    type: int
    default: 1000
  max_connections:
    description:
      - Connections at a time. When there is one more, the oldest is closed, so that silent ones keep nobody out.
    type: int
    default: 100
  certfile:
    description:
      - File with the server's certificate and its chain, for HTTPS.
    type: str
  keyfile:
    description:
      - File with the private key, where it is not in O(certfile).
    type: str
  password:
    description:
      - The password of the private key.
    type: str
"""

EXAMPLES = r"""
- tenantlink.stackone.account_webhooks:
    port: 5010
    secret: "{{ stackone_webhook_secret }}"

# While the secret is being rotated, with TLS, for every machine to reach
- tenantlink.stackone.account_webhooks:
    host: 0.0.0.0
    port: 5010
    secret: "{{ stackone_webhook_secret }}"
    previous_secret: "{{ stackone_webhook_previous_secret | default('') }}"
    certfile: /etc/pki/tls/certs/webhooks.pem
    keyfile: /etc/pki/tls/private/webhooks.key
"""

logger = logging.getLogger(__name__)

SIGNATURE_HEADER = "x-stackone-signature"
_HEALTH_PATH = "/health"
_READ_TIMEOUT_S = 10
_CONNECTION_S = 2 * _READ_TIMEOUT_S
"""For all of a connection, which carries one request: handshake, headers, body and answer."""
_MORE_THAN_BODY = 1 << 20
"""Bytes of a connection besides a body: headers, and what comes before a body is known to be too large."""
_FUTURE_S = 300
"""How far clocks may differ."""
_REMEMBERED = 100_000
_TELL_AGAIN_S = 60
_TEXT_LIMIT = 256
_TEMPLATE_START = re.compile(r"\{(?=[{%#])")
_HOST = re.compile(r"(?:https?://)?([^./]+)(?:\.freshservice\.com)?/?")
_RECORDED = ("event", "event_date", "sent_at", "account_id", "provider", "origin_owner_id", "origin_owner_name")
_COUNTS = {"port", "max_age", "max_body", "backlog", "max_connections"}
_TEXTS = {"host", "path", "provider", "certfile", "keyfile", "password"}
_SECRETS = {"secret", "previous_secret"}


@dataclass(frozen=True)
class Settings:
    """The arguments of the source, checked. Times are in seconds, sizes in bytes."""

    port: int
    secrets: tuple[bytes, ...] = field(repr=False)
    host: str = "127.0.0.1"
    path: str = "/stackone/accounts"
    provider: str = "freshservice"
    max_age: int = 86400
    max_body: int = 65536
    backlog: int = 1000
    max_connections: int = 100
    certfile: str | None = None
    keyfile: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Decision:
    """What to answer, why, and the event to hand on, if it is one."""

    status: int
    reason: str
    event: dict[str, str] | None = None
    is_probe: bool = False

    @property
    def level(self) -> int:
        """How loudly to log it: a delivery that was refused is worth a look, a probe is not."""
        return logging.INFO if self.is_probe or self.status == 200 else logging.WARNING


class Memory:
    """The deliveries of the last while, by what was signed: one body has several spellings of its signature.

    What came first is forgotten first, so that keeping one costs the same however many are known.
    """

    def __init__(self, limit: int = _REMEMBERED) -> None:
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._limit = limit

    def has(self, body: bytes) -> bool:
        """Whether it was received before."""
        return _digest(body) in self._until

    def keep(self, body: bytes, until: float, now: float) -> None:
        """Remember a delivery until then, and forget what has become too old to be taken anyway. Times are epoch seconds."""
        self._until[_digest(body)] = until
        while len(self._until) > self._limit or next(iter(self._until.values())) < now:
            self._until.popitem(last=False)


def settings_from(args: Mapping[str, Any]) -> Settings:
    """The arguments that ansible-rulebook passes; an empty one is not set. Raises ValueError, never with a secret's value."""
    given = {name: value for name, value in args.items() if value is not None and value != ""}
    unknown = set(given) - _COUNTS - _TEXTS - _SECRETS
    if unknown:
        raise ValueError(f"unknown arguments: {', '.join(sorted(unknown))}")
    counts = {name: _count(given[name], name) for name in _COUNTS & set(given)}
    texts = {name: _text(given[name], name) for name in _TEXTS & set(given)}
    secret, previous = (_text(given.get(name, ""), name).strip().encode() for name in ("secret", "previous_secret"))
    if not secret:
        raise ValueError("secret is missing or empty: without it, anybody could send events")
    if "port" not in counts:
        raise ValueError("port is missing")
    settings = Settings(secrets=(secret, previous) if previous else (secret,), **counts, **texts)
    if not settings.path.startswith("/"):
        raise ValueError("path must begin with a slash")
    if settings.keyfile and not settings.certfile:
        raise ValueError("keyfile needs certfile")
    return settings


def _text(value: Any, name: str) -> str:
    """A rulebook's templates turn text that looks like a number into one."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"{name} must be a text")
    return str(value)


def _count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not str(value).isdecimal() or int(value) < 1:
        raise ValueError(f"{name} must be a whole number from 1")
    return int(value)


def is_signed(body: bytes, signature: str, secrets: tuple[bytes, ...]) -> bool:
    """Whether the signature is of this body by one of the secrets. Every secret is tried, so that the time tells nothing."""
    given = signature.strip().rstrip("=").encode("utf-8", "replace")
    matches = [hmac.compare_digest(sign(body, secret), given) for secret in secrets]
    return any(matches)


def sign(body: bytes, secret: bytes) -> bytes:
    """The signature of a body: base64url of an HMAC-SHA256, without padding."""
    return base64.urlsafe_b64encode(hmac.new(secret, body, hashlib.sha256).digest()).rstrip(b"=")


def decide(body: bytes, signature: str, settings: Settings, memory: Memory, now: float) -> Decision:
    """What a delivery is worth at that moment (epoch seconds). Nothing in it is looked at before its signature is."""
    if not signature:
        return Decision(401, "there is no signature")
    if not is_signed(body, signature, settings.secrets):
        return Decision(401, "the signature is wrong")
    record = _object(body)
    if record is None:
        return Decision(400, "the body is not a JSON object")
    sent = moment(record.get("sent_at"))
    if sent is None:
        return Decision(400, "sent_at is missing or not a time")
    if now - sent > settings.max_age or sent - now > _FUTURE_S:
        return Decision(400, f"it was sent {abs(now - sent):.0f} seconds {'ago' if sent < now else 'from now'}")
    if memory.has(body):
        return Decision(200, "it was received before")
    event = event_from(record)
    if not event["event"].startswith("account."):
        return Decision(200, "it is not about an account")
    if event["provider"].lower() != settings.provider.lower():
        return Decision(200, "it is about another provider")
    return Decision(200, "it is taken", event)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def moment(text: Any) -> float | None:
    """An ISO 8601 time as epoch seconds, UTC where it names no zone; None when it is none."""
    try:
        parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)).timestamp()
    except (AttributeError, ValueError, OverflowError):
        return None


def event_from(record: Mapping[str, Any]) -> dict[str, str]:
    """What a rule needs of a delivery, in harmless texts."""
    setup = record.get("setup_information")
    domain = harmless(setup.get("domain")) if isinstance(setup, dict) else ""
    return {**{name: harmless(record.get(name)) for name in _RECORDED}, "domain": bare_domain(domain)}


def harmless(value: Any) -> str:
    """A text that is safe to print and that Ansible takes for no template; other values than texts and numbers are empty."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    shown = "".join(char for char in str(value) if not unicodedata.category(char).startswith("C"))
    return _TEMPLATE_START.sub("{ ", shown)[:_TEXT_LIMIT]


def bare_domain(text: str) -> str:
    """C(mycompany), however a form stores it; empty when it is no host of Freshservice."""
    found = _HOST.fullmatch(text.strip().lower())
    return found.group(1) if found else ""


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


class Receiver:
    """Answers deliveries, and puts those that are events into the backlog."""

    def __init__(self, settings: Settings, backlog: asyncio.Queue[dict[str, Any]]) -> None:
        self._settings = settings
        self._backlog = backlog
        self._memory = Memory()

    def application(self) -> web.Application:
        """The web application. It is asked about every path, so that every refusal is logged alike."""
        from aiohttp import web

        application = web.Application(client_max_size=self._settings.max_body)
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        from aiohttp import web

        try:
            decision = await self._decision(request)
        except Exception as error:
            # Such as a connection that broke off. Its words could hold what was sent.
            decision = Decision(400, f"it could not be read: {type(error).__name__}")
        logger.log(decision.level, "Webhook from %s answered %s: %s", request.remote, decision.status, decision.reason)
        response = web.Response(status=decision.status, text=decision.reason)
        # A connection that waits for more would be one that can be lost to others.
        response.force_close()
        return response

    async def _decision(self, request: web.Request) -> Decision:
        from aiohttp import web

        if request.method in ("GET", "HEAD") and request.path == _HEALTH_PATH:
            return Decision(200, "it is waiting for webhooks", is_probe=True)
        if request.path != self._settings.path:
            return Decision(404, "nothing is here", is_probe=request.method != "POST")
        if request.method != "POST":
            return Decision(405, "only POST is taken", is_probe=True)
        try:
            body = await asyncio.wait_for(request.read(), _READ_TIMEOUT_S)
        except web.HTTPRequestEntityTooLarge:
            return Decision(413, "the body is too large")
        except asyncio.TimeoutError:
            return Decision(408, "the body took too long")
        return self._taken(body, request.headers.get(SIGNATURE_HEADER, ""))

    def _taken(self, body: bytes, signature: str) -> Decision:
        now = time.time()
        decision = decide(body, signature, self._settings, self._memory, now)
        if decision.event is None:
            return decision
        try:
            self._backlog.put_nowait({"payload": decision.event})
        except asyncio.QueueFull:
            return Decision(503, "too many events are waiting")
        # Not remembered before it is safe, so that what had no room can be delivered again.
        self._memory.keep(body, now + self._settings.max_age + _FUTURE_S, now)
        return decision


class Door:
    """Lets connections in to a server: so many at a time, each for so long. The newest ones are served.

    aiohttp itself waits for ever for the first request of a connection, and asyncio for a minute for its handshake.
    """

    def __init__(self, server: web.Server, tls: ssl.SSLContext | None, settings: Settings) -> None:
        self.server = server
        self.tls = tls
        self.most_bytes = settings.max_body + _MORE_THAN_BODY
        self._limit = settings.max_connections
        self._inside: OrderedDict[Connection, None] = OrderedDict()
        self._told = 0.0

    def __call__(self) -> Connection:
        """Make the protocol of a new connection."""
        return Connection(self)

    def entered(self, connection: Connection) -> None:
        """Make room for one more."""
        self._inside[connection] = None
        if len(self._inside) > self._limit:
            self._tell()
            oldest, _nothing = self._inside.popitem(last=False)
            oldest.drop()

    def left(self, connection: Connection) -> None:
        """Forget a connection that is over."""
        self._inside.pop(connection, None)

    def close(self) -> None:
        """Put everybody out."""
        for connection in list(self._inside):
            connection.drop()

    def _tell(self) -> None:
        if time.monotonic() - self._told > _TELL_AGAIN_S:
            self._told = time.monotonic()
            logger.warning("More than %s connections at a time: the oldest are closed", self._limit)


class Connection(asyncio.Protocol):
    """Stands between a connection and aiohttp from its first moment, the handshake included, until it is closed."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._inner: Any = door.server()
        self._loop = asyncio.get_running_loop()
        self._handshake: asyncio.Task[None] | None = None
        self._begun = False
        self._early: list[bytes] = []
        self._received = 0

    def connection_made(self, transport: Any) -> None:
        """Come in."""
        self._transport = transport
        self._timer = self._loop.call_later(_CONNECTION_S, self.drop)
        self._door.entered(self)
        if self._door.tls is None:
            self._begin(transport)
        else:
            transport.pause_reading()
            self._handshake = self._loop.create_task(self._shake_hands(self._door.tls))

    async def _shake_hands(self, context: ssl.SSLContext) -> None:
        try:
            transport = await self._loop.start_tls(self._transport, self, context, server_side=True)
        except OSError as error:
            logger.info("A connection was closed, since its TLS handshake failed: %s", type(error).__name__)
            self.drop()
            return
        if transport is not None:
            self._begin(transport)

    def _begin(self, transport: Any) -> None:
        self._begun = True
        self._inner.connection_made(transport)
        for data in self._early:
            self._inner.data_received(data)
        self._early.clear()

    def drop(self) -> None:
        """Close it at once."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Hand on what came, up to a limit. It may come together with the end of the handshake."""
        self._received += len(data)
        if self._received > self._door.most_bytes:
            self.drop()
        elif self._begun:
            self._inner.data_received(data)
        else:
            self._early.append(data)

    def eof_received(self) -> bool | None:
        """Hand on that no more comes."""
        return self._inner.eof_received() if self._begun else None

    def pause_writing(self) -> None:
        """Hand on that the other side does not read."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Hand on that it reads again."""
        self._inner.resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Go, which makes room."""
        self._timer.cancel()
        self._door.left(self)
        if self._begun:
            self._inner.connection_lost(exc)


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The server's side of TLS, or None for plain HTTP. Raises OSError, of which ssl.SSLError is one, for files that do not do."""
    if not settings.certfile:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.certfile, settings.keyfile, settings.password)
    return context


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Serve until cancelled.

    Deliveries go into a backlog, and from there to the rulebook, whose own queue holds one event and may keep a sender waiting.
    """
    from aiohttp import web

    settings = settings_from(args)
    tls = tls_context(settings)
    backlog: asyncio.Queue[dict[str, Any]] = asyncio.Queue(settings.backlog)
    # aiohttp would log a traceback for everything that is not HTTP.
    silent = logging.getLogger("tenantlink.stackone.account_webhooks.http")
    silent.setLevel(logging.CRITICAL)
    # A signature is of the body as it was sent, so nothing is decompressed.
    application = Receiver(settings, backlog).application()
    runner = web.AppRunner(application, access_log=None, logger=silent, auto_decompress=False)
    await runner.setup()
    door = Door(runner.server, tls, settings)
    listener = await asyncio.get_running_loop().create_server(door, settings.host, settings.port)
    try:
        logger.info("Waiting for account webhooks on %s port %s, path %s", settings.host, settings.port, settings.path)
        while True:
            await queue.put(await backlog.get())
    finally:
        listener.close()
        door.close()
        await runner.cleanup()
