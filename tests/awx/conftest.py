# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller for the tests of a class."""

from __future__ import annotations

import pytest

from .setup_runner import SetupRunner


@pytest.fixture(scope="class")
def runner(tmp_path_factory):
    """One for all tests of a class, in their order: each begins with what the one before has left."""
    return SetupRunner(tmp_path_factory.mktemp("controller"))
