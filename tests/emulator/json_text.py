# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading JSON that others wrote: whatever cannot be used is a ValueError."""

from __future__ import annotations

import json
from typing import Any

_DEEPEST = 100
"""Far less than what Python can read, so that everything that was read can also be written."""


def decoded(text: str | bytes) -> Any:
    """Return the value of a JSON text. Raises ValueError if it is none, or nested too deeply."""
    try:
        value = json.loads(text, parse_constant=_refused)
    except RecursionError:
        value = None
        deep = True
    else:
        deep = _is_deep(value)
    if deep:
        raise ValueError(f"JSON nested more than {_DEEPEST} deep")
    return value


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _is_deep(value: Any) -> bool:
    """Return whether there are more lists and objects within each other than are taken."""
    level = [value]
    for _depth in range(_DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return False
    return any(isinstance(one, (list, dict)) for one in level)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
