# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `python -m` with this package's name. See README.md."""

from __future__ import annotations

import argparse
import gc
import os
import shlex
import sys
from contextlib import nullcontext
from pathlib import Path

from . import scenario
from .kinds import DELAY_MS, number, whole
from .limits import Plan
from .server import Serving, serve
from .tls import Unavailable, certificate
from .world import Options, World

ENVIRONMENT = "TENANTLINK_EMULATOR"
_PORT = whole(0, 65535).option(int)
_COUNT = whole(0, 1_000_000).option(int)
_DELAY = DELAY_MS.option(float)
_LENGTH = number(0.001, 24 * 3600).option(float)


def _parser() -> argparse.ArgumentParser:
    about = "A local Freshservice and StackOne: a test double, for rehearsals. Never give it real keys."
    more = (
        f"Options may also be in the environment variable {ENVIRONMENT}, for containers whose command cannot be chosen."
    )
    parser = argparse.ArgumentParser(prog="emulator", description=about, epilog=more)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_PORT, default=0, help="0, the default, picks a free one")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--tenants", type=_COUNT, metavar="N", help="N tenants with valid keys: t00001, t00002, ...")
    source.add_argument(
        "--scenario", type=Path, metavar="FILE", help="tenants, accounts, switches and profiles, from JSON or YAML"
    )
    parser.add_argument("--latency-ms", type=_DELAY, default=0.0, metavar="N", help="wait before every answer")
    parser.add_argument(
        "--stackone-rpm",
        type=_COUNT,
        default=1000,
        metavar="N",
        help="calls per window of the StackOne key (%(default)s)",
    )
    parser.add_argument(
        "--stackone-window-s", type=_LENGTH, default=60.0, metavar="N", help="length of that window (%(default)s)"
    )
    plans = [plan.name.lower() for plan in Plan]
    parser.add_argument(
        "--plan", choices=plans, default="enterprise", help="limits of the Freshservice tenants (%(default)s)"
    )
    parser.add_argument("--tls", action="store_true", help="HTTPS with a throw-away authority; needs openssl")
    parser.add_argument(
        "--tls-name", action="append", default=[], metavar="NAME", help="another host name or address for --tls"
    )
    parser.add_argument("--variables", type=Path, metavar="FOLDER", help="put a file of variables for playbooks there")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the parent process is gone")
    return parser


def _of_environment(parser: argparse.ArgumentParser) -> list[str]:
    """Return the options in the environment. Exits with one line if a quote in them is not closed."""
    try:
        return shlex.split(os.environ.get(ENVIRONMENT, ""))
    except ValueError as wrong:
        parser.error(f"{ENVIRONMENT} cannot be read: {wrong}")


def _chosen(arguments: argparse.Namespace) -> scenario.Scenario:
    if arguments.tenants is not None:
        return scenario.numbered(arguments.tenants)
    return scenario.read(arguments.scenario) if arguments.scenario else scenario.default()


def main() -> None:
    """Build the world and serve it."""
    parent = os.getppid()
    parser = _parser()
    arguments = parser.parse_args([*_of_environment(parser), *sys.argv[1:]])
    options = Options(
        arguments.latency_ms, arguments.stackone_rpm, arguments.stackone_window_s, Plan[arguments.plan.upper()]
    )
    try:
        world = World(options, _chosen(arguments))
    except (OSError, ValueError, TypeError, KeyError) as wrong:
        parser.error(f"the scenario cannot be used: {wrong}")
    gc.freeze()
    serving = Serving(
        arguments.host,
        arguments.port,
        parent=parent if arguments.exit_with_parent else None,
        variables=arguments.variables,
    )
    try:
        with certificate(tuple(arguments.tls_name)) if arguments.tls else nullcontext() as serving.certificate:
            serve(world, serving)
    except (Unavailable, OSError) as wrong:
        parser.error(str(wrong))


if __name__ == "__main__":
    main()
