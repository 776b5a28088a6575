# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the token, the link and all possible secrets from the answer to a request for a connect session. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import unquote

from .._core.secrets import HEXADECIMAL, SHORTEST_SECRET
from .._core.text import LINK_KEY
from .._core.urls import parts_of

_TOKEN = re.compile(rf"[\x21-\x7e]{{{SHORTEST_SECRET},8192}}")
"""The pattern of a token that can be the value of a header, and that is long enough to be masked."""
_LINK = re.compile(r"https?://[\x21-\x7e]{1,8192}")
_TELLING_NAME = re.compile(r"token|secret|link|url|session|key|auth", re.IGNORECASE)
_TELLING_LENGTH = 20
_WORDS = (re.compile(r"\S+"), re.compile(r"[^\s\"'<>(),;:?&#]+"), HEXADECIMAL)
"""What a token can look like: a word, what is between punctuation, or its bytes."""
_TIME = re.compile(r"(?<!\S)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?(?!\S)")
"""A time, which errors tell (S80). It is long and has digits, but masking it would garble the times of accounts."""
_DIGIT = re.compile(r"\d")
_DEEPEST = 50


def token_in(data: Any) -> str | None:
    """Return the session's token, or None if there is no valid one."""
    token = data.get("token") if isinstance(data, dict) else None
    return token if isinstance(token, str) and _TOKEN.fullmatch(token) else None


def link_in(data: Any) -> str | None:
    """Return the session's auth link, or None if there is no valid one."""
    link = data.get(LINK_KEY) if isinstance(data, dict) else None
    return link if isinstance(link, str) and _LINK.fullmatch(link) else None


def secrets_of_link(link: str, token: str | None, sent: Collection[str]) -> set[str]:
    """Return the secret parts of a link: the token if it contains it, else all parts that could be a token.

    Values that were `sent` for the link, such as an owner's id, are not secret.
    """
    if token and token in unquote(link):
        return {token}
    parts = parts_of(link)
    words = {unquote(word) for word in re.split(r"[/?&=#;]", f"{parts.path}?{parts.query}#{parts.fragment}")}
    return {word for word in words if len(word) >= _TELLING_LENGTH and word not in sent} or {link}


def suspects(data: Any, sent: Collection[str]) -> set[str]:
    """Return all words in the JSON of an error that could be a token or part of a link.

    These are long words with a digit, and values whose name suggests a secret, except times and values that were `sent`.
    """
    texts = ((name, _TIME.sub("", text)) for name, text in _texts(data, "", _DEEPEST))
    found = ((name, word) for name, text in texts for words in _WORDS for word in words.findall(text))
    return {
        word
        for name, word in found
        if word not in sent and ((len(word) >= _TELLING_LENGTH and _DIGIT.search(word)) or _TELLING_NAME.search(name))
    }


def _texts(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield each text in a JSON value, with the name of its key."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict) and depth:
        for key, item in value.items():
            yield from _texts(item, key, depth - 1)
    elif isinstance(value, list) and depth:
        for item in value:
            yield from _texts(item, name, depth - 1)
