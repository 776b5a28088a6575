# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several unit tests share."""

from __future__ import annotations

import os

import pytest

from tests.support.hub_client import NEW
from tests.support.services_in_memory import Services


@pytest.fixture
def services():
    """Both services in memory. Whatever a test does, no account is written to that was not seen before."""
    made = Services()
    yield made
    assert made.unseen_writes == []


@pytest.fixture
def hub(services):
    return services.factory.clients().hub


@pytest.fixture
def session(services):
    return services.factory.clients().stackone.open_session(NEW)


@pytest.fixture
def no_proxy_of_this_machine(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
