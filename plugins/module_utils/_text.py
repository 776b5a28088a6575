# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that may leave the house: without secrets, without control characters, of bounded length."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

MASK = "********"
CUT = "..."
EXCERPT_LIMIT = 200

_MARKUP = re.compile(r"(?s)<(script|style)\b.*?</\1\s*>|<[^>]*>")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ESCAPE_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)")


class Scrubber:
    """Knows every secret of a run in every form it can take on the wire, and masks them."""

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        self._secrets: list[str] = []
        self.add(*secrets)

    def add(self, *secrets: str | None) -> None:
        """Learn more secrets; empty ones are ignored."""
        self._secrets += filter(None, secrets)

    @property
    def forms(self) -> set[str]:
        """All forms, for C(AnsibleModule.no_log_values). Made anew each time: a run of many tenants has many."""
        return set().union(*map(secret_forms, self._secrets))

    def scrub(self, value: Any) -> Any:
        """The same string, list or dict with every secret masked; other values as they are."""
        return _masked(value, sorted(self.forms, key=len, reverse=True))


def _masked(value: Any, forms: Sequence[str]) -> Any:
    if isinstance(value, str):
        for form in forms:
            value = value.replace(form, MASK)
        return _without_beginnings(value, forms) if CUT in value else value
    if isinstance(value, dict):
        return {_masked(key, forms): _masked(item, forms) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(item, forms) for item in value]
    return value


def _without_beginnings(text: str, forms: Sequence[str]) -> str:
    """A text that was cut to its limit may end in the beginning of a secret."""
    parts = text.split(CUT)
    for index, part in enumerate(parts[:-1]):
        lengths = (len(form) - by for form in forms for by in range(1, len(form) - 3) if part.endswith(form[:-by]))
        longest = max(lengths, default=0)
        if longest:
            parts[index] = part[:-longest] + MASK
    return CUT.join(parts)


def secret_forms(secret: str) -> set[str]:
    """The secret as it is, as Basic credentials of both services (F11, S3), in a URL and in JSON."""
    encoded = {base64.b64encode(f"{secret}:{password}".encode()).decode() for password in ("X", "", secret)}
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]} | encoded


def one_line(text: str, limit: int = EXCERPT_LIMIT) -> str:
    """Printable text on one line: no escape sequences for the terminal, no control or direction characters."""
    plain = _UNPRINTABLE.sub(" ", _ESCAPE_SEQUENCE.sub("", text))
    plain = " ".join(plain.split())
    return plain if len(plain) <= limit else plain[: limit - len(CUT)] + CUT


def harmless(value: Any) -> Any:
    """The same string, list or dict without what a terminal could take for a command: control characters but line ends."""
    if isinstance(value, str):
        return value if value.isprintable() else _CONTROL.sub("", value)
    if isinstance(value, dict):
        return {harmless(key): harmless(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [harmless(item) for item in value]
    return value


def without_markup(text: str) -> str:
    """The words of an HTML page."""
    return _MARKUP.sub(" ", text)
