# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of variables in the role's README, from the role's argument specs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._module.argspec import (
    auth_spec,
    links_spec,
    tenant_spec,
)
from tests.support.role import entry_points

TYPES: dict[str, dict[str, Any]] = {
    **{name: {"type": "dict"} for name in ("api_keys", "admin_api_keys", "new_api_keys")},
    **{name: {"type": "int"} for name in ("wait", "wait_interval")},
    **tenant_spec(),
    **links_spec(),
    **auth_spec(),
}


def role_table() -> str:
    """Return the table, with an empty line before and after it."""
    return "\n" + "".join(_table(entry_points())) + "\n"


def _table(points: dict[str, dict[str, Any]]) -> Iterator[str]:
    options = {name: about for spec in points.values() for name, about in spec.items()}
    yield "| variable | type | default | for | meaning |\n| --- | --- | --- | --- | --- |\n"
    for name, about in sorted(options.items()):
        used = [point for point, spec in points.items() if name in spec]
        yield f"| `{name}` | {_type(name, about)} | {_default(name, about)} | {_entry_points(used, list(points))} | {_meaning(about)} |\n"


def _entry_points(used: list[str], points: list[str]) -> str:
    """Name the entry points, or only the one that is missing."""
    others = [point for point in points if point not in used]
    if len(others) > 1:
        return ", ".join(used)
    return f"all but {others[0]}" if others else "all"


def _type(name: str, about: dict[str, Any]) -> str:
    """Return the type of the module's option, because the role leaves the check to the module."""
    option = _option(name) or about
    name_of_type: str = " \\| ".join(option["choices"]) if "choices" in option else option["type"]
    return name_of_type


def _default(name: str, about: dict[str, Any]) -> str:
    """Return the role's default, or else the module's."""
    if about.get("required"):
        return "required"
    default = about.get("default", _option(name).get("default"))
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, float):
        return f"`{default:g}`"
    return "" if default is None else f"`{default}`"


def _option(name: str) -> dict[str, Any]:
    """Return the option of the modules that the role passes the variable to."""
    return TYPES.get(name.removeprefix("freshservice_link_"), {})


def _meaning(about: dict[str, Any]) -> str:
    return re.sub(r"[CV]\(([^)]*)\)", r"`\1`", about["description"])
