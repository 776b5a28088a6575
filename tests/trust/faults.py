# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with one request, as the emulator injects it, and what kind of harm it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

TIMEOUT = 0.5
"""Real seconds that a run waits for an answer where one is late on purpose."""
LATE = 800
"""Milliseconds after which such an answer would come."""


class Harm(str, Enum):
    """What a client can tell of a fault. `BARE_`: a status without the words of the service."""

    UNREACHED = "unreached"
    UNREADABLE = "unreadable"
    UNAVAILABLE = "unavailable"
    LIMITED = "limited"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    BARE_401 = "bare_401"
    BARE_403 = "bare_403"
    MISSING = "missing"
    REJECTED = "rejected"
    STRANGE_403 = "strange_403"
    STRANGE_404 = "strange_404"
    REDIRECT = "redirect"
    NO_JSON = "no_json"
    WRONG_JSON = "wrong_json"


@dataclass(frozen=True)
class Fault:
    """One fault. `passing`: a request that may be repeated is; `effect`: the request is carried out all the same."""

    name: str
    harm: Harm
    passing: bool
    effect: bool = False
    properties: dict[str, Any] = field(default_factory=dict)
    timeout: float | None = None

    @property
    def late(self) -> bool:
        """Whether the answer comes when nobody waits for it any more."""
        return self.timeout is not None


def _fault(name: str, harm: Harm, passing: bool = False, effect: bool = False, **properties: Any) -> Fault:
    late = "delay_ms" in properties or properties.get("body") == "drip"
    moment = {"when": "after"} if effect and "drop" not in properties else {}
    return Fault(name, harm, passing, effect, {**properties, **moment}, TIMEOUT if late else None)


def _of_status(status: int) -> list[Fault]:
    return [
        _fault(f"{status}_json", Harm.UNAVAILABLE, True, status=status),
        _fault(f"{status}_html", Harm.UNAVAILABLE, True, status=status, body="html"),
    ]


NO_ROUTE = '{"message": "not found", "error": "no route"}'
FAULTS = {
    fault.name: fault
    for fault in (
        _fault("drop_before", Harm.UNREACHED, True, drop="before"),
        _fault("drop_after", Harm.UNREACHED, True, True, drop="after"),
        _fault("timeout_before", Harm.UNREACHED, True, delay_ms=LATE, status=503),
        _fault("timeout_after", Harm.UNREACHED, True, True, delay_ms=LATE),
        _fault("408", Harm.UNAVAILABLE, True, status=408),
        _fault("408_retry_after", Harm.UNAVAILABLE, True, status=408, retry_after="60"),
        _fault("408_after", Harm.UNAVAILABLE, True, True, status=408, retry_after="60"),
        _fault("429_seconds", Harm.LIMITED, True, status=429, retry_after="60"),
        _fault("429_http_date", Harm.LIMITED, True, status=429, retry_after="http_date:+60"),
        _fault("429_iso_date", Harm.LIMITED, True, status=429, retry_after="iso_date:+60"),
        _fault("429_silent", Harm.LIMITED, True, status=429),
        _fault("429_a_day", Harm.LIMITED, status=429, retry_after="86400"),
        *(fault for status in (500, 502, 503, 504) for fault in _of_status(status)),
        _fault("502_html_after", Harm.UNAVAILABLE, True, True, status=502, body="html"),
        _fault("504_after", Harm.UNAVAILABLE, True, True, status=504),
        _fault("401", Harm.UNAUTHORIZED, status=401),
        _fault("403", Harm.FORBIDDEN, status=403),
        _fault("401_after", Harm.UNAUTHORIZED, False, True, status=401),
        _fault("403_after", Harm.FORBIDDEN, False, True, status=403),
        _fault("403_html", Harm.STRANGE_403, status=403, body="html"),
        _fault("403_html_after", Harm.STRANGE_403, False, True, status=403, body="html"),
        _fault("403_empty", Harm.BARE_403, status=403, body="empty"),
        _fault("403_proxy_after", Harm.BARE_403, False, True, status=403, body={"raw": NO_ROUTE}),
        _fault("401_empty_after", Harm.BARE_401, False, True, status=401, body="empty"),
        _fault("404", Harm.MISSING, status=404),
        _fault("404_after", Harm.MISSING, False, True, status=404),
        _fault("422", Harm.REJECTED, status=422),
        _fault("422_after", Harm.REJECTED, False, True, status=422),
        _fault("404_html", Harm.STRANGE_404, status=404, body="html"),
        _fault("404_html_after", Harm.STRANGE_404, False, True, status=404, body="html"),
        _fault("404_proxy", Harm.STRANGE_404, status=404, body={"raw": NO_ROUTE}),
        _fault("404_proxy_after", Harm.STRANGE_404, False, True, status=404, body={"raw": NO_ROUTE}),
        _fault("html", Harm.NO_JSON, status=200, body="html"),
        _fault("html_after", Harm.NO_JSON, False, True, body="html"),
        _fault("empty", Harm.NO_JSON, status=200, body="empty"),
        _fault("truncated", Harm.UNREACHED, True, status=200, body="truncated"),
        _fault("truncated_after", Harm.UNREACHED, True, True, body="truncated"),
        _fault("malformed", Harm.NO_JSON, status=200, body="malformed"),
        _fault("malformed_after", Harm.NO_JSON, False, True, body="malformed"),
        _fault("wrong_shape", Harm.WRONG_JSON, status=200, body="wrong_shape"),
        _fault("wrong_shape_after", Harm.WRONG_JSON, False, True, body="wrong_shape"),
        _fault("number", Harm.WRONG_JSON, status=200, body={"raw": "7"}),
        _fault("null", Harm.WRONG_JSON, status=200, body={"raw": "null"}),
        _fault("deep", Harm.WRONG_JSON, status=200, body={"raw": "[" * 40_000}),
        _fault("huge", Harm.UNREADABLE, status=200, body="huge"),
        _fault("huge_after", Harm.UNREADABLE, False, True, body="huge"),
        _fault("drip", Harm.UNREACHED, True, status=200, body="drip"),
        _fault("redirect", Harm.REDIRECT, status=302),
        _fault("redirect_307", Harm.REDIRECT, status=307),
    )
}
"""A redirect leads to a listener of the bench, whose address is not known here."""
