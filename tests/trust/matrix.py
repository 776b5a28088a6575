# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of every flow times every fault: one cell each, with what must be true of it.

The requests are not listed here: each flow is run once without a fault, and what the emulator's journal then holds
is spoilt, one request after the other.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tests.support.module_runner import ModuleRunner, Run
from tests.support.ports import Listener
from tests.trust.cells import RARER, Cell, Kind, Target, target, targets
from tests.trust.checks import Seen, without_twins
from tests.trust.faults import LATE, Fault, Harm
from tests.trust.fingerprint_checks import remembered
from tests.trust.flows import Flow, as_wanted
from tests.trust.rules import broken
from tests.trust.share import SHARE, chosen

SIMULATED = (Harm.UNREACHED, Harm.UNAVAILABLE, Harm.LIMITED)
"""The harms that histories of `tests/simulation` do as well: fewer of them are tried on the ways that these take."""

ATTEMPTS = 5
"""How often a cell is begun on a machine so busy that late answers are not late."""


class Matrix:
    """The cells of the fault matrix, run one at a time, and the checks of each. A check gives back what is wrong, in words."""

    def __init__(self, runner: ModuleRunner, elsewhere: Listener) -> None:
        self.runner = runner
        self.elsewhere = elsewhere
        self._baselines: dict[str, tuple[Run, list[Target]]] = {}

    def baseline(self, flow: Flow) -> tuple[Run, list[Target]]:
        """A run without faults, and its requests."""
        if flow.name not in self._baselines:
            options = self.begin(flow)
            run = self.runner.run(flow.module, options)
            assert flow.ended_well(run), run.result
            assert as_wanted(list(self.runner.stored().values()), flow.wanted(self.runner))
            self._baselines[flow.name] = run, targets(run.requests)
        return self._baselines[flow.name]

    def begin(self, flow: Flow) -> dict[str, Any]:
        """The state before a flow; the options of its module."""
        self.runner.reset()
        # The StackOne that forgives least: the same tenant linked twice is two accounts.
        self.runner.emulator.switch(hub_existing_triple="duplicate")
        flow.arrange(self.runner)
        return flow.options(self.runner)

    def cells(self, flow: Flow, fault: Fault) -> Iterator[Cell]:
        """The cells of a flow and a fault."""
        for hit in self.baseline(flow)[1]:
            for for_ever in (False, True):
                cell = Cell(flow, hit, fault, for_ever)
                if chosen(cell.id, RARER if flow.simulated and fault.harm in SIMULATED else SHARE):
                    yield cell

    def check(self, cell: Cell) -> list[str]:
        """Run a cell, and return what is wrong."""
        options, before, run = self._strike(cell)
        tested_late = cell.fault.late and cell.kind is Kind.TEST
        if tested_late:
            # StackOne does what it was asked for, but later than anybody waits.
            time.sleep(2 * LATE / 1000)
        assert any(row["fault"] for row in run.requests), f"{cell.id} was not struck"
        provable = not _leaves_no_trace(cell)
        problems = self.wrong(
            cell.flow, run, before, self.runner.stored(), cell=cell, provable=provable, may_be_unknown=tested_late
        )
        return [f"{cell.id}: {problem}" for problem in [*problems, *self.heals(cell.flow, options)]]

    def wrong(
        self,
        flow: Flow,
        run: Run,
        before: dict[str, Any],
        after: dict[str, Any],
        may_be_unknown: bool = False,
        **more: Any,
    ) -> list[str]:
        """Return what a run has done against the rules. What else is known of it: see `Seen`."""
        strangers, self.elsewhere.connections = self.elsewhere.connections, 0
        as_declared = as_wanted(list(after.values()), flow.wanted(self.runner))
        betrays, usual = self.runner.betrayed_by(_without_links(run)), len(self.baseline(flow)[0].sent)
        more["may_be_unknown"] = may_be_unknown or flow.hidden
        return list(broken(Seen(flow, run, before, after, as_declared, betrays, strangers, usual, **more)))

    def heals(self, flow: Flow, options: dict[str, Any]) -> Iterator[str]:
        """Without faults, a second run makes true what is declared, and a third changes nothing."""
        self.runner.emulator.clear_faults()
        yield from self._remembered(flow, "the first run")
        second = self.runner.run(flow.module, options)
        healed = self.runner.stored()
        if not flow.ended_well(second):
            yield f"the second run did not end well: {second.result}"
        if not as_wanted(list(healed.values()), flow.wanted(self.runner)):
            yield f"after the second run there is {list(healed.values())}"
        yield from without_twins(healed)
        yield from self._remembered(flow, "the second run")
        third = self.runner.run(flow.module, options)
        if not flow.ended_well(third) or (third.changed and not flow.module.startswith("auth")):
            yield f"the third run is no quiet one: {third.text}"
        if self.runner.stored() != healed:
            yield "the third run changed what is stored"
        if flow.remembers and not {target(row).kind for row in third.sent} <= {Kind.AGENT, Kind.LIST}:
            yield f"the third run asked what it should remember: {third.sent}"

    def _strike(self, cell: Cell) -> tuple[dict[str, Any], dict[str, Any], Run]:
        """Run a flow with the fault of a cell: its options, what was stored before, and the run."""
        for _attempt in range(ATTEMPTS):
            options = self.begin(cell.flow)
            before = self.runner.stored()
            self._inject(cell)
            run = self.runner.run(cell.flow.module, {**options, **_patience(cell.fault)})
            if not _missed(cell, run):
                return options, before, run
        raise AssertionError(f"{cell.id}: this machine is too slow to be too late for")

    def _inject(self, cell: Cell) -> None:
        properties = dict(cell.fault.properties)
        if cell.harm is Harm.REDIRECT:
            properties["headers"] = {"Location": f"{self.elsewhere.url}/api/v2/agents/me"}
        count = 1_000_000 if cell.for_ever else 1
        self.runner.emulator.fault(**cell.hit.match(), call=cell.hit.call, count=count, **properties)

    def _remembered(self, flow: Flow, run: str) -> Iterator[str]:
        for problem in remembered(self.runner) if flow.remembers else ():
            yield f"after {run}, {problem}"


def _without_links(run: Run) -> str:
    """Return what a user or a log sees of a run, but for the auth links that it was asked for."""
    text = run.text
    for row in [run.result, *(run.result.get("owners") or ())]:
        text = text.replace(row["auth_link_url"], "") if row.get("auth_link_url") else text
    return text


def _leaves_no_trace(cell: Cell) -> bool:
    """Return whether nothing tells that a re-link was not carried out: a good answer, no key shown, no call made."""
    answered_well = not cell.fault.effect and cell.harm in (Harm.NO_JSON, Harm.WRONG_JSON)
    return cell.flow.hidden and cell.flow.remembers and cell.kind is Kind.EDIT and answered_well


def _missed(cell: Cell, run: Run) -> bool:
    """Whether an answer that was to be late was taken all the same: this process had to wait for longer."""
    struck = sum(row["fault"] for row in run.sent)
    return cell.fault.late and sum(told.status is None for told in run.told) < struck


def _patience(fault: Fault) -> dict[str, Any]:
    return {"timeout": fault.timeout} if fault.timeout else {}
