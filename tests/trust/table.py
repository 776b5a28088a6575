# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix as a table: flow by kind of fault, how many cells were run and how many passed."""

from __future__ import annotations

from collections.abc import Mapping


def render(run: Mapping[tuple[str, str], int], passed: Mapping[tuple[str, str], int]) -> str:
    """C(passed/run), or one number where all passed."""
    flows = list(dict.fromkeys(flow for flow, _column in run))
    columns = sorted({column for _flow, column in run})

    def cell(keys: list[tuple[str, str]]) -> str:
        count = sum(run.get(key, 0) for key in keys)
        good = sum(passed.get(key, 0) for key in keys)
        return "." if not count else str(count) if good == count else f"{good}/{count}"

    head = ["flow", *columns, "all"]
    rows = [
        [flow, *(cell([(flow, name)]) for name in columns), cell([(flow, name) for name in columns])] for flow in flows
    ]
    rows.append(["all", *(cell([(flow, name) for flow in flows]) for name in columns), cell(list(run))])
    widths = [max(len(row[index]) for row in [head, *rows]) for index in range(len(head))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(row[1:], widths[1:]))])
        for row in [head, *rows]
    ]
    failed = sum(run.values()) - sum(passed.values())
    return "\n".join([*lines, "", f"{sum(run.values())} cells, {failed} failed"])
