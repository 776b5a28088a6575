# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.emulator.handle import Emulator
from tests.modules.house import InProcess

MANY = 300


@pytest.fixture(scope="session")
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def house(emulator, tmp_path):
    with InProcess.opened(emulator, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def numbered():
    with Emulator("--tenants", str(MANY), "--stackone-rpm", "1000000") as running:
        yield running


@pytest.fixture
def many(numbered, tmp_path):
    """A house whose emulator has many good tenants and no quota."""
    with InProcess.opened(numbered, tmp_path) as opened:
        yield opened
