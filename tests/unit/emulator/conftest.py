# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One emulator for all tests, as after start-up for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.handle import Emulator
from tests.support.emulator_client import Client


@pytest.fixture(scope="session")
def running() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.reset()
    return running


@pytest.fixture
def client(emulator: Emulator) -> Client:
    return Client(emulator)
