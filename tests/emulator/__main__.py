# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.emulator`: see README.md."""

from __future__ import annotations

import argparse
import gc
import os
from contextlib import nullcontext
from pathlib import Path

from . import scenario
from .limits import Plan
from .server import serve
from .tls import certificate
from .world import Options, World


def _parser() -> argparse.ArgumentParser:
    about = "A local Freshservice and StackOne."
    parser = argparse.ArgumentParser(prog="python -m tests.emulator", description=about)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--tenants", type=int, metavar="N", help="N good tenants t00001, t00002, ...")
    source.add_argument("--scenario", type=Path, metavar="FILE", help="tenants, accounts, switches from YAML")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="wait before every answer")
    parser.add_argument("--stackone-rpm", type=int, default=1000, help="calls per window of the StackOne key")
    parser.add_argument("--stackone-window-s", type=float, default=60.0, help="length of that window")
    parser.add_argument("--plan", choices=[plan.name.lower() for plan in Plan], default="enterprise")
    parser.add_argument("--tls", action="store_true", help="HTTPS with a throw-away authority")
    parser.add_argument("--variables", type=Path, metavar="FOLDER", help="put a file of variables for playbooks there")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the parent is gone")
    return parser


def _chosen(arguments: argparse.Namespace) -> scenario.Scenario:
    if arguments.tenants is not None:
        return scenario.numbered(arguments.tenants)
    return scenario.read(arguments.scenario or scenario.DEFAULT)


def main() -> None:
    """Build the world and serve it."""
    parent = os.getppid()
    parser = _parser()
    arguments = parser.parse_args()
    options = Options(
        arguments.latency_ms, arguments.stackone_rpm, arguments.stackone_window_s, Plan[arguments.plan.upper()]
    )
    try:
        world = World(options, _chosen(arguments))
    except (OSError, ValueError, TypeError, KeyError) as wrong:
        parser.error(f"the scenario cannot be used: {wrong}")
    gc.freeze()
    with certificate() if arguments.tls else nullcontext() as issued:
        serve(world, arguments.port, issued, parent if arguments.exit_with_parent else None, arguments.variables)


if __name__ == "__main__":
    main()
