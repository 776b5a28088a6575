# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules return, compared with what their RETURN documentation says."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import yaml

TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,), "bool": (bool,), "int": (int,), "float": (int, float), "dict": (dict,), "list": (list,),
}  # fmt: skip
OF_EVERY_RESULT = frozenset({"changed", "failed", "msg", "diff", "warnings", "exception"})


@functools.cache
def documented(module: str) -> dict[str, Any]:
    """The RETURN documentation of a module."""
    code = import_module(f"ansible_collections.tenantlink.stackone.plugins.modules.{module}")
    content: dict[str, Any] = yaml.safe_load(code.RETURN)
    return content


def undocumented(module: str, result: Mapping[str, Any]) -> list[str]:
    """The paths in a result that the documentation lacks, or whose values are not of the documented type."""
    own = {name: value for name, value in result.items() if name not in OF_EVERY_RESULT}
    return list(_compare(own, documented(module), ""))


def paths_in(result: Mapping[str, Any], about: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The documented paths that a result has a value for."""
    for name, value in result.items():
        if name not in about or value is None:
            continue
        yield f"{path}{name}"
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield from paths_in(item, about[name].get("contains", {}), f"{path}{name}.")


def samples_of(about: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """All documented paths with their samples."""
    for name, inner in about.items():
        yield f"{path}{name}", inner.get("sample")
        yield from samples_of(inner.get("contains", {}), f"{path}{name}.")


def shapes_in(
    result: Mapping[str, Any], about: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, frozenset[str]]]:
    """The documented paths at which a result has a dictionary, or a list of them, and the keys of each."""
    for name, value in result.items():
        for item in value if isinstance(value, list) else [value]:
            if name in about and isinstance(item, dict):
                yield f"{path}{name}", frozenset(item)
                yield from shapes_in(item, about[name].get("contains", {}), f"{path}{name}.")


def _compare(result: Mapping[str, Any], about: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, value in result.items():
        if name not in about:
            yield f"{path}{name} is not documented"
            continue
        if value is None:
            continue
        if not isinstance(value, TYPES[about[name]["type"]]):
            yield f"{path}{name} is no {about[name]['type']}"
        contains = about[name].get("contains")
        for item in (value if isinstance(value, list) else [value]) if contains else ():
            yield from _compare(item, contains, f"{path}{name}.")
