# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hides auth links: a result that holds one goes to the registered variable only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible.utils.display import Display

display = Display()


def hide_links(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result, hidden as with `no_log` if it holds an auth link.

    Its most important words are shown nevertheless: why it failed, and the module's warnings.
    """
    if not any(row.get("auth_link_url") for row in _rows(result)):
        return result
    for line in _lines(result):
        display.warning(line)
    return {**result, "_ansible_no_log": True}


# Not "results": under that name ansible-core 2.19 would treat rows as those of a loop, and show them.
def _rows(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [result, *result.get("owners", [])]


def _lines(result: dict[str, Any]) -> Iterator[str]:
    yield from (str(warning) for warning in result.get("warnings") or [])
    if result.get("failed"):
        yield str(result.get("msg"))
