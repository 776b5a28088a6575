# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How StackOne passes on a provider's refusal (H13, H17, S80): which property holds it, and where that property is."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import Any

from .json_text import decoded
from .message import Answer
from .stackone_errors import error
from .switches import Switches


@dataclass(slots=True)
class ProviderRefusal:
    """A provider's answer that was not a success; `status` is None where no answer came."""

    status: int | None
    url: str
    raw: str
    headers: dict[str, str]

    def as_entry(self) -> dict[str, Any]:
        """The entry of `provider_errors` (S80)."""
        entry: dict[str, Any] = {"url": self.url, "raw": self.raw, "headers": self.headers}
        with contextlib.suppress(ValueError):
            entry["raw"] = decoded(self.raw)
        return entry if self.status is None else {"status": self.status, **entry}


def refusal_of(reply: Answer | None, url: str) -> ProviderRefusal:
    """The refusal in a provider's reply."""
    if reply is None:
        return ProviderRefusal(None, url, json.dumps({"message": "getaddrinfo ENOTFOUND or connection closed"}), {})
    return ProviderRefusal(reply.status, url, reply.body.decode(errors="replace"), dict(reply.headers))


def passed_on(switches: Switches, status: int, message: str, refusal: ProviderRefusal, **more: Any) -> Answer:
    """StackOne's error with the provider's refusal in the switched form."""
    form = switches.refusal_form
    told: dict[str, Any] = {}
    if form in ("both", "provider_response"):
        told["provider_response"] = refusal.raw
    if form in ("both", "provider_errors", "data"):
        told["provider_errors"] = [refusal.as_entry()]
    if form == "data":
        told = {"data": {"statusCode": status, "message": message, "headers": {}, **told}}
    if switches.hub_refused_message == "nested":
        return error(status, json.dumps({"message": message, **told}), **more)
    return error(status, message, **told, **more)
