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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.emulator", description="A local Freshservice and StackOne.")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--tenants", type=int, metavar="N", help="N good tenants t00001, t00002, ...")
    source.add_argument("--scenario", type=Path, metavar="FILE", help="tenants, accounts and switches from YAML")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="wait before every answer")
    parser.add_argument("--stackone-rpm", type=int, default=1000, help="calls per window of the StackOne key")
    parser.add_argument("--stackone-window-s", type=float, default=60.0, help="length of that window")
    parser.add_argument("--plan", choices=[plan.name.lower() for plan in Plan], default="enterprise")
    parser.add_argument("--tls", action="store_true", help="HTTPS with a throw-away authority")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the parent process is gone")
    return parser.parse_args()


def main() -> None:
    """Build the world and serve it."""
    parent = os.getppid()
    arguments = _arguments()
    if arguments.tenants is not None:
        chosen = scenario.numbered(arguments.tenants)
    else:
        chosen = scenario.read(arguments.scenario or scenario.DEFAULT)
    options = Options(
        arguments.latency_ms,
        arguments.stackone_rpm,
        arguments.stackone_window_s,
        Plan[arguments.plan.upper()],
    )
    world = World(options, chosen)
    gc.freeze()
    with certificate() if arguments.tls else nullcontext() as issued:
        serve(world, arguments.port, issued, parent if arguments.exit_with_parent else None)


if __name__ == "__main__":
    main()
