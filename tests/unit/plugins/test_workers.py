# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers that take tenants at the same time, and end together."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.workers import WorkerPool


def test_a_crew_keeps_the_order_and_works_at_the_same_time():
    together = threading.Barrier(4, timeout=30)

    def work(item):
        together.wait()
        return item * 2

    assert WorkerPool(4, StopSignal()).map(work, range(8)) == [item * 2 for item in range(8)]


@pytest.mark.parametrize("workers", [1, 4])
def test_a_crew_raises_what_its_work_raises(workers):
    with pytest.raises(ZeroDivisionError):
        WorkerPool(workers, StopSignal()).map(lambda item: 1 // item, [1, 1, 0, 1])


@pytest.mark.parametrize("workers", [1, 4])
def test_a_crew_begins_nothing_after_a_stop(workers):
    stop = StopSignal()
    begun = []

    def work(item):
        begun.append(item)
        if item == 3:
            stop.drain("enough")

    WorkerPool(workers, stop).map_unless_stopped(work, range(100))
    assert 3 in begun
    assert len(begun) < 4 + workers
    stop.cancel("now")
    with pytest.raises(Stopped):
        WorkerPool(workers, stop).map(begun.append, [1])
