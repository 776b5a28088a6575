# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run may open as many files as its workers need, as far as the machine lets it."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.open_files import allow_open_files


@pytest.mark.parametrize(
    ("soft", "hard", "workers", "found"),
    [(64, 4096, 64, (612, 4096)), (64, 300, 64, (300, 300)), (64, -1, 64, (612, -1)), (64, 4096, 1, (108, 4096))],
)
def test_the_own_limit_is_raised(monkeypatch, soft, hard, workers, found):
    limits = limited(monkeypatch, soft, hard)
    allow_open_files(workers)
    assert limits == [found]


@pytest.mark.parametrize("soft", [700, -1])
def test_what_is_enough_stays(monkeypatch, soft):
    limits = limited(monkeypatch, soft, 4096)
    allow_open_files(64)
    assert limits == []


def limited(monkeypatch, soft, hard):
    """Replace the limits of this process; return what is set."""
    limits = []
    resource = SimpleNamespace(
        RLIMIT_NOFILE=7,
        RLIM_INFINITY=-1,
        getrlimit=lambda _which: (soft, hard),
        setrlimit=lambda _which, both: limits.append(both),
    )
    monkeypatch.setitem(sys.modules, "resource", resource)
    return limits
