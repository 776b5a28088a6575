# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of a history: the module's own main(), on a task of its own, with what it is told and what it leaves."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from tests.emulator.world import MAIN_KEY
from tests.simulation.history import CONFIRM, LINK, Link, RunPlan
from tests.simulation.scheduler import START, Killed, Scheduler, Task

_PLUGINS = "ansible_collections.tenantlink.stackone.plugins.modules"
_FASTEST, _SLOWEST = 0.02, 0.12
WRONG_KEY = "WrongKeyOfNobody0000"


class Left(SystemExit):
    """A module has left, as sys.exit() has it leave."""


class Network:
    """Requests that are under way: they arrive, even if who sent them is gone."""

    dead = False


class SimulatedRun:
    """One run, while it goes on and when it is over."""

    network = Network()

    def __init__(
        self, plan: RunPlan, links: Sequence[Link], keys: dict[str, str], scheduler: Scheduler, **more: Any
    ) -> None:
        """Begin with what is declared. `more` are options of the module, and `seed` and `calm`, which tell latencies."""
        self.plan, self.links, self.scheduler = plan, list(links), scheduler
        self.name = f"run{plan.number}"
        self._seed, self._calm = more.pop("seed", 0), more.pop("calm", False)
        self._keys = {link.domain: WRONG_KEY if link.wrong_key else keys[link.domain] for link in links}
        self._more = more
        self.dead = False
        self.failed: bool | None = None
        self.result: dict[str, Any] = {}
        self.warnings: list[str] = []
        self.masked: dict[str, Any] = {}
        self.stop: StopSignal | None = None
        self.stopped_at: float | None = None
        self.began = self.ended = 0.0
        self.requests = 0
        self.stored: dict[str, dict[str, Any]] = {}
        """The accounts when it ended."""
        self._stalls = dict(plan.stalls)

    @property
    def killed(self) -> bool:
        """Whether it was killed."""
        return self.failed is None

    @property
    def changed(self) -> bool:
        """What it says of itself."""
        return bool(self.result.get("changed"))

    @functools.cached_property
    def text(self) -> str:
        """Everything that a user or a log sees of it, once it is over."""
        return json.dumps([self.result, self.warnings, self.masked], ensure_ascii=False, default=str)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of its result, in every part of it."""
        return [row for name in ("results", "purged", "resolved") for row in self.result.get(name) or ()]

    @property
    def failures(self) -> list[dict[str, Any]]:
        """What failed: of a list its tenants, else the run itself."""
        own = [self.result["failure"]] if "failure" in self.result else []
        return [row["failure"] for row in self.rows if row.get("failure")] or own

    @property
    def owners(self) -> set[str]:
        """Whose accounts it is told about."""
        return {owner for link in self.links for owner in (link.owner, link.previous) if owner}

    def keys_of(self, domain: str) -> set[str]:
        """The keys that it may send to a domain."""
        return {self._keys[domain]} if domain in self._keys else set()

    def entry(self, link: Link) -> dict[str, Any]:
        """How it declares a tenant."""
        entry: dict[str, Any] = {
            "domain": link.domain,
            "origin_owner_id": link.owner,
            "allow_multiple": link.several,
            "previous_origin_owner_id": link.previous,
        }
        if link.absent:
            entry["state"] = "absent"
        else:
            label, name = self.plan.label or link.label, self.plan.name or link.name
            entry.update(label=label, origin_owner_name=name, account_type=link.type, api_key=self._keys[link.domain])
            if link.replaced:
                entry.update(integration_id=self._more["profile"], profile_change="replace")
        return {name: value for name, value in entry.items() if value is not None}

    def options(self) -> dict[str, Any]:
        """The options of the module."""
        plan = self.plan
        options: dict[str, Any] = {
            "stackone_api_key": MAIN_KEY,
            "confirm_timeout": CONFIRM,
            "retries": plan.retries,
            "timeout": plan.timeout,
            "verify_link": "call" if plan.call else "status",
            **{name: value for name, value in self._more.items() if name != "profile"},
        }
        if plan.module == LINK:
            return {**options, **self.entry(self.links[0])}
        options.update(
            tenants=[self.entry(link) for link in self.links],
            concurrency=plan.concurrency,
            purge=plan.purge or None,
            purge_limit=1000,
            requests_per_minute=plan.rpm,
            fingerprints="/simulated/fingerprints.json" if plan.fingerprints else None,
        )
        return options

    def go(self) -> None:
        """Run, to whatever end."""
        self.began = self.scheduler.time
        try:
            import_module(f"{_PLUGINS}.{self.plan.module}").main()
        except Left as left:
            self.failed, self.result = left.args
            self.masked = self.result.pop("invocation", {})
        except Killed:
            pass
        finally:
            self.ended = self.scheduler.time
            self.dead = True

    def start(self, on_end: Callable[[SimulatedRun], None]) -> Task:
        """Begin when it is time."""

        def work() -> None:
            self.go()
            on_end(self)

        task = self.scheduler.spawn(work, self, self.plan.start)
        return task

    def die(self) -> None:
        """Be killed. Raise Killed."""
        self.dead = True
        raise Killed

    def before(self, number: int) -> None:
        """Meet what happens before a request."""
        self.requests = number
        if self.plan.stopped == number and self.stop:
            self.stopped_at = self.scheduler.time
            self.stop.cancel("by SIGTERM")
        if self.plan.killed and number >= self.plan.killed[0] and not self.plan.killed[1]:
            self.die()

    def after(self, number: int) -> None:
        """Meet what happens after a request."""
        if self.plan.killed and number >= self.plan.killed[0]:
            self.die()

    def latency(self, number: int) -> tuple[float, float]:
        """How long a request is under way, and its answer."""
        first, second = (0.5, 0.5) if self._calm else _drawn(self._seed, self.plan.number, number)
        there, back = (_FASTEST + (_SLOWEST - _FASTEST) * part * part for part in (first, second))
        return there + self._stalls.get(number, 0.0), back

    def echoes(self, number: int) -> tuple[int, int] | None:
        """The status of an answer that repeats what it was asked with, and the signs before that."""
        return self.plan.echo[1:] if self.plan.echo and self.plan.echo[0] == number else None

    def stop_overdue(self, http: Any) -> bool:
        """Whether even requests in progress are cut off."""
        return bool(http.clock.given_up())

    def now(self) -> float:
        """The time by its machine's clock."""
        return START + self.scheduler.time + (self.plan.skew if self.requests >= 5 else 0.0)


def _drawn(*numbers: int) -> tuple[float, float]:
    """Return two numbers from 0 to 1 that depend on these alone."""
    mixed = 0x9E3779B97F4A7C15
    for number in numbers:
        mixed = ((mixed ^ number) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        mixed = ((mixed ^ (mixed >> 31)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        mixed ^= mixed >> 29
    return (mixed & 0xFFFFFF) / 0x1000000, ((mixed >> 32) & 0xFFFFFF) / 0x1000000
