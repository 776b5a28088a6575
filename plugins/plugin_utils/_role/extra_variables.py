# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell the variables that -e sets from all others, which they outrank.

Ansible has no interface for that. Where hostvars are built otherwise than in the versions that are tested, -e sets nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def extra_variables(hostvars: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variables that -e sets, without evaluating them."""
    return getattr(getattr(hostvars, "_variable_manager", None), "_extra_vars", {})


def without_extra_variables(hostvars: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the hostvars as they would be without -e."""
    manager = getattr(hostvars, "_variable_manager", None)
    if not hasattr(manager, "_extra_vars"):
        return hostvars
    return _changed(hostvars, _variable_manager=_changed(manager, _extra_vars={}))


def _changed(original: Any, **values: Any) -> Any:
    """Return a copy with other attributes. The module copy leaves out what Ansible does not send to other processes."""
    made = object.__new__(type(original))
    vars(made).update({**vars(original), **values})
    return made
