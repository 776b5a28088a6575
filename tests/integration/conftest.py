# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib

import pytest

from tests.emulator.handle import Emulator
from tests.integration.house import House


@pytest.fixture(scope="session")
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def house(emulator, tmp_path):
    emulator.reset()
    with contextlib.closing(House(emulator, tmp_path)) as opened:
        yield opened


@pytest.fixture
def many(numbered, tmp_path):
    """A house whose emulator, the module's own fixture `numbered`, has many good tenants."""
    numbered.reset()
    with contextlib.closing(House(numbered, tmp_path)) as opened:
        yield opened
