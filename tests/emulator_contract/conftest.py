# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One emulator for all tests, as after start-up for each, and a plain client for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.handle import Emulator
from tests.emulator_contract.wire import Services


@pytest.fixture(scope="session")
def running() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def services(running: Emulator) -> Services:
    running.reset()
    return Services(running)
