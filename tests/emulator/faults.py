# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: per endpoint and call number, before or after the side effect."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import timedelta
from email.utils import format_datetime
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

from . import moments, stackone_errors
from .kinds import DELAY_MS, HEADER_VALUE, HEADERS, MOST, RAW, TEXT, check, either, number, one_of, whole
from .message import Answer, Call, Caller, Delivery, Service, dropped, html_answer, json_answer

_HUGE = 20_000_000
_TIMED = re.compile(r"(http_date|iso_date):([+-]\d{1,9})")


class Moment(str, Enum):
    """Whether the request has had its effect when the fault strikes."""

    BEFORE = "before"
    AFTER = "after"


class BodyKind(str, Enum):
    """Ways in which a body can be bad."""

    JSON = "json"
    HTML = "html"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    WRONG_SHAPE = "wrong_shape"
    EMPTY = "empty"
    HUGE = "huge"
    DRIP = "drip"


@dataclass
class Fault:
    """What to match, and what to do instead of answering properly."""

    service: Service | None = None
    method: str | None = None
    path: str = "*"
    domain: str | None = None
    caller: str | None = None
    call: int | None = None
    count: int | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: BodyKind | None = None
    raw: str | None = None
    retry_after: str | None = None
    delay_ms: float = 0.0
    drop: Moment | None = None
    when: Moment = Moment.BEFORE
    seen: int = 0

    @classmethod
    def properties(cls) -> list[str]:
        """Return the names of what a fault from JSON may have."""
        return [definition.name for definition in fields(cls) if definition.name not in ("seen", "raw")]

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Fault:
        """Return a fault from JSON. Raises ValueError if it is not understood."""
        values = {name: value for name, value in data.items() if value is not None} if isinstance(data, dict) else data
        check(values, _KINDS, "fault")
        body = values.pop("body", None)
        if isinstance(body, dict):
            values["raw"] = body["raw"]
        elif body is not None:
            values["body"] = BodyKind(body)
        for name, convert in _CONVERTED.items():
            if name in values:
                values[name] = convert(values[name])
        return cls(**values)

    def fires(self, call: Call) -> bool:
        """Count the call if it matches; whether this is one of the calls to spoil."""
        if not self._matches(call):
            return False
        self.seen += 1
        start = self.call or 1
        count = self.count if self.count is not None else (1 if self.call else None)
        return self.seen >= start and (count is None or self.seen < start + count)

    def _matches(self, call: Call) -> bool:
        return (
            (self.service is None or self.service is call.service)
            and (self.method is None or self.method.upper() == call.method)
            and (self.domain is None or self.domain == call.domain)
            and (self.caller is None or self.caller == call.caller.value)
            and (self.path == call.path or fnmatchcase(call.path, self.path))
        )

    @property
    def replaces(self) -> bool:
        """Whether the answer is made by the fault, not merely delayed or given headers."""
        return self.status is not None or self.body is not None or self.raw is not None

    def strike(self, call: Call, real: Answer | None) -> Answer:
        """The spoilt answer; `real` is the proper one when the side effect has happened."""
        if self.drop is not None:
            return dropped()
        answer = self._spoilt(call, real) if self.replaces or real is None else real
        answer.headers += list(self.headers.items())
        if self.retry_after is not None:
            answer.headers.append(("Retry-After", _moment_text(self.retry_after)))
        return answer

    def _spoilt(self, call: Call, real: Answer | None) -> Answer:
        status = self.status or (real.status if real else 200)
        if self.raw is not None:
            return Answer(status, self.raw.encode(), "application/json")
        answer = _plain(call, status) if real is None or (self.status or 0) >= 400 else real
        answer.status = status
        return _spoil(answer, self.body or BodyKind.JSON)


def _spoil(answer: Answer, kind: BodyKind) -> Answer:
    if kind is BodyKind.HTML:
        return html_answer("Something is in the way", answer.status)
    if kind is BodyKind.MALFORMED:
        answer.body = b'{"data": [{"id": 1, '
    elif kind is BodyKind.TRUNCATED:
        answer.delivery = Delivery.TRUNCATED
    elif kind is BodyKind.WRONG_SHAPE:
        answer.body = b'{"unexpected":["shape"]}'
    elif kind is BodyKind.EMPTY:
        answer.body = b""
    elif kind is BodyKind.HUGE:
        answer.body = b'{"padding":"' + b"x" * _HUGE + b'"}'
    elif kind is BodyKind.DRIP:
        answer.delivery = Delivery.DRIP
    return answer


def _plain(call: Call, status: int) -> Answer:
    message = "An injected fault"
    if call.service is Service.FRESHSERVICE:
        return json_answer({"code": "injected_fault", "message": message}, status)
    return stackone_errors.error(status, message)


def _moment_text(value: str) -> str:
    timed = _TIMED.fullmatch(value)
    if timed is None:
        return value
    moment = moments.present() + timedelta(seconds=int(timed[2]))
    if timed[1] == "http_date":
        return format_datetime(moment, usegmt=True)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


_KINDS = {
    **dict.fromkeys(("method", "path", "domain"), TEXT),
    "service": one_of(Service),
    "caller": one_of(Caller),
    "call": whole(1),
    "count": whole(0),
    "status": whole(200, 599),
    "headers": HEADERS,
    "body": either(one_of(BodyKind), RAW),
    "retry_after": either(HEADER_VALUE, number(0, MOST)),
    "delay_ms": DELAY_MS,
    **dict.fromkeys(("drop", "when"), one_of(Moment)),
}
_CONVERTED: dict[str, Callable[[Any], Any]] = {"service": Service, "drop": Moment, "when": Moment, "retry_after": str}


class Faults:
    """The faults that are set; the first that fires wins, but all of them count the call."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, faults: list[Fault]) -> None:
        """Set more faults; their counting starts now."""
        self._faults += faults

    def clear(self) -> None:
        """Take all faults away."""
        self._faults = []

    def match(self, call: Call) -> Fault | None:
        """The fault that spoils this call."""
        if not self._faults:
            return None
        firing = [fault for fault in self._faults if fault.fires(call)]
        return firing[0] if firing else None
