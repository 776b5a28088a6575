# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of variables that Ansible evaluates only when they are read: what can be read of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .keyring import unvault


def readable(value: Any) -> Any:
    """Return a copy of a value without what cannot be evaluated, for example because a secret store does not answer.

    It is for what a run can do without. What it cannot do without has failed before, and said why.
    """
    value = unvault(value)
    if isinstance(value, Mapping):
        return dict(_each(value, list(value)))
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [each for _place, each in _each(value, range(len(value)))]
    return value


def _each(container: Any, places: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    for place in places:
        # Whatever a template or a lookup raises.
        with contextlib.suppress(Exception):
            yield place, readable(container[place])
