# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How StackOne says no (S80)."""

from __future__ import annotations

from typing import Any

from . import moments
from .message import Answer, json_answer


def error(status: int, message: str, **more: Any) -> Answer:
    """The error body: `statusCode`, `message`, a zoned `timestamp`, and whatever else applies."""
    return json_answer({"statusCode": status, "message": message, "timestamp": moments.now(), **more}, status)


def invalid(problems: list[str]) -> Answer:
    """A validation error, with its `errors` as strings."""
    return error(400, "; ".join(problems), errors=problems)


def account_missing(status: int) -> Answer:
    """No such account: a 404, or a 400 that says so (S40)."""
    return error(status, "Account not found" if status == 404 else "account not found")
