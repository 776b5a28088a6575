# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A refusal of the Hub in words for a person (H13, H17, S80); knows no pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from .json_text import decoded
from .message import Answer

_LONGEST = 300
_BUSY = (408, 429)


@dataclass
class Explained:
    """Why there is no connection. `about_secret`: whether the key is to be corrected or the domain; None for neither."""

    heading: str
    detail: str
    advice: str = ""
    about_secret: bool | None = None


def explain(reply: Answer | None, connector: str) -> Explained:
    """Return a refusal in words. No reply is one that broke off."""
    heading = f"{connector} was not connected"
    if reply is None:
        return Explained(heading, "StackOne did not answer. It may be connected all the same: open the link again.")
    told = _flat(reply.json())
    message = str(told.get("message") or f"StackOne answered with HTTP {reply.status}")
    error = next(iter(told.get("provider_errors") or []), None)
    response = told.get("provider_response")
    if error is None and response is None:
        return Explained(heading, message + ".")
    raw = response if error is None else error.get("raw")
    status = error.get("status") if error else None
    said = _said(raw)
    answered = f"{connector} answered" + (f" {status}" if status else "")
    detail = f"{message}. {answered}: {said}" if said else f"{message}. {answered}."
    return _about(Explained(heading, detail), status, error is not None, connector)


def _about(explained: Explained, status: int | None, known: bool, connector: str) -> Explained:
    """Add which field the provider's status is about, and what to do."""
    if status in (401, 403):
        explained.about_secret = True
        explained.advice = (
            f"{connector} refused this key. Check it, and that it is enabled for an agent who may view agents."
        )
    elif known and (status is None or status in (200, 301, 302, 404, 410)):
        explained.about_secret = False
        explained.advice = "There is no tenant at this domain. Enter the first part of its address, such as mycompany."
    elif status is not None and (status in _BUSY or status >= 500):
        explained.detail += " Try again later."
    return explained


def problems_of_fields(reply: Answer) -> dict[str, str]:
    """Return what a validation error says about fields, by their keys (S80)."""
    told = reply.json()
    errors = told.get("errors") if isinstance(told, dict) else None
    found = {}
    for problem in errors if isinstance(errors, list) else []:
        key, _space, rest = str(problem).partition(" ")
        found[key] = rest
    return found


def _flat(told: Any) -> dict[str, Any]:
    """Return the properties of an error: of its body, of its message if that is JSON, and of its `data`."""
    body = told if isinstance(told, dict) else {}
    try:
        nested = decoded(body.get("message", ""))
    except (TypeError, ValueError):
        nested = None
    if isinstance(nested, dict):
        body = {**body, **nested}
    inside = body.get("data")
    return {**body, **inside} if isinstance(inside, dict) else body


def _said(raw: Any) -> str:
    """Return what a provider's body says, as a line."""
    if isinstance(raw, str):
        try:
            raw = decoded(raw)
        except ValueError:
            return " ".join(unescape(re.sub(r"<[^>]*>", " ", raw)).split())[:_LONGEST]
    if not isinstance(raw, dict):
        return ""
    inner = next(iter(raw.get("errors") or []), raw)
    words = inner.get("message") or raw.get("description") if isinstance(inner, dict) else inner
    return " ".join(str(words or "").split())[:_LONGEST]
