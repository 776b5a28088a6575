# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts in sentences."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return how many of something: C(1 failed tenant), C(2 failed tenants)."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def was(count: int) -> str:
    """Return the verb for so many of something."""
    return "was" if count == 1 else "were"
