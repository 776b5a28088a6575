# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts and requests in sentences."""

from __future__ import annotations

import re

_ID = re.compile(r"(/(?:accounts|connectors|agents)/)(?!me\b)[^/:\s]+")
"""What follows these in a path tells one account, profile or agent from another."""


def kind_of_request(title: str) -> str:
    """Return method and path without what tells one account from another: C(PATCH /hub/accounts/{id})."""
    return _ID.sub(r"\1{id}", title)


def counted(count: int, noun: str) -> str:
    """Return how many of something: C(1 failed tenant), C(2 failed tenants)."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def was(count: int) -> str:
    """Return the verb for so many of something."""
    return "was" if count == 1 else "were"
