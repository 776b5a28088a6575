# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How jobs share the quota of one key: each links its slice of the tenants, nobody divides, and a neighbour goes on as ever.

StackOne allows a key so many requests in any minute, and answers the next with 429 and how long to wait (S82). The
neighbour is another tool with the same key: it sends at a constant pace, and does not repeat what is refused.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tests.emulator import exchange
from tests.emulator.keys import freshservice_key
from tests.emulator.message import Call, Service
from tests.emulator.world import MAIN_KEY
from tests.simulation.history import Link, RunPlan
from tests.simulation.runs import SimulatedRun
from tests.simulation.services import SimulatedWorld, Wire
from tests.simulation.stage import Stage

PATH = "/auth_configs"
"""What the neighbour asks for: something cheap, which no job asks for."""


@dataclass(frozen=True)
class Setting:
    """Who shares what: `quota` requests in any `window` seconds. `neighbour` is its requests in a window, `stagger` the seconds
    between the beginnings of two jobs.
    """

    jobs: int = 4
    tenants: int = 1000
    quota: int = 1000
    window: float = 60.0
    neighbour: int = 60
    stagger: float = 0.0
    concurrency: int = 64

    @property
    def rpm(self) -> int:
        """The quota as the product is told it."""
        return round(self.quota * 60 / self.window)


@dataclass(frozen=True)
class Share:
    """How one job, or the neighbour, fared. `pace` is its answered requests in a window, `failed` its tenants given up."""

    name: str
    requests: int
    refused: int
    pace: float
    ended: float
    failed: int = 0


def shared(setting: Setting) -> list[Share]:
    """Let the jobs run to their end, and return how each fared, the neighbour last."""
    with Stage().open() as stage:
        return _Sharing(stage, setting).shares()


class _Sharing:
    """The jobs and the neighbour of a setting, on one stage."""

    def __init__(self, stage: Stage, setting: Setting) -> None:
        self._setting = setting
        self._world: SimulatedWorld = stage.set(setting.quota, {}, seed=0)
        self._world.stackone_keys[MAIN_KEY].quota.length = setting.window
        self._wire: Wire = stage.wire
        self._runs: list[SimulatedRun] = []
        self._asked: list[int] = []
        self._over = False

    def shares(self) -> list[Share]:
        """Play it."""
        setting, scheduler = self._setting, self._world.scheduler
        links = [Link(number, f"customer-{number}", f"s{number:05d}") for number in range(setting.tenants)]
        for link in links:
            self._world.add_tenant(link.domain)
        keys = {link.domain: freshservice_key(link.domain, 2, 0) for link in links}
        size = math.ceil(len(links) / setting.jobs)
        tasks = []
        for number in range(setting.jobs):
            plan = RunPlan(
                number, number * setting.stagger, concurrency=setting.concurrency, retries=3, rpm=setting.rpm
            )
            run = SimulatedRun(
                plan,
                links[number * size : (number + 1) * size],
                keys,
                scheduler,
                seed=number,
                quota_window=setting.window,
            )
            self._runs.append(run)
            tasks.append(run.start(lambda _run: None))
        neighbour = scheduler.spawn(self._neighbour) if setting.neighbour else None
        scheduler.join(tasks)
        self._over = True
        if neighbour:
            scheduler.join([neighbour])
        if scheduler.errors:
            raise scheduler.errors[0]
        return [*map(self._share, self._runs), self._of_neighbour()]

    def _neighbour(self) -> None:
        pause = self._setting.window / self._setting.neighbour
        while not self._over:
            headers = {"authorization": _BASIC, "user-agent": "a neighbour"}
            call = Call(Service.STACKONE, "GET", PATH, headers=headers)
            answer = self._world.drive(exchange.exchange(call, self._world), "the neighbour")
            self._asked.append(answer.status)
            self._world.scheduler.sleep(pause)

    def _share(self, run: SimulatedRun) -> Share:
        mine = [asked for asked in self._wire.asked if asked.run is run and asked.call and asked.call.domain is None]
        refused = sum(asked.status == 429 for asked in mine)
        windows = (run.ended - run.began) / self._setting.window
        failed = sum("failure" in row for row in run.result.get("results") or ())
        return Share(run.name, len(mine), refused, (len(mine) - refused) / windows, run.ended, failed)

    def _of_neighbour(self) -> Share:
        refused, end = self._asked.count(429), max(run.ended for run in self._runs)
        return Share(
            "neighbour", len(self._asked), refused, (len(self._asked) - refused) / (end / self._setting.window), end
        )


def table(setting: Setting, shares: Sequence[Share]) -> Iterator[str]:
    """Yield the lines of a report."""
    jobs, neighbour = shares[:-1], shares[-1]
    yield (
        f"{setting.tenants} tenants in {setting.jobs} jobs, {setting.quota} requests in {setting.window:.0f} s, a neighbour with"
        f" {setting.neighbour}, {setting.stagger:.0f} s between beginnings"
    )
    for share in shares:
        yield (
            f"  {share.name:9}  {share.requests:6} requests  {share.refused:5} of them 429  {share.pace:7.1f} a window"
            f"  ended after {share.ended:7.1f} s  {share.failed} given up"
        )
    ends = [share.ended for share in jobs]
    yield (
        f"  {sum(share.refused for share in jobs)} 429s of jobs, ends within {100 * (max(ends) - min(ends)) / max(ends):.0f} %,"
        f" the neighbour refused {100 * neighbour.refused / max(1, neighbour.requests):.0f} %"
    )


def show(jobs: int) -> int:
    """Print how so many jobs share a quota: beginning together and apart, alone and beside a neighbour."""
    usual = Setting(jobs=jobs)
    apart, faster = replace(usual, stagger=20.0), replace(usual, neighbour=300)
    scaled = replace(usual, window=6.0)
    for setting in (replace(usual, neighbour=0), usual, apart, faster, replace(scaled, neighbour=0), scaled):
        print(*table(setting, shared(setting)), sep="\n")
    return 0


_BASIC = "Basic " + base64.b64encode(f"{MAIN_KEY}:".encode()).decode()
