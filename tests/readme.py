# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the role's table of variables into its README, from the role's argument specs: `make readme`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROLE = Path(__file__).resolve().parents[1] / "roles" / "freshservice_link"
README = ROLE / "README.md"
BEGIN, END = "<!-- variables: made by `make readme` -->\n", "<!-- end of variables -->\n"


def entry_points() -> dict[str, dict[str, Any]]:
    """Each entry point of the role with its options."""
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    return {name: spec["options"] for name, spec in specs.items()}


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
        where = "all" if len(used) == len(points) else ", ".join(used)
        yield f"| `{name}` | {_type(about)} | {_default(about)} | {where} | {_meaning(about)} |\n"


def _type(about: dict[str, Any]) -> str:
    return " \\| ".join(about["choices"]) if "choices" in about else about["type"]


def _default(about: dict[str, Any]) -> str:
    if about.get("required"):
        return "required"
    return f"`{about['default']}`" if "default" in about else ""


def _meaning(about: dict[str, Any]) -> str:
    return re.sub(r"[CV]\(([^)]*)\)", r"`\1`", about["description"])


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
