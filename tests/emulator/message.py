# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes in and out of an emulated service: a Call, an Answer, and the exception that carries one."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import parse_qs

from .json_text import decoded


class Service(str, Enum):
    """Who is called. The Hub is the `/hub/*` part of StackOne."""

    FRESHSERVICE = "freshservice"
    STACKONE = "stackone"
    HUB = "hub"


class Caller(str, Enum):
    """Who calls: the client under test, a customer through an auth link's page, or StackOne itself."""

    CLIENT = "client"
    CUSTOMER = "customer"
    STACKONE = "stackone"


class Delivery(Enum):
    """How an answer reaches the caller."""

    WHOLE = "whole"
    TRUNCATED = "truncated"
    DRIP = "drip"
    DROPPED = "dropped"


@dataclass(slots=True)
class Answer:
    """One HTTP answer. Header names keep their letter case on the wire (F61)."""

    status: int
    body: bytes = b""
    content_type: str | None = "application/json; charset=utf-8"
    headers: list[tuple[str, str]] = field(default_factory=list)
    delivery: Delivery = Delivery.WHOLE

    def json(self) -> Any:
        """The decoded body, or None when it is no JSON."""
        try:
            return decoded(self.body)
        except ValueError:
            return None

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its letter case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Refusal(Exception):
    """Ends a handler early with an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(slots=True)
class Call:
    """One HTTP request to one service, its path without any prefix of the emulator's own."""

    service: Service
    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    domain: str | None = None
    caller: Caller = Caller.CLIENT
    base_url: str = ""

    def params(self) -> dict[str, list[str]]:
        """The query as lists, because arrays come as repeated keys (S21)."""
        return parse_qs(self.query, keep_blank_values=True) if self.query else {}

    def basic_credentials(self) -> str | None:
        """The decoded Basic credentials as sent, or None when missing or garbled (F11, S3)."""
        scheme, _space, encoded = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            return base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return None


def json_answer(value: Any, status: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(status, json.dumps(value, separators=(",", ":")).encode())


def html_answer(title: str, status: int, content: str | None = None) -> Answer:
    """A small HTML page, as portals and gateways give instead of JSON."""
    body = f"<h1>{title}</h1>" if content is None else content
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{body}</body></html>\n"
    return Answer(status, page.encode(), "text/html; charset=utf-8")


def redirect_answer(location: str) -> Answer:
    """A 302 to somewhere else."""
    return Answer(302, b"", "text/html; charset=utf-8", [("Location", location)])


def dropped() -> Answer:
    """No answer at all: the connection is cut."""
    return Answer(0, delivery=Delivery.DROPPED)


def first(params: dict[str, list[str]], name: str) -> str | None:
    """The first value of a query parameter."""
    values = params.get(name)
    return values[0] if values else None
