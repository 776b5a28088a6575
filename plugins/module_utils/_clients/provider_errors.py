# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the provider's answer from an error of StackOne. Pure.

The body takes precedence over the HTTP status: StackOne may report a refused key with 400, 422, 500, 502 or 503 (H17, S80).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from .._core.text import NO_SECRETS, READ_LIMIT, without_markup
from .._http.retry import TOO_MANY

UNSTATED_REFUSAL = 400
"""The assumed status of a refusal if StackOne passes on only its text."""

_PASSING = frozenset({408, TOO_MANY})
_NESTED = 3
_REFUSED_CREDENTIALS = frozenset(
    {"AccountInvalidCredentialsError", "AccountExpiredCredentialsError", "AccountAuthenticationFailedError"}
)
"""StackOne's own names for a provider's 401 (S73)."""


@dataclass(frozen=True)
class ProviderError:
    """A provider's error as StackOne passes it on. `status` is `None` if only its text is known.

    `raw` is the provider's body, parsed if it is a JSON object, and `retry_after` its header of that name. `line` is the
    answer's method that makes text safe for a message.
    """

    status: int | None
    raw: Any = None
    retry_after: str | None = None
    line: Callable[[str], str] = field(default=NO_SECRETS.line, repr=False, compare=False)

    @property
    def words(self) -> str:
        """Return the readable text of the provider's body, or an empty text."""
        return self.line(flat_words(self.raw) or "")

    @property
    def decisive_status(self) -> int:
        """Return the status to act on. The error of a tenant over its limit has no code, only a text (F47)."""
        if self.status is not None:
            return self.status
        return TOO_MANY if "rate limit" in self.words.lower() else UNSTATED_REFUSAL

    @property
    def busy(self) -> bool:
        """Return whether the provider was over its limit of calls (S82b)."""
        return self.decisive_status == TOO_MANY

    @property
    def final(self) -> bool:
        """Return whether the refusal is final, so that the same credentials must not be sent again."""
        return self.decisive_status < 500 and self.decisive_status not in _PASSING

    @property
    def shown(self) -> str:
        """Return status and text for a message."""
        status = "" if self.status is None else f"HTTP {self.status}"
        return ": ".join(filter(None, (status, self.words))) or "no text"


def provider_error(data: Any, line: Callable[[str], str] = NO_SECRETS.line) -> ProviderError | None:
    """Return the provider's error in the JSON of an error answer, or `None` if it does not contain one.

    It may be in the body itself, in its `data` (S80), or in the JSON inside its `message` (H13).
    """
    error = _found(data)
    return replace(error, line=line) if error else None


def _found(data: Any) -> ProviderError | None:
    bodies = list(_bodies(data, _NESTED))
    response = next((_body(body["provider_response"]) for body in bodies if body.get("provider_response")), None)
    stated = [error for body in bodies for error in _stated(body.get("provider_errors"))]
    stated += [error for body in bodies for error in _nested_status(body.get("data"))]
    # If there are several errors, a final refusal counts: a refused key must not be sent again.
    error = next((error for error in stated if error.final), next(iter(stated), None))
    if error:
        return error if error.raw or not response else ProviderError(error.status, response, error.retry_after)
    for body in bodies:
        if str(body.get("errorCode")) in _REFUSED_CREDENTIALS:
            return ProviderError(401, response or body)
    return ProviderError(None, response) if isinstance(response, (str, dict)) else None


def flat_words(value: Any) -> str | None:
    """Return the text of a provider's answer, which may be inside JSON or a page."""
    if isinstance(value, str):
        parsed = _parsed(value)
        return (flat_words(parsed) or value) if parsed else (without_markup(value[:READ_LIMIT]).strip() or None)
    if isinstance(value, dict):
        errors = value.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else None
        inner = flat_words(first) if isinstance(first, dict) else None
        return flat_words(value.get("message")) or flat_words(value.get("description")) or inner or json.dumps(value)
    return None


def nested_body(data: Any) -> dict[str, Any]:
    """Return the error body, overridden by the JSON inside its `message` (H13)."""
    if not isinstance(data, dict):
        return {}
    return {**data, **_parsed(data.get("message"))}


def _bodies(data: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Yield an error body and those nested in it, the outer ones first."""
    if isinstance(data, dict) and depth:
        yield data
        yield from _bodies(_parsed(data.get("message")) or None, depth - 1)
        inner = data.get("data")
        yield from _bodies(inner if isinstance(inner, dict) else _parsed(inner) or None, depth - 1)


def _parsed(text: Any) -> dict[str, Any]:
    """Return the JSON object in a text, or an empty one."""
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return {}
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return inner if isinstance(inner, dict) else {}


def _body(raw: Any) -> Any:
    """Return a provider's body, parsed if it is a JSON object."""
    return _parsed(raw) or raw


def _stated(errors: Any) -> Iterator[ProviderError]:
    """Yield the entries of `provider_errors` that have a status; the others are meaningless."""
    for entry in errors if isinstance(errors, list) else [errors]:
        status = _status(entry.get("status")) if isinstance(entry, dict) else None
        if status is not None:
            yield ProviderError(status, _body(entry.get("raw")), _retry_after(entry.get("headers")))


def _nested_status(data: Any) -> Iterator[ProviderError]:
    """Yield the error in the `data` of an error body: the provider's status, message and headers (S80)."""
    data = data if isinstance(data, dict) else _parsed(data)
    status = _status(data.get("statusCode"))
    if status is not None and status >= 400:
        yield ProviderError(status, _body(data.get("message")), _retry_after(data.get("headers")))


def _status(value: Any) -> int | None:
    """Return an HTTP status from a number or its digits. It may be 200, because StackOne may report a page as an error."""
    if isinstance(value, str) and len(value) == 3 and value.isdecimal():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 200 <= value <= 599 else None


def _retry_after(headers: Any) -> str | None:
    if not isinstance(headers, Mapping):
        return None
    found = (value for name, value in headers.items() if str(name).lower() == "retry-after")
    value = next(found, None)
    return str(value) if isinstance(value, (str, int, float)) else None
