# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection promises about speed, requests and memory, each measured against its bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .cells import MB, Cell, Phase
from .contenders import BARE, LINKS, THREADS, URI_LOOP
from .lab import Lab

LATENCY_MS = 50
FEW, MANY, MOST = 100, 1_000, 10_000
RUNS = 3
PAGE = 100
QUOTA_TENANTS = 2_000
QUOTA, QUOTA_WINDOW_S = 1_000, 6
QUOTA_ARGS = ("--stackone-rpm", str(QUOTA), "--stackone-window-s", str(QUOTA_WINDOW_S))
QUOTA_VARIABLES = {"requests_per_minute": QUOTA * 60 // QUOTA_WINDOW_S, "quota_window": QUOTA_WINDOW_S}


@dataclass(frozen=True)
class Finding:
    """One promise and the figure that was found. `failed`: the runs behind it went wrong."""

    name: str
    claim: str
    value: float
    bound: float
    at_least: bool = False
    unit: str = ""
    extrapolated: bool = False
    failed: bool = False
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the figure is within its bound."""
        within = self.value >= self.bound if self.at_least else self.value <= self.bound
        return within and not self.failed

    @property
    def verdict(self) -> str:
        """In one word."""
        return "PASS" if self.passed else "MISS"

    def as_dict(self) -> dict[str, Any]:
        """For results.json."""
        return {
            "name": self.name,
            "claim": self.claim,
            "value": round(self.value, 4),
            "bound": self.bound,
            "bound_is": "at least" if self.at_least else "at most",
            "unit": self.unit.strip(),
            "extrapolated": self.extrapolated,
            "passed": self.passed,
            "note": self.note,
        }


def faster_than_uri_tasks(lab: Lab, extrapolate: bool) -> Iterator[Finding]:
    """The loop of uri tasks against one task of ours. It may be extrapolated where there is no time for it."""
    if extrapolate:
        lab.fill(URI_LOOP, LATENCY_MS, FEW)
    slow = lab.cells.get(URI_LOOP.name, Phase.FIRST, LATENCY_MS, FEW) if extrapolate else None
    slow = slow or lab.cell(URI_LOOP, Phase.FIRST, LATENCY_MS, FEW)
    yield _ratio("first_link_uri_tasks", slow, _repeated(lab, LINKS, FEW), 60, at_least=True)


def close_to_the_limit(lab: Lab, tenants: int, bound: float) -> Iterator[Finding]:
    """One task of ours against the bare client: in turns, the middle of several runs, so that noise hits both."""
    for _count in range(RUNS - 1 if tenants < MOST else 0):
        lab.repeat(LINKS, LATENCY_MS, tenants)
        lab.repeat(BARE, LATENCY_MS, tenants)
    ours, bare = (lab.cell(who, Phase.FIRST, LATENCY_MS, tenants) for who in (LINKS, BARE))
    yield _ratio("first_link_bare_client", ours, bare, bound)


def little_more_than_threads(lab: Lab) -> Iterator[Finding]:
    """CPU for each further tenant: start-up is left out, because only one of both starts Ansible."""
    ours, bare = (_cpu_for_each(lab, contender) for contender in (LINKS, THREADS))
    failed = not (ours and bare)
    note = f"{ours:.2f} ms / {bare:.2f} ms"
    claim = f"first link, from {FEW:,} to {MANY:,} tenants: CPU for each, {LINKS.name} / {THREADS.name}"
    yield Finding("first_link_cpu", claim, ours / bare if bare else 0.0, 2.2, unit=" x", failed=failed, note=note)


def _cpu_for_each(lab: Lab, contender: Any) -> float:
    """Return milliseconds; 0 if a run failed."""
    few, many = (lab.cell(contender, Phase.FIRST, LATENCY_MS, tenants) for tenants in (FEW, MANY))
    if few.problems or many.problems or not (few.usage and many.usage):
        return 0.0
    return 1000 * (many.usage.cpu_s - few.usage.cpu_s) / (MANY - FEW)


def converged_costs_a_listing(lab: Lab) -> Iterator[Finding]:
    """What a run over very many tenants asks StackOne, and how much memory it takes, where nothing is to be done."""
    many, most = (lab.cell(LINKS, Phase.REMEMBERED, 0, tenants) for tenants in (MANY, MOST))
    what = f"{MOST:,} tenants, converged, fingerprints, 0 ms"
    failed = bool(many.problems or most.problems)
    if not (many.usage and most.usage and most.traffic):
        yield Finding("converged", f"{what}: not run", 0, 0, failed=True)
        return
    asked = most.traffic.stackone + most.traffic.hub
    others = asked - most.traffic.listings
    pages = MOST / PAGE
    yield Finding(
        "converged_requests", f"{what}: StackOne requests for each page of {PAGE}", asked / pages, 1.05, failed=failed
    )
    yield Finding("converged_per_tenant", f"{what}: StackOne requests other than listings", others, 0, failed=failed)
    peak = most.usage.peak_pss / MB
    # The shells between ansible-playbook and the module take next to nothing.
    parts = [part / MB for part in most.usage.parts if part > MB]
    note = "ansible-playbook, its worker, the module: " + " + ".join(f"{part:.0f}" for part in parts) + " MB"
    claim = f"{what}: peak memory of all processes"
    yield Finding("converged_memory", claim, peak, 200, unit=" MB", failed=failed, note=note)
    growth = (most.usage.peak_pss - many.usage.peak_pss) / (MOST - MANY) / 1000
    yield Finding("converged_growth", f"{what}: memory for each further tenant", growth, 10, unit=" KB", failed=failed)


def two_requests_for_each(lab: Lab) -> Iterator[Finding]:
    """What a first link asks StackOne."""
    cell = lab.cell(LINKS, Phase.FIRST, LATENCY_MS, MANY)
    asked = cell.traffic.stackone + cell.traffic.hub if cell.traffic else 0
    claim = f"first link of {MANY:,}: StackOne requests for each tenant"
    yield Finding("first_link_requests", claim, asked / MANY, 2.1, failed=bool(cell.problems))


def within_the_quota(lab: Lab) -> Iterator[Finding]:
    """A quota of 1,000 requests in 6 s stands for StackOne's 1,000 in 60 s, so that the run is ten times as short."""
    cell = lab.first_link(LINKS, 0, QUOTA_TENANTS, **QUOTA_VARIABLES)
    traffic = cell.traffic
    asked = traffic.stackone + traffic.hub if traffic else 0
    what = f"first link of {QUOTA_TENANTS:,} with {QUOTA:,} requests in {QUOTA_WINDOW_S} s"
    failed = bool(cell.problems)
    too_many = traffic.too_many if traffic else 0
    yield Finding("quota_429", f"{what}: answers 429", too_many, 0, failed=failed)
    # The time that all its requests take at the pace of the quota: (requests / 1000) * 6 s. The first 1,000 go out
    # at once, the others a window later each; start-up and the waits between windows must fit into the rest.
    paced = asked / QUOTA * QUOTA_WINDOW_S
    note = f"{asked:,} requests take {paced:.1f} s at that pace; the whole run took {cell.wall_s:.1f} s"
    ratio = cell.wall_s / paced if paced else 0.0
    yield Finding("quota_time", f"{what}: time / time at the quota's pace", ratio, 1.1, failed=failed, note=note)


def _repeated(lab: Lab, contender: Any, tenants: int) -> Cell:
    for _count in range(RUNS - 1):
        lab.repeat(contender, LATENCY_MS, tenants)
    return lab.cell(contender, Phase.FIRST, LATENCY_MS, tenants)


def _ratio(name: str, upper: Cell, lower: Cell, bound: float, at_least: bool = False) -> Finding:
    claim = f"first link of {upper.tenants:,} at {upper.latency_ms} ms: {upper.contender} / {lower.contender}"
    failed = bool(upper.problems or lower.problems)
    value = upper.wall_s / lower.wall_s if lower.wall_s else 0.0
    note = f"{upper.wall_s:.2f} s / {lower.wall_s:.2f} s"
    estimated = not (upper.measured and lower.measured)
    return Finding(f"{name}_{upper.tenants}", claim, value, bound, at_least, " x", estimated, failed, note)
