# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers of one run that wait for the same quota, in virtual time."""

from __future__ import annotations

from ansible_collections.tenantlink.stackone.plugins.module_utils._http.quota import Quota
from tests.simulation.scheduler import Scheduler


class VirtualClock:
    """Goes by a scheduler's time, for workers that wait at the same time."""

    def __init__(self, scheduler):
        self._scheduler = scheduler
        self.sleep = scheduler.sleep

    def monotonic(self):
        return self._scheduler.time


def test_workers_take_turns_after_a_429():
    """As many requests as workers that wait, at the pace of one: none of them goes before its turn."""
    scheduler = Scheduler()
    quota = Quota(100, 60, VirtualClock(scheduler))
    sent = []

    def worker():
        for _count in range(5):
            with quota:
                sent.append(scheduler.time)

    quota.hold(10)
    scheduler.join([scheduler.spawn(worker) for _count in range(6)])
    gaps = [later - earlier for earlier, later in zip(sent, sent[1:])]
    assert (len(sent), min(gaps) > 60 / 100) == (30, True)
