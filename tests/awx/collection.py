# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection awx.awx, out of the package `ansible` that requirements-awx.txt names."""

from __future__ import annotations

from pathlib import Path

from tests.support import ansible_package
from tests.support.collection import ROOT

REQUIREMENTS = ROOT / "requirements-awx.txt"
CACHE = ROOT / ".awx"


def fetched() -> Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH, filled once for each content of requirements-awx.txt."""
    return ansible_package.fetched("awx.awx", REQUIREMENTS, CACHE)
