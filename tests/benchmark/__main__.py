# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.benchmark`: see README.md."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.emulator.handle import EmulatorError

from . import scenarios
from .ceiling import Ceiling, CeilingError, find_ceilings
from .contenders import BARE, THREADS, URI_LOOP, contenders
from .lab import Lab
from .machine import machine, machine_line, versions
from .options import Options, options_from
from .plot import draw
from .runner import Runner, RunnerError
from .scenarios import MANY, MOST, Finding
from .tables import Live, ceiling_lines, finding_lines, time_tables

OUTPUT = Path(__file__).with_name("output")
NO_QUOTA = ("--stackone-rpm", "1000000", "--stackone-window-s", "1")
AT_LEAST = 1_000
"""Tenants of the emulator: with fewer, the load that finds its ceiling would use up their own limits."""


class Benchmark:
    """One run with its options."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._contenders = contenders(options.contenders, options.concurrencies)
        self._machine, self._versions = machine(), versions()
        self._ceilings: list[Ceiling] = []
        self._findings: list[Finding] = []

    def run(self) -> int:
        """Measure, tell, and say with the exit code whether all went well and was as promised."""
        options = self._options
        print(machine_line(self._machine, self._versions), flush=True)
        most = MOST if options.scenarios and not options.quick else 0
        with Runner(max(AT_LEAST, most, *options.sizes), options.tls, *NO_QUOTA) as runner:
            self._ceilings = find_ceilings(runner, options.ceiling_s)
            print(ceiling_lines(self._ceilings))
            tell = Live(self._ceilings)
            lab = Lab(runner, options.budget_s, options.limit_s, tell)
            for latency in options.latencies:
                for contender in self._contenders:
                    for size in options.sizes:
                        lab.fill(contender, latency, size)
            if options.scenarios and "links" in options.contenders:
                self._findings = list(self._find(lab, tell))
                lab.extrapolate_again()
        return self._report(lab)

    def _find(self, lab: Lab, tell: Live) -> Iterator[Finding]:
        """The scenarios whose contenders take part. What they need is measured if the grid did not do it."""
        options = self._options
        if URI_LOOP.name in options.contenders:
            yield from scenarios.faster_than_uri_tasks(lab, extrapolate=options.quick)
        if BARE.name in options.contenders:
            yield from scenarios.close_to_the_limit(lab, MANY, 1.4)
            if MOST in options.sizes:
                yield from scenarios.close_to_the_limit(lab, MOST, 1.2)
        if THREADS.name in options.contenders:
            yield from scenarios.little_more_than_threads(lab)
        yield from scenarios.two_requests_for_each(lab)
        if not options.quick:
            yield from scenarios.converged_costs_a_listing(lab)
            with Runner(scenarios.QUOTA_TENANTS, options.tls, *scenarios.QUOTA_ARGS) as runner:
                limited = Lab(runner, options.budget_s, options.limit_s, tell)
                yield from scenarios.within_the_quota(limited)

    def _report(self, lab: Lab) -> int:
        """The tables, the files, and the verdict."""
        options, found = self._options, self._findings
        print("\n" + time_tables(lab.cells, self._contenders, options.latencies, options.sizes))
        if found:
            print("\n" + finding_lines(found))
        failed = sum(bool(cell.problems) for cell in lab.cells)
        missed = sum(not finding.passed for finding in found)
        OUTPUT.mkdir(exist_ok=True)
        results, picture = OUTPUT / "results.json", OUTPUT / "time.png"
        results.write_text(json.dumps({**self._as_dict(lab), "passed": not failed and not missed}, indent=2) + "\n")
        draw(lab.cells, self._contenders, options.latencies, options.sizes, picture)
        print(f"\nWritten: {results}, {picture}")
        if failed or missed:
            print(f"BENCHMARK MISSED: {failed} runs FAILED, {missed} of {len(found)} bounds missed.")
            return 1
        kept = f"all {len(found)} bounds were kept" if found else "no bounds were looked at"
        print(f"BENCHMARK PASSED: every outcome was right, {kept}.")
        return 0

    def _as_dict(self, lab: Lab) -> dict[str, Any]:
        return {
            "machine": self._machine,
            "versions": self._versions,
            "options": self._options.as_dict(),
            "ansible_startup_s": round(lab.startup_s, 3),
            "ceilings": [ceiling.as_dict() for ceiling in self._ceilings],
            "cells": [cell.as_dict() for cell in lab.cells],
            "scenarios": [finding.as_dict() for finding in self._findings],
        }


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark of a command line."""
    # As an exception, so that the emulator is stopped and the folder with the keys removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return Benchmark(options_from(arguments)).run()
    except (CeilingError, EmulatorError, RunnerError) as wrong:
        print(f"BENCHMARK FAILED: {wrong}")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
