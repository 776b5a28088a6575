# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wording of counts and requests in messages."""

from __future__ import annotations

import re

_ID = re.compile(r"(/(?:accounts|connectors|agents)/)(?!me\b)[^/:\s]+")
"""The path segments that identify one account, profile or agent."""


def kind_of_request(title: str) -> str:
    """Return method and path with ids replaced, such as `PATCH /hub/accounts/{id}`."""
    return _ID.sub(r"\1{id}", title)


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 failed tenant`, `2 failed tenants`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def was(count: int) -> str:
    """Return the verb that matches a count."""
    return "was" if count == 1 else "were"
