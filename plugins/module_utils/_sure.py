# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be absent elsewhere and is known to be there here, told to readers and type checkers. Pure."""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")


def sure(value: Value | None) -> Value:
    """The value. Raises AssertionError where there is none, which is a defect of ours."""
    if value is None:
        raise AssertionError("a value that must be there is not")
    return value
