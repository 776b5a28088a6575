# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured: one cell for each contender, phase, latency and number of tenants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from statistics import median
from typing import Any

from .processes import Usage

MB = 1_000_000


class Phase(str, Enum):
    """What a run finds: nothing linked, all linked, or all linked and remembered in a file."""

    FIRST = "first link"
    CONVERGED = "converged"
    REMEMBERED = "converged, fingerprints"


@dataclass(frozen=True)
class Traffic:
    """The requests of one run, from the emulator's journal. `listings` are those of `stackone` that list accounts."""

    freshservice: int
    stackone: int
    hub: int
    listings: int
    changing: int
    too_many: int
    seconds: float

    @property
    def total(self) -> int:
        """Requests to all services."""
        return self.freshservice + self.stackone + self.hub

    @property
    def rate(self) -> float:
        """Requests a second, from the first to the last."""
        return self.total / self.seconds if self.seconds else 0.0


def traffic_of(journal: Iterable[dict[str, Any]]) -> Traffic:
    """Count the client's own requests."""
    rows = list(journal)
    services = [row["service"] for row in rows]
    times = [row["time"] for row in rows]
    return Traffic(
        *(services.count(service) for service in ("freshservice", "stackone", "hub")),
        listings=sum(row["path"] == "/accounts" and row["method"] == "GET" for row in rows),
        changing=sum(row["method"] != "GET" and not row["path"].startswith("/connect_sessions") for row in rows),
        too_many=sum(row["status"] == 429 for row in rows),
        seconds=max(times) - min(times) if times else 0.0,
    )


@dataclass
class Cell:
    """One contender's run. Extrapolated cells have a time and `extrapolated_from`, the size that was measured."""

    contender: str
    phase: Phase
    latency_ms: int
    tenants: int
    walls_s: list[float]
    usage: Usage | None = None
    traffic: Traffic | None = None
    server_cpu_s: float = 0.0
    extrapolated_from: int | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def wall_s(self) -> float:
        """Seconds of the whole process: the middle one where it ran several times."""
        return median(self.walls_s)

    @property
    def measured(self) -> bool:
        """Whether this was really run."""
        return self.extrapolated_from is None

    @property
    def server_busy(self) -> float:
        """The share of one core that the emulator used while requests came: near 1 it was the bottleneck."""
        seconds = self.traffic.seconds if self.traffic else 0.0
        return self.server_cpu_s / seconds if seconds else 0.0

    def as_dict(self) -> dict[str, Any]:
        """For results.json."""
        return {
            "contender": self.contender,
            "phase": self.phase.value,
            "latency_ms": self.latency_ms,
            "tenants": self.tenants,
            "wall_s": round(self.wall_s, 3),
            "runs_s": [round(wall, 3) for wall in self.walls_s],
            "extrapolated": not self.measured,
            "extrapolated_from": self.extrapolated_from,
            "failed": bool(self.problems),
            "problems": self.problems,
            **self._measured_values(),
        }

    def _measured_values(self) -> dict[str, Any]:
        if not (self.usage and self.traffic):
            return {}
        traffic = self.traffic
        return {
            "cpu_s": round(self.usage.cpu_s, 3),
            "peak_pss_mb": round(self.usage.peak_pss / MB, 1),
            "peak_pss_mb_by_process": [round(part / MB, 1) for part in self.usage.parts],
            "peak_rss_mb": round(self.usage.peak_rss / MB, 1),
            "requests": {"freshservice": traffic.freshservice, "stackone": traffic.stackone, "hub": traffic.hub},
            "requests_per_tenant": round(traffic.total / self.tenants, 3),
            "answers_429": traffic.too_many,
            "changing_requests": traffic.changing,
            "requests_per_second": round(traffic.rate, 1),
            "server_busy": round(self.server_busy, 3),
        }


class Cells:
    """All cells of a run, by what they are for."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, Phase, int, int], Cell] = {}

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._all.values())

    def put(self, cell: Cell) -> None:
        """Add a cell, in place of an earlier one for the same."""
        self._all[(cell.contender, cell.phase, cell.latency_ms, cell.tenants)] = cell

    def get(self, contender: str, phase: Phase, latency_ms: int, tenants: int) -> Cell | None:
        """That cell, if there is one."""
        return self._all.get((contender, phase, latency_ms, tenants))

    def largest_measured(self, contender: str, phase: Phase, latency_ms: int, below: int) -> Cell | None:
        """The largest good run of the contender with fewer tenants."""
        found = [
            cell
            for cell in self._all.values()
            if (cell.contender, cell.phase, cell.latency_ms) == (contender, phase, latency_ms)
            and cell.tenants < below
            and cell.measured
            and not cell.problems
        ]
        return max(found, key=lambda cell: cell.tenants, default=None)


def extrapolated(base: Cell, tenants: int, startup_s: float) -> Cell:
    """A cell that was not run: what a tenant cost in a smaller run, times the tenants, and the start-up once."""
    each = max(0.0, base.wall_s - startup_s) / base.tenants
    wall = startup_s + each * tenants
    return Cell(base.contender, base.phase, base.latency_ms, tenants, [wall], extrapolated_from=base.tenants)
