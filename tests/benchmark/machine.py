# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where and with what it was measured."""

from __future__ import annotations

import os
import platform
import re
import ssl
import subprocess
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from tests.support.collection import ROOT

_PACKAGES = ("ansible-core", "requests", "urllib3", "aiohttp", "uvloop")


def machine() -> dict[str, Any]:
    """What the figures depend on. A load at the start means that others were at work too."""
    return {
        "processor": _first("/proc/cpuinfo", r"model name\s*: (.*)") or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(_first("/proc/meminfo", r"MemTotal:\s*(\d+)") or 0) / 1e6, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def versions() -> dict[str, str]:
    """Of everything that takes part."""
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    return {
        "tenantlink.stackone": f"{galaxy['version']} ({_commit()})",
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        **{package: version(package) for package in _PACKAGES},
    }


def machine_line(found: dict[str, Any], used: dict[str, str]) -> str:
    """Both in a few words."""
    return (
        f"{found['cores']} cores ({found['processor']}), {found['memory_gb']} GB, load {found['load_average'][0]};"
        f" Python {used['python']}, ansible-core {used['ansible-core']}, tenantlink.stackone {used['tenantlink.stackone']}"
    )


def _first(path: str, pattern: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text())
    except OSError:
        return ""
    return found[1] if found else ""


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "no commit"
