# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories in virtual time: the same ones each time, others with TRUST=more. One that goes wrong is made small and shown."""

from __future__ import annotations

import os

import pytest

from tests.simulation.__main__ import report
from tests.simulation.checks import problems
from tests.simulation.generator import made_of
from tests.simulation.play import players

SHARE = 150
SHARES, FIRST = {"more": (16, 1_000_000), "full": (100, 2_000_000)}.get(os.environ.get("TRUST", ""), (8, 0))


@pytest.mark.parametrize("share", range(SHARES))
def test_nothing_goes_wrong(share):
    wrong = []
    with players() as player:
        for seed in range(FIRST + share * SHARE, FIRST + (share + 1) * SHARE):
            history = made_of(seed)
            if problems(player.play(history)):
                wrong.append(report(player, history))
    assert not wrong, "\n".join(wrong[:3])
