# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .contenders import DEFAULT_CONCURRENCY, NAMES

SIZES = (10, 100, 1_000, 10_000)
LATENCIES = (0, 50, 150)
DEFAULTS = {"sizes": SIZES[:3], "latencies": (50,), "concurrencies": (16, 64, 128), "budget": 120.0}
QUICK = {"sizes": SIZES[:2], "latencies": (50,), "concurrencies": (DEFAULT_CONCURRENCY,), "budget": 20.0}
FULL = {**DEFAULTS, "sizes": SIZES, "latencies": LATENCIES}


@dataclass(frozen=True)
class Options:
    """What to measure. `limit_s`: a run that takes longer is ended and has failed."""

    sizes: tuple[int, ...]
    latencies: tuple[int, ...]
    contenders: tuple[str, ...]
    concurrencies: tuple[int, ...]
    budget_s: float
    limit_s: float
    ceiling_s: float
    tls: bool
    quick: bool
    scenarios: bool

    def as_dict(self) -> dict[str, Any]:
        """For results.json."""
        return asdict(self)


def options_from(arguments: Sequence[str]) -> Options:
    """The options of a command line; --quick and --full choose what is not given."""
    given = _parser().parse_args(arguments)
    preset = QUICK if given.quick else FULL if given.full else DEFAULTS
    chosen = {name: value if (value := getattr(given, name)) is not None else preset[name] for name in DEFAULTS}
    return Options(
        sizes=tuple(sorted(chosen["sizes"])),
        latencies=tuple(chosen["latencies"]),
        contenders=given.contenders,
        concurrencies=tuple(chosen["concurrencies"]),
        budget_s=chosen["budget"],
        limit_s=max(900.0, 4 * chosen["budget"]),
        ceiling_s=1.5 if given.quick else 4.0,
        tls=not given.no_tls,
        quick=given.quick,
        scenarios=not given.no_scenarios,
    )


def _parser() -> argparse.ArgumentParser:
    about = "Measures how tenants are linked, by this collection and by other means, against the emulator."
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=about)
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--quick", action="store_true", help="a small subset, about 2 minutes")
    amount.add_argument(
        "--full", action="store_true", help="latencies 0,50,150 and up to 10,000 tenants; about an hour"
    )
    parser.add_argument("--sizes", type=_numbers(1), metavar="N,...", help="tenants (default 10,100,1000)")
    parser.add_argument("--latencies", type=_numbers(0), metavar="MS,...", help="of every answer (default 50)")
    names = f"who takes part (default all: {','.join(NAMES)})"
    parser.add_argument("--contenders", type=_names, default=NAMES, metavar="NAME,...", help=names)
    workers = f"workers of freshservice_links; {DEFAULT_CONCURRENCY} always takes part (default 16,64,128)"
    parser.add_argument("--concurrencies", type=_numbers(1), metavar="N,...", help=workers)
    budget = "extrapolate a run that a smaller one predicts to take longer than this (default 120)"
    parser.add_argument("--budget", type=float, metavar="SECONDS", help=budget)
    parser.add_argument("--no-tls", action="store_true", help="plain HTTP")
    parser.add_argument("--no-scenarios", action="store_true", help="only the grid, without what was promised")
    return parser


def _numbers(least: int) -> Callable[[str], tuple[int, ...]]:
    def numbers(text: str) -> tuple[int, ...]:
        found = tuple(sorted({int(part) for part in text.split(",")}))
        if found[0] < least:
            raise argparse.ArgumentTypeError(f"{found[0]} is less than {least}")
        return found

    return numbers


def _names(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(text.split(",")))
    if unknown := set(found) - set(NAMES):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(NAMES)}")
    return found
