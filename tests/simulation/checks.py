# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be true of every history."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.simulation import conduct, outcomes
from tests.simulation.play import Played

CHECKS: dict[str, Callable[[Played], Iterator[str]]] = {
    "a failure has a code": conduct.coded,
    "no secret is shown": conduct.secretive,
    "a key goes to its own host": conduct.faithful,
    "a run ends": conduct.bounded,
    "a stopped run sends nothing more": conduct.obedient,
    "the quota is kept": conduct.sparing,
    "a refused key is not tried again": conduct.careful,
    "check mode changes nothing": conduct.passive,
    "only accounts that were seen are written to": conduct.recognised,
    "only accounts that are named are unlinked": conduct.restrained,
    "a link that may be made is not made again": conduct.hesitant,
    "one link has one account": outcomes.single,
    "changed is what changed": outcomes.truthful,
    "green means as declared": outcomes.green,
    "finally all is as declared": outcomes.converged,
    "check mode foretells": outcomes.foretold,
}


def problems(played: Played) -> list[str]:
    """Return everything that is wrong with a history."""
    return [f"{name}: {problem}" for name, check in CHECKS.items() for problem in check(played)]


def names_of(found: list[str]) -> set[str]:
    """Return which checks have found something."""
    return {problem.partition(":")[0] for problem in found}
