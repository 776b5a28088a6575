# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Account webhooks: signed deliveries to one URL, in the background (S90, S91)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from . import moments
from .accounts import Account

_PAUSES_S = (0.2, 1.0)
_TIMEOUT_S = 3.0
_LIMIT = 10_000
_PROJECT = "emulated-10001"
_OPTIONAL = ("origin_owner_id", "origin_owner_name", "origin_username", "setup_information")
_opener = build_opener(ProxyHandler({}))


@dataclass(slots=True)
class Delivery:
    """One event on its way: what each try was answered with, null where there was no answer."""

    event: str
    account_id: str
    origin_owner_id: str
    sent_at: str
    statuses: list[int | None] = field(default_factory=list)
    done: bool = False


@dataclass
class Target:
    """Where deliveries go. The first secret signs; the others are of a rotation, and still valid at the receiver."""

    url: str
    secrets: list[str]
    events: list[str] | None = None

    def __post_init__(self) -> None:
        if not self.secrets or not all(isinstance(secret, str) and secret for secret in self.secrets):
            raise ValueError("secrets must be a list of texts, at least one")

    def wants(self, event: str) -> bool:
        """Whether the webhook is subscribed to the event; without a list, to all."""
        return self.events is None or event in self.events


class Webhooks:
    """Nothing is sent until a target is set."""

    def __init__(self, run_later: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._run_later = run_later
        self._target: Target | None = None
        self._deliveries: deque[Delivery] = deque(maxlen=_LIMIT)

    def aim(self, target: Target | None) -> None:
        """Set the target, or send nothing any more."""
        self._target = target

    def tell(self, event: str, account: Account) -> None:
        """Send an event of an account in the background."""
        if self._target is None or not self._target.wants(event):
            return
        payload = _payload(event, account)
        delivery = Delivery(event, account.id, account.origin_owner_id, payload["sent_at"])
        self._deliveries.append(delivery)
        body = json.dumps(payload, separators=(",", ":")).encode()
        self._run_later(_deliver(delivery, _request(self._target, body)))

    def rows(self) -> list[dict[str, Any]]:
        """The last deliveries, oldest first."""
        return [asdict(delivery) for delivery in self._deliveries]


def _payload(event: str, account: Account) -> dict[str, Any]:
    now = moments.now()
    optional = {name: getattr(account, name) for name in _OPTIONAL}
    return {
        "project_id": _PROJECT,
        "account_id": account.id,
        "event": event,
        "event_date": now,
        "record_type": "account",
        "record_id": account.id,
        "sent_at": now,
        "provider": account.provider,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _request(target: Target, body: bytes) -> Request:
    mac = hmac.new(target.secrets[0].encode(), body, hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    headers = {"Content-Type": "application/json", "x-stackone-signature": signature}
    return Request(target.url, body, headers, method="POST")


async def _deliver(delivery: Delivery, request: Request) -> None:
    """Try until it is answered with 200, three times at most; each try is the same to the byte."""
    for pause in (*_PAUSES_S, None):
        status = await asyncio.to_thread(_post, request)
        delivery.statuses.append(status)
        if status == 200 or pause is None:
            break
        await asyncio.sleep(pause)
    delivery.done = True


def _post(request: Request) -> int | None:
    try:
        with _opener.open(request, timeout=_TIMEOUT_S) as answer:
            return answer.status
    except HTTPError as refused:
        with refused:
            return refused.code
    except OSError:
        return None
