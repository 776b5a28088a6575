# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several unit tests share."""

from __future__ import annotations

import pytest

from .services import Services


@pytest.fixture
def services():
    """Both services in memory. Whatever a test does, no account is written to that was not seen before."""
    made = Services()
    yield made
    assert made.unseen_writes == []
