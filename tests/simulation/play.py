# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays a history: first with everything that goes wrong in it, then without, until nothing is left to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.emulator.accounts import Account
from tests.emulator.faults import Fault
from tests.simulation.history import LINK, LINKS, Event, History, Link, RunPlan
from tests.simulation.runs import SimulatedRun
from tests.simulation.services import DOMAINS, SimulatedWorld, Wire
from tests.simulation.stage import Stage

OLD_KEY = "OldKeyOldKeyOldKey00"
PEACE = 700.0
"""Seconds after which nobody waits for anything any more: longer than any wait of the product's."""
PERSON = "a person"
ARRANGED = "before everything"
FORETELLS = 99
"""The number of a run in check mode, which foretells what the next one does."""
TOLD = {"duplicate_account", "ambiguous_account"}


@dataclass
class Played:
    """What is known of a history once it was played. `quiet` are the runs after everything that went wrong."""

    history: History
    world: SimulatedWorld
    wire: Wire
    links: list[Link]
    """What was declared in the end."""
    runs: list[SimulatedRun] = field(default_factory=list)
    quiet: list[SimulatedRun] = field(default_factory=list)
    repaired: bool = False
    before: dict[str, dict[str, Any]] = field(default_factory=dict)
    calm: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The accounts when everything that went wrong was over."""
    secrets: set[str] = field(default_factory=set)

    @property
    def everything(self) -> list[SimulatedRun]:
        """All runs."""
        return [*self.runs, *self.quiet]

    @property
    def trace(self) -> Iterator[str]:
        """Every request and every change, each in a line."""
        for asked in self.wire.asked:
            yield f"{asked.time:9.3f} {asked.run.name} {asked.request.method} {asked.request.url} -> {asked.status}"
        for change in self.world.changes:
            actor = getattr(change.actor, "name", change.actor)
            yield f"{change.time:9.3f} {actor} {change.event} {change.id} of {change.owner} on {change.domain}"
        for run in self.everything:
            yield f"{run.ended:9.3f} {run.name} failed={run.failed} {run.text}"
        yield f"{self.world.scheduler.time} {self.world.stored()}"


class Player:
    """Plays histories, one after the other, on one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def play(self, history: History) -> Played:
        """Play a history to its end. Raise what the simulation itself does wrong."""
        rpm = max((run.rpm for run in history.runs), default=1000)
        world = self._stage.set(rpm, history.switches, history.seed)
        self._keys = {domain: world.tenants[domain].main.api_key or "" for domain in DOMAINS}
        self._main, self._other = list(world.profiles)[:2]
        played = Played(history, world, self._stage.wire, list(history.links))
        played.secrets = {OLD_KEY, *self._keys.values()}
        world.actor = ARRANGED
        for link in history.links:
            if link.stored is not None:
                self._add(world, link, **link.stored)
        if history.strangers:
            world.add_account(
                {"origin_owner_id": "stranger", "domain": DOMAINS[-1], "api_key": self._keys[DOMAINS[-1]]}
            )
            world.add_account({"origin_owner_id": history.links[0].owner, "provider": "hibob"})
        world.actor = None
        played.before = world.stored()
        self._disturbed(played)
        played.calm = world.stored()
        self._until_quiet(played)
        if world.scheduler.errors:
            raise world.scheduler.errors[0]
        return played

    def _disturbed(self, played: Played) -> None:
        history, world = played.history, played.world
        world.faults.add([Fault.parse(fault.properties) for fault in history.faults])
        for event in history.events:
            world.scheduler.spawn(lambda event=event: self._happen(played, event), after=event.time)
        tasks = [self._begun(played, plan, played.runs) for plan in history.runs]
        world.scheduler.join(tasks)
        world.faults.clear()
        world.scheduler.sleep(PEACE)

    def _until_quiet(self, played: Played) -> None:
        """Run until nothing is left to do. What only a person may decide is decided once."""
        first = RunPlan(100, purge=any(plan.purge for plan in played.history.runs))
        if played.history.seed % 3 == 0:
            self._quietly(played, replace(first, number=FORETELLS, check=True))
        run = self._quietly(played, first)
        if TOLD & {failure["code"] for failure in run.failures}:
            run = self._quietly(played, replace(first, number=101))
        if TOLD & {failure["code"] for failure in run.failures}:
            played.repaired = True
            run = self._quietly(played, replace(first, number=102), resolve_duplicates=True, resolve_duplicates_limit=9)
        again = self._quietly(played, replace(first, number=103))
        if again.changed:
            self._quietly(played, replace(first, number=104))

    def _quietly(self, played: Played, plan: RunPlan, **options: Any) -> SimulatedRun:
        played.world.scheduler.join([self._begun(played, plan, played.quiet, **options)])
        # A listing that lags shows everything by the next run.
        played.world.scheduler.sleep(30.0)
        return played.quiet[-1]

    def _begun(self, played: Played, plan: RunPlan, among: list[SimulatedRun], **options: Any) -> Any:
        history, world = played.history, played.world
        links = list(played.links)
        if plan.module == LINK:
            links = [link for link in links if link.number == plan.only] or links[:1]
        more = {"seed": history.seed, "calm": history.calm, "profile": self._main, **options}
        run = SimulatedRun(plan, links, self._keys, world.scheduler, **more)
        among.append(run)

        def ended(one: SimulatedRun) -> None:
            one.stored = world.stored()

        return run.start(ended)

    def _add(self, world: SimulatedWorld, link: Link, **changes: Any) -> Account:
        texts = {"label": link.label, "origin_owner_name": link.name, "type": link.type}
        fields = {
            "origin_owner_id": link.owner,
            "domain": link.domain,
            "api_key": self._keys[link.domain],
            **{name: value for name, value in texts.items() if value is not None},
            **changes,
        }
        if fields["api_key"] == "old":
            fields["api_key"] = OLD_KEY
        if fields.get("integration_id") == "other":
            fields["integration_id"] = self._other
        return world.add_account(fields)

    def _happen(self, played: Played, event: Event) -> None:
        """Let a person do something."""
        world = played.world
        link = next((link for link in played.links if link.number == event.link), None)
        if link is None:
            return
        world.actor = PERSON
        mine = [
            one
            for one in world.accounts.of_owner(link.owner).values()
            if one.setup_information.get("domain") == link.domain
        ]
        if event.what == "reset the key":
            tenant = world.tenants[link.domain]
            self._keys = {**self._keys, link.domain: tenant.rotate(tenant.main)}
            played.secrets.add(self._keys[link.domain])
        elif event.what == "link by hand" and not mine and not (link.absent and link.previous):
            self._add(world, link)
        elif event.what == "change the label" and mine:
            world.accounts.change(mine[0], {"label": "By hand"})
        elif event.what == "break the account" and mine:
            world.accounts.change(mine[0], {"status": "error"})
        elif event.what == "use the account for another customer" and mine:
            other = {
                "domain": DOMAINS[-1],
                "api_key": self._keys[DOMAINS[-1]],
                "origin_owner_id": f"another-{event.number}",
            }
            world.accounts.change(mine[0], world.stored_form(other, mine[0]))
        elif event.what == "unlink the account" and mine:
            world.accounts.remove(mine[0])
        world.actor = None


@contextmanager
def players() -> Iterator[Player]:
    """Open a stage, and play on it."""
    with Stage().open() as stage:
        yield Player(stage)


__all__ = ["LINK", "LINKS", "OLD_KEY", "PERSON", "TOLD", "Played", "Player", "players"]
