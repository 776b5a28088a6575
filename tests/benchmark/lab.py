# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills cells: prepares the emulator, lets a contender run, counts its requests, and checks what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .cells import Cell, Cells, Phase, extrapolated, traffic_of
from .contenders import Contender
from .runner import Runner, wrong_accounts


class Lab:
    """Measures on one emulator. What was measured once is not measured again."""

    def __init__(self, runner: Runner, budget_s: float, limit_s: float, tell: Callable[[Cell], None]) -> None:
        self.cells = Cells()
        self.startup_s = runner.startup_s()
        self._runner = runner
        self._budget_s = budget_s
        self._limit_s = limit_s
        self._tell = tell

    def fill(self, contender: Contender, latency_ms: int, tenants: int) -> None:
        """The cells of all phases, extrapolated where a smaller size predicts more than the budget."""
        if self.cells.get(contender.name, Phase.FIRST, latency_ms, tenants):
            return
        base = self.cells.largest_measured(contender.name, Phase.FIRST, latency_ms, tenants)
        if base and extrapolated(base, tenants, self.startup_s).wall_s > self._budget_s:
            self._extrapolate(contender, latency_ms, tenants)
        else:
            self.measure(contender, latency_ms, tenants)

    def cell(self, contender: Contender, phase: Phase, latency_ms: int, tenants: int) -> Cell:
        """One cell, measured now if it was not yet."""
        found = self.cells.get(contender.name, phase, latency_ms, tenants)
        if found is None or not found.measured:
            self.measure(contender, latency_ms, tenants)
            found = self.cells.get(contender.name, phase, latency_ms, tenants)
        if found is None:
            # An earlier phase failed, so that this one makes no sense.
            found = Cell(contender.name, phase, latency_ms, tenants, [0.0], problems=["not run"])
        return found

    def repeat(self, contender: Contender, latency_ms: int, tenants: int) -> None:
        """One more first link, into the same cell."""
        cell = self.cell(contender, Phase.FIRST, latency_ms, tenants)
        again = self.first_link(contender, latency_ms, tenants)
        cell.walls_s += again.walls_s
        cell.problems += again.problems

    def measure(self, contender: Contender, latency_ms: int, tenants: int) -> None:
        """All phases, one after the other; the later ones only where the first link went well."""
        first = self.first_link(contender, latency_ms, tenants)
        self.cells.put(first)
        later = [] if first.problems else [phase for phase in contender.phases if phase is not Phase.FIRST]
        for phase in later:
            self.cells.put(self._again(contender, phase, latency_ms, tenants))

    def first_link(self, contender: Contender, latency_ms: int, tenants: int, **variables: Any) -> Cell:
        """Link all tenants, where nothing is linked yet. Not kept among the cells."""
        self._prepare(latency_ms)
        remember = {"fingerprints": str(self._runner.fingerprints)} if contender.remembers else {}
        cell = self._run(contender, Phase.FIRST, latency_ms, tenants, **remember, **variables)
        keys = dict(list(self._runner.keys.items())[:tenants])
        cell.problems += wrong_accounts(self._runner.emulator.accounts(), keys)
        self._tell(cell)
        return cell

    def extrapolate_again(self) -> None:
        """Larger runs may have been measured since."""
        for cell in [cell for cell in self.cells if not cell.measured]:
            base = self.cells.largest_measured(cell.contender, cell.phase, cell.latency_ms, cell.tenants)
            if base:
                self.cells.put(extrapolated(base, cell.tenants, self.startup_s))

    def _extrapolate(self, contender: Contender, latency_ms: int, tenants: int) -> None:
        for phase in contender.phases:
            base = self.cells.largest_measured(contender.name, phase, latency_ms, tenants)
            if base:
                cell = extrapolated(base, tenants, self.startup_s)
                self.cells.put(cell)
                self._tell(cell)

    def _prepare(self, latency_ms: int) -> None:
        self._runner.fingerprints.unlink(missing_ok=True)
        self._runner.emulator.reset()
        self._runner.emulator.latency(latency_ms)

    def _again(self, contender: Contender, phase: Phase, latency_ms: int, tenants: int) -> Cell:
        remember = {"fingerprints": str(self._runner.fingerprints)} if phase is Phase.REMEMBERED else {}
        before = self._runner.emulator.accounts()
        cell = self._run(contender, phase, latency_ms, tenants, **remember)
        if cell.traffic and cell.traffic.changing:
            cell.problems.append(f"{cell.traffic.changing} changing requests although nothing was to be changed")
        if self._runner.emulator.accounts() != before:
            cell.problems.append("the accounts are not what they were")
        self._tell(cell)
        return cell

    def _run(self, contender: Contender, phase: Phase, latency_ms: int, tenants: int, **variables: Any) -> Cell:
        runner = self._runner
        runner.emulator.clear_requests()
        server = runner.server_cpu_s()
        usage = runner.run(contender, tenants, self._limit_s, **variables)
        server = runner.server_cpu_s() - server
        traffic = traffic_of(runner.emulator.requests(caller="client"))
        cell = Cell(contender.name, phase, latency_ms, tenants, [usage.wall_s], usage, traffic, server)
        if usage.timed_out:
            cell.problems.append(f"ended after {self._limit_s:.0f} s")
        elif usage.code:
            cell.problems.append(f"exit code {usage.code}: {runner.last_words()}")
        if runner.leaked():
            cell.problems.append("a key is in the output")
        return cell
