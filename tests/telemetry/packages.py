# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the callback needs that sends spans: the collection community.general, and the packages of OpenTelemetry."""

from __future__ import annotations

from pathlib import Path

from tests.support.ansible_package import fetched, installed
from tests.support.collection import ROOT

CACHE = ROOT / ".telemetry"


def collections() -> Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH."""
    return fetched("community.general")


def libraries() -> Path:
    """A folder for PYTHONPATH."""
    return installed(ROOT / "requirements-telemetry.txt", CACHE)
