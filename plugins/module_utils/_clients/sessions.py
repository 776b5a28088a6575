# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answer to a request for a connect session holds: its secrets first, wherever they stand. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from .._core.secrets import SHORTEST_SECRET
from .._core.text import LINK_KEY

_TOKEN = re.compile(rf"[\x21-\x7e]{{{SHORTEST_SECRET},8192}}")
"""What can be the value of a header, and can be masked in a text."""
_LINK = re.compile(r"https?://[\x21-\x7e]{1,8192}")
_TELLING_NAME = re.compile(r"token|secret|link|url|session|key|auth", re.IGNORECASE)
_TELLING_LENGTH = 20
_WORDS = (re.compile(r"\S+"), re.compile(r"[^\s\"'<>(),;:?&#]+"))
_DIGIT = re.compile(r"\d")
_DEEPEST = 50


def token_in(data: Any) -> str | None:
    """Return the session's token, where it is what a token can be."""
    token = data.get("token") if isinstance(data, dict) else None
    return token if isinstance(token, str) and _TOKEN.fullmatch(token) else None


def link_in(data: Any) -> str | None:
    """Return the session's auth link, where it is one."""
    link = data.get(LINK_KEY) if isinstance(data, dict) else None
    return link if isinstance(link, str) and _LINK.fullmatch(link) else None


def secrets_of_link(link: str, token: str | None, sent: Collection[str]) -> set[str]:
    """Return what is secret of a link: its token where it holds that, else the parts that could be one.

    What was `sent` for the link, such as an owner's id, is none.
    """
    if token and token in unquote(link):
        return {token}
    parts = urlsplit(link)
    words = {unquote(word) for word in re.split(r"[/?&=#;]", f"{parts.path}?{parts.query}#{parts.fragment}")}
    return {word for word in words if len(word) >= _TELLING_LENGTH and word not in sent} or {link}


def suspects(data: Any, sent: Collection[str]) -> set[str]:
    """Return the words in the JSON of an error that could be a token or part of a link, wherever they stand.

    They are long and hold a digit, or stand under a name that tells; what was `sent` is known, and is neither.
    """
    found = (
        (name, word) for name, text in _texts(data, "", _DEEPEST) for words in _WORDS for word in words.findall(text)
    )
    return {
        word
        for name, word in found
        if word not in sent and ((len(word) >= _TELLING_LENGTH and _DIGIT.search(word)) or _TELLING_NAME.search(name))
    }


def _texts(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield each text in a JSON value, with the name that it stands under."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict) and depth:
        for key, item in value.items():
            yield from _texts(item, key, depth - 1)
    elif isinstance(value, list) and depth:
        for item in value:
            yield from _texts(item, name, depth - 1)
