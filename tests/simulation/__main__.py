# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play histories, and show those that go wrong: `make simulate ARGS="--seeds 100000"`, `make simulate ARGS="--replay 4711/run1"`."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.simulation import jobs
from tests.simulation.checks import names_of, problems
from tests.simulation.generator import KINDS, made_of, named
from tests.simulation.history import History
from tests.simulation.play import Player, players
from tests.simulation.shrink import shrunk

SHOWN = 5
"""How many histories are made small and shown; each takes a second or more."""


def report(player: Player, history: History) -> str:
    """Return what goes wrong in a history, made as small as it can be, and how to see it again."""
    wrong = names_of(problems(player.play(history)))
    small = shrunk(history, lambda one: bool(wrong & names_of(problems(player.play(one)))))
    lines = [str(small), *(f"  WRONG: {problem}" for problem in problems(player.play(small)))]
    return "\n".join([*lines, f'  Replay it with: make simulate ARGS="--replay {small.name}"'])


def replay(history: History) -> int:
    """Play one history, and show every request and change of it."""
    with players() as player:
        played = player.play(history)
    print(played.history, *played.trace, sep="\n")
    found = problems(played)
    print(*(f"WRONG: {problem}" for problem in found), sep="\n")
    return bool(found)


def play_all(seeds: Sequence[int]) -> int:
    """Play the histories of these numbers, and say what went wrong in how many."""
    kinds, wrong, requests, began = Counter[str](), Counter[str](), 0, time.process_time()
    bad: list[History] = []
    with players() as player:
        # Whoever stops it sees what was found so far.
        with contextlib.suppress(KeyboardInterrupt):
            for seed in seeds:
                history = made_of(seed)
                played = player.play(history)
                kinds[history.kind] += 1
                requests += len(played.wire.asked)
                found = names_of(problems(played))
                wrong.update(found)
                bad += [history] if found else []
        seconds = time.process_time() - began
        for history in bad[:SHOWN]:
            print(report(player, history))
    told = ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS)
    print(
        f"{sum(kinds.values())} of {len(seeds)} histories ({told}), {requests} requests, in {seconds:.0f} s of CPU:"
        f" {60 * sum(kinds.values()) / seconds:.0f} a minute"
    )
    print(f"{len(bad)} went wrong" + "".join(f"; {name}: {count}" for name, count in wrong.most_common()))
    return bool(bad) or sum(kinds.values()) < len(seeds)


def positive(text: str) -> int:
    """Return a number above 0. Raise ArgumentTypeError."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def history_of(name: str) -> History:
    """Return the history of a name. Raise ArgumentTypeError."""
    try:
        return named(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument(
        "--seeds", type=positive, default=3000, help="how many histories are played (default: %(default)s)"
    )
    parser.add_argument("--first", type=int, default=0, help="the number of the first one (default: %(default)s)")
    parser.add_argument(
        "--replay",
        type=history_of,
        metavar="NAME",
        help="play one history, named as a report names it, and show it all",
    )
    parser.add_argument(
        "--jobs", type=positive, metavar="N", help="show how N jobs and a neighbour share a quota, instead"
    )
    arguments = parser.parse_args()
    if arguments.replay:
        return replay(arguments.replay)
    if arguments.jobs:
        return jobs.show(arguments.jobs)
    return play_all(range(arguments.first, arguments.first + arguments.seeds))


if __name__ == "__main__":
    sys.exit(main())
