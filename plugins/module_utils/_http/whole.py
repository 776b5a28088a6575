# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an answer is whole, where neither http.client nor a decoder notices that it is not. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

HTTP_1_1 = 11
WITHOUT_CONTENT = (204, 304)

_CLOSING = {"{": "}", "[": "]"}


def ends_in_headers(version: int, status: int, headers: Mapping[str, str]) -> bool:
    """Return whether an answer without content does not say that it has none. http.client takes cut headers for whole ones.

    A server that speaks HTTP/1.0 may end its answers by closing the connection.
    """
    return version == HTTP_1_1 and status not in WITHOUT_CONTENT and not _says_its_length(headers)


def ends_in_json(headers: Mapping[str, str], text: str) -> bool:
    """Return whether JSON was cut, of which only its content can tell: it has no length, or is compressed."""
    tells = _says_its_length(headers) and not headers.get("Content-Encoding")
    return not tells and _is_cut(text.strip())


def _says_its_length(headers: Mapping[str, str]) -> bool:
    chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
    return chunked or headers.get("Content-Length", "").strip().isdecimal()


def _is_cut(text: str) -> bool:
    """Return whether an object or a list has no end. What follows a whole one is a page of somebody else."""
    if text[:1] not in _CLOSING:
        return False
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        at_the_end = error.pos >= len(text) or error.msg.startswith("Unterminated string")
        return at_the_end or (error.msg != "Extra data" and not text.endswith(_CLOSING[text[0]]))
    except (ValueError, RecursionError):
        return False
    return False
