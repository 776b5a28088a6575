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
  - Takes only what is signed with the webhook's secret, was sent a short while ago, and was not received before. Everything else
    is refused, with one line in the log, and no rule sees it.
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
      - Seconds that the time in C(sent_at) may lie in the past or in the future.
    type: int
    default: 300
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
_READ_TIMEOUT_S = 10
_TEXT_LIMIT = 256
_TEMPLATE_START = re.compile(r"\{(?=[{%#])")
_HOST = re.compile(r"(?:https?://)?([^./]+)(?:\.freshservice\.com)?/?")
_RECORDED = ("event", "event_date", "sent_at", "account_id", "provider", "origin_owner_id", "origin_owner_name")
_COUNTS = {"port", "max_age", "max_body", "backlog"}
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
    max_age: int = 300
    max_body: int = 65536
    backlog: int = 1000
    certfile: str | None = None
    keyfile: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Decision:
    """What to answer, why, and the event to hand on, if it is one."""

    status: int
    reason: str
    event: dict[str, str] | None = None

    @property
    def refused(self) -> bool:
        """Whether the sender must learn that it was not taken."""
        return self.status != 200


class Memory:
    """The deliveries of the last while, by what was signed: one body has several spellings of its signature."""

    def __init__(self) -> None:
        self._until: dict[bytes, float] = {}

    def has(self, body: bytes) -> bool:
        """Whether it was received before."""
        return _digest(body) in self._until

    def keep(self, body: bytes, until: float, now: float) -> None:
        """Remember a delivery until then, and forget what has become too old to be taken anyway. Times are epoch seconds."""
        self._until = {digest: end for digest, end in self._until.items() if end >= now}
        self._until[_digest(body)] = until


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
        return Decision(400, "the body is no JSON object")
    sent = moment(record.get("sent_at"))
    if sent is None:
        return Decision(400, "sent_at is missing or no time")
    if abs(now - sent) > settings.max_age:
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

        decision = await self._decision(request)
        level = logging.WARNING if decision.refused else logging.INFO
        logger.log(level, "Webhook from %s answered %s: %s", request.remote, decision.status, decision.reason)
        return web.Response(status=decision.status, text=decision.reason)

    async def _decision(self, request: web.Request) -> Decision:
        from aiohttp import web

        if request.path != self._settings.path:
            return Decision(404, "nothing is here")
        if request.method != "POST":
            return Decision(405, "only POST is taken")
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
        self._memory.keep(body, now + 2 * self._settings.max_age, now)
        return decision


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
    backlog: asyncio.Queue[dict[str, Any]] = asyncio.Queue(settings.backlog)
    # A signature is of the body as it was sent, so nothing is decompressed.
    runner = web.AppRunner(Receiver(settings, backlog).application(), access_log=None, auto_decompress=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port, ssl_context=tls_context(settings)).start()
        logger.info("Waiting for account webhooks on %s port %s, path %s", settings.host, settings.port, settings.path)
        while True:
            await queue.put(await backlog.get())
    finally:
        await runner.cleanup()
