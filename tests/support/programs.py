# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs and libraries that not every machine has."""

from __future__ import annotations

import importlib.util
import os
import shutil

import pytest


def needed(*names: str) -> None:
    """Skip the test without these programs or libraries, or fail it where they must be there."""
    missing = [name for name in names if not (shutil.which(name) or importlib.util.find_spec(name))]
    if missing and os.environ.get("TENANTLINK_REQUIRE_BACKENDS"):
        pytest.fail(f"not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
