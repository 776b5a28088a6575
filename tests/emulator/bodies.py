# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading request bodies as StackOne does: a JSON object or a 400 (S80)."""

from __future__ import annotations

from typing import Any

from .json_text import decoded
from .message import Call, Refusal
from .stackone_errors import error


def json_object(call: Call) -> dict[str, Any]:
    """The JSON object in the body; anything else is refused."""
    try:
        body = decoded(call.body or b"{}")
    except ValueError:
        raise Refusal(error(400, "The request body is not valid JSON")) from None
    if not isinstance(body, dict):
        raise Refusal(error(400, "The request body must be a JSON object"))
    return body


def wrong_types(body: dict[str, Any], expected: dict[str, type]) -> list[str]:
    """A sentence for each property that is present, not null and of another type."""
    return [
        f"{name} must be of type {kind.__name__}"
        for name, kind in expected.items()
        if body.get(name) is not None and not _is(body[name], kind)
    ]


def _is(value: Any, kind: type) -> bool:
    """As in JSON, where true is no number."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
