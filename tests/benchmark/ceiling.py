# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests a second the emulator answers at most, so that one sees whether it held a contender back."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

from .cells import Traffic
from .load import Mix
from .runner import Runner


class CeilingError(RuntimeError):
    """The emulator could not take the load."""


@dataclass(frozen=True)
class Ceiling:
    """The most that was answered of one mix. A busy share near 1 says who could not do more."""

    mix: Mix
    requests_per_second: float
    server_busy: float
    generator_busy: float

    def as_dict(self) -> dict[str, Any]:
        """For results.json."""
        return {**asdict(self), "mix": self.mix.value}


def find_ceilings(runner: Runner, seconds: float) -> list[Ceiling]:
    """Every mix, without latency, from a process of its own."""
    found = [_find(runner, mix, seconds) for mix in Mix]
    runner.emulator.reset()
    return found


def ceiling_of(ceilings: list[Ceiling], traffic: Traffic) -> float:
    """The requests a second that bound such a run: each key check opens a connection, StackOne's are kept."""
    mix = Mix.NEW_LINKS if traffic.stackone + traffic.hub > traffic.freshservice else Mix.NEW_KEY_CHECKS
    return next((found.requests_per_second for found in ceilings if found.mix is mix), 0.0)


def _find(runner: Runner, mix: Mix, seconds: float) -> Ceiling:
    runner.emulator.reset()
    profile = next(profile for profile in runner.emulator.profiles() if profile["default"])
    given = {**runner.connection(), "tenants": runner.tenants, "profile": profile["integration_id"]}
    variables = runner.write("vars.json", given)
    before = runner.server_cpu_s()
    command = [sys.executable, "-m", "tests.benchmark.load", str(variables), mix.name, str(seconds)]
    usage = runner.execute(command, 30 + 10 * seconds)
    server = runner.server_cpu_s() - before
    if usage.code:
        raise CeilingError(runner.last_words())
    said = json.loads(runner.output.read_text())
    if said["refused"]:
        raise CeilingError(f"{said['refused']} of {said['sent']} requests were refused ({mix.value})")
    return Ceiling(mix, said["sent"] / said["seconds"], server / said["seconds"], said["busy"])
