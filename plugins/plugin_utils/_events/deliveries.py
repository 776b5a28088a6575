# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges deliveries of StackOne's account webhooks: the signature, the age, and the event in them. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...module_utils._core.identity import same_provider
from ...module_utils._core.text import Scrubber
from ...module_utils._core.times import parse_date

HEALTH_PATH = "/health"
FUTURE_S = 300
"""How far clocks may differ."""
_REMEMBERED = 100_000
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
    """The answer to a delivery, the reason, and the event to hand on, if it is one."""

    status: int
    reason: str
    event: dict[str, str] | None = None
    is_probe: bool = False

    @property
    def level(self) -> int:
        """Return the level to log it at: a refused delivery deserves attention, a probe does not."""
        return logging.INFO if self.is_probe or self.status == 200 else logging.WARNING


class Memory:
    """Recent deliveries, by their signed content: one body has several spellings of its signature.

    The oldest is forgotten first, so that keeping one costs the same however many are known.
    """

    def __init__(self, limit: int = _REMEMBERED) -> None:
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._limit = limit

    def has(self, body: bytes) -> bool:
        """Return whether a body was received before."""
        return _digest(body) in self._until

    def keep(self, body: bytes, until: float, now: float) -> None:
        """Remember a delivery until `until`, and forget those that are too old to be accepted anyway. Times are epoch seconds."""
        self._until[_digest(body)] = until
        while len(self._until) > self._limit or next(iter(self._until.values())) < now:
            self._until.popitem(last=False)


def settings_from(args: Mapping[str, Any]) -> Settings:
    """Check the arguments that ansible-rulebook passes; an empty one is not set.

    Raises ValueError, never with a secret's value.
    """
    given = set_of(args)
    check_names(given)
    counts = {name: count(given[name], name) for name in _COUNTS & set(given)}
    texts = {name: _text(given[name], name) for name in _TEXTS & set(given)}
    secret, previous = (_text(given.get(name, ""), name).strip().encode() for name in ("secret", "previous_secret"))
    if not secret:
        raise ValueError(
            "secret is missing or empty: without it, anybody could send events. The rulebook heal_links reads it from"
            " stackone_webhook_secret."
        )
    if "port" not in counts:
        raise ValueError("port is missing")
    settings = Settings(secrets=(secret, previous) if previous else (secret,), **counts, **texts)
    if settings.port > 65535:
        raise ValueError("port must be at most 65535")
    if not settings.path.startswith("/") or settings.path == HEALTH_PATH:
        raise ValueError(f"path must begin with a slash, and cannot be {HEALTH_PATH}")
    if any(b"{{" in each for each in settings.secrets):
        raise ValueError("secret is a template that was not filled in. Check the name of the variable in it.")
    if settings.keyfile and not settings.certfile:
        raise ValueError("keyfile needs certfile")
    return settings


def set_of(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that are set: a rulebook passes an empty text for a variable that it does not have."""
    return {name: value for name, value in args.items() if value is not None and value != ""}


def check_names(given: Iterable[str], *excepted: str) -> None:
    """Raise ValueError for a name that is not an argument, or is one of those excepted."""
    unknown = set(given) - (_COUNTS | _TEXTS | _SECRETS).difference(excepted)
    if unknown:
        raise ValueError(f"unknown arguments: {', '.join(sorted(unknown))}")


def _text(value: Any, name: str) -> str:
    """Return a text: a rulebook's templates turn a text that looks like a number into a number. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"{name} must be a text")
    return str(value)


def count(value: Any, name: str, least: int = 1) -> int:
    """Return a whole number that is at least `least`. Raises ValueError."""
    if isinstance(value, bool) or not str(value).isdecimal() or int(value) < least:
        raise ValueError(f"{name} must be a whole number from {least}")
    return int(value)


def is_signed(body: bytes, signature: str, secrets: tuple[bytes, ...]) -> bool:
    """Return whether one of the secrets made the signature of this body. All are tried, so that timing reveals nothing."""
    given = signature.strip().rstrip("=").encode("utf-8", "replace")
    matches = [hmac.compare_digest(sign(body, secret), given) for secret in secrets]
    return any(matches)


def sign(body: bytes, secret: bytes) -> bytes:
    """Return the signature of a body: base64url of an HMAC-SHA256, without padding."""
    return base64.urlsafe_b64encode(hmac.new(secret, body, hashlib.sha256).digest()).rstrip(b"=")


def decide(body: bytes, signature: str, settings: Settings, memory: Memory, now: float) -> Decision:
    """Decide on a delivery at `now` (epoch seconds). Its signature is checked before anything else in it."""
    if not signature:
        return Decision(401, "the signature is missing")
    if not is_signed(body, signature, settings.secrets):
        return Decision(401, "the signature is wrong")
    record = _object(body)
    if record is None:
        return Decision(400, "the body is not a JSON object")
    sent = parse_date(str(record.get("sent_at")))
    if sent is None:
        return Decision(400, "sent_at is missing or not a time")
    if now - sent > settings.max_age or sent - now > FUTURE_S:
        return Decision(400, f"it was sent {abs(now - sent):.0f} seconds {'ago' if sent < now else 'from now'}")
    if memory.has(body):
        return Decision(200, "it was received before")
    event = event_from(record)
    if not event["event"].startswith("account."):
        return Decision(200, "it is not about an account")
    if not same_provider(event["provider"], settings.provider):
        return Decision(200, "it is about another provider")
    return Decision(200, "it is taken", event)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def event_from(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the parts of a delivery that a rule needs, in harmless texts."""
    setup = record.get("setup_information")
    domain = harmless(setup.get("domain")) if isinstance(setup, dict) else ""
    return {**{name: harmless(record.get(name)) for name in _RECORDED}, "domain": bare_domain(domain)}


def harmless(value: Any) -> str:
    """Return a text that is safe to print and not a template to Ansible; empty for anything but texts and numbers."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    shown = "".join(char for char in str(value) if not unicodedata.category(char).startswith("C"))
    return _TEMPLATE_START.sub("{ ", shown)[:_TEXT_LIMIT]


def without_secrets(
    hand_out: Callable[[dict[str, Any]], Awaitable[None]], secrets: Iterable[str | None]
) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """Return what hands out events in which the source's own secrets are masked: whoever makes the texts could repeat them."""
    scrubber = Scrubber(secrets)

    async def masked(event: dict[str, Any]) -> None:
        await hand_out(scrubber.scrub(event))

    return masked


def bare_domain(text: str) -> str:
    """Return `mycompany`, however a form stores it; empty for anything but a host of Freshservice."""
    found = _HOST.fullmatch(text.strip().lower())
    return found.group(1) if found else ""


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()
