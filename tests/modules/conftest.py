# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.emulator.handle import Emulator
from tests.modules.in_process import InProcessRunner

MANY = 300


@pytest.fixture(scope="session")
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def runner(emulator, tmp_path):
    with InProcessRunner.opened(emulator, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def numbered():
    with Emulator("--tenants", str(MANY), "--stackone-rpm", "1000000") as running:
        yield running


@pytest.fixture
def many(numbered, tmp_path):
    """A runner whose emulator has many good tenants and no quota."""
    with InProcessRunner.opened(numbered, tmp_path) as opened:
        yield opened
