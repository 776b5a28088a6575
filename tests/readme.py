# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the role's table of variables into its README, from the role's argument specs: `make readme`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._specs import auth_spec, bulk_spec, tenant_spec
from tests.support.role import README, entry_points

BEGIN, END = "<!-- variables: made by `make readme` -->\n", "<!-- end of variables -->\n"


TYPES: dict[str, dict[str, Any]] = {
    **{name: {"type": "dict"} for name in ("api_keys", "admin_api_keys", "new_api_keys")},
    **{name: {"type": "int"} for name in ("wait", "wait_interval")},
    **tenant_spec(),
    **bulk_spec(),
    **auth_spec(),
}


def with_table(readme: str) -> str:
    """The README with a table that is up to date."""
    before, rest = readme.split(BEGIN)
    _old, after = rest.split(END)
    return before + BEGIN + "\n" + "".join(_table(entry_points())) + "\n" + END + after


def _table(points: dict[str, dict[str, Any]]) -> Iterator[str]:
    options = {name: about for spec in points.values() for name, about in spec.items()}
    yield "| variable | type | default | for | meaning |\n| --- | --- | --- | --- | --- |\n"
    for name, about in sorted(options.items()):
        used = [point for point, spec in points.items() if name in spec]
        yield f"| `{name}` | {_type(name, about)} | {_default(about)} | {_where(used, list(points))} | {_meaning(about)} |\n"


def _where(used: list[str], points: list[str]) -> str:
    """Name the entry points, or the one that is missing."""
    others = [point for point in points if point not in used]
    if len(others) > 1:
        return ", ".join(used)
    return f"all but {others[0]}" if others else "all"


def _type(name: str, about: dict[str, Any]) -> str:
    """What the module's option is, where the role leaves the check to it."""
    option = TYPES.get(name.removeprefix("freshservice_link_"), about)
    told: str = " \\| ".join(option["choices"]) if "choices" in option else option["type"]
    return told


def _default(about: dict[str, Any]) -> str:
    if about.get("required"):
        return "required"
    return f"`{about['default']}`" if "default" in about else ""


def _meaning(about: dict[str, Any]) -> str:
    return re.sub(r"[CV]\(([^)]*)\)", r"`\1`", about["description"])


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
