# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One emulator for each worker, and the table of the matrix at the end."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping

import pytest

from tests.support.module_runner import module_runner
from tests.support.ports import Listener
from tests.trust.hostile_server import Stage
from tests.trust.matrix import Matrix
from tests.trust.raw_server import RawServer


@pytest.fixture(scope="session")
def runner():
    with module_runner() as running:
        yield running


@pytest.fixture(scope="session")
def matrix(runner):
    with contextlib.closing(Listener()) as elsewhere:
        yield Matrix(runner, elsewhere)


@pytest.fixture(scope="module")
def stage():
    with contextlib.closing(RawServer()) as server:
        yield Stage(server)


@pytest.fixture
def tally(record_property):
    """Count the cells of a test for the table, then complain about those that are wrong."""

    def count(flow, column, problems_of_cells):
        passed = sum(not problems for problems in problems_of_cells)
        record_property("cells", (flow, column, len(problems_of_cells), passed))
        problems = [problem for problems in problems_of_cells for problem in problems]
        assert not problems, f"{len(problems)} problems\n" + "\n".join(problems[:20])

    return count


def pytest_terminal_summary(terminalreporter):
    run, passed = Counter(), Counter()
    for reports in (terminalreporter.stats.get(outcome, ()) for outcome in ("passed", "failed")):
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "cells":
                    flow, column, count, good = value
                    run[flow, column] += count
                    passed[flow, column] += good
    if run:
        terminalreporter.section("fault matrix: cells passed/run")
        terminalreporter.write_line(render(run, passed))


def render(run: Mapping[tuple[str, str], int], passed: Mapping[tuple[str, str], int]) -> str:
    """Return the table: flow by kind of fault, with `passed/run`, or one number where all passed."""
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
