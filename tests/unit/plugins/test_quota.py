# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Clock, Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.pace import (
    CUT,
    GROWTH,
    LEAST_SHARE,
    MOST_RUNS,
    Pace,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.quota import Quota


class FakeClock:
    def __init__(self):
        self.time = 1000.0

    def monotonic(self):
        return self.time

    def sleep(self, seconds):
        assert seconds > 0
        self.time += seconds


def timed(*args, **options):
    """Return a clock of the test's own, and a quota that goes by it."""
    clock = FakeClock()
    return clock, Quota(*args, clock, **options)


def busiest(sent, window):
    return max(sum(start <= moment < start + window for moment in sent) for start in sent)


@given(st.integers(1, 8), st.floats(0.5, 60), st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_no_window_of_the_server_holds_more_than_the_quota(slots, window, delays):
    """The server counts a request at any moment between its sending and its answer: here at the answer or at once."""
    clock, quota = timed(slots, window)
    sent, answered = [], []
    for delay in delays:
        with quota:
            sent.append(clock.time)
            clock.time += delay
            answered.append(clock.time)
    mixed = [late if index % 2 else early for index, (early, late) in enumerate(zip(sent, answered))]
    slack = window - 1e-6
    for counted in (sent, answered, mixed):
        assert busiest(counted, slack) <= slots


def test_it_sends_as_much_as_the_quota_allows():
    clock, quota = timed(100, 60)
    for _count in range(1000):
        with quota:
            pass
    assert clock.time - 1000.0 == pytest.approx(9 * 60)
    assert quota.waited == pytest.approx(9 * 60)


def test_a_primed_quota_waits_before_the_first_request_too():
    clock, quota = timed(1, 3, primed=True)
    with quota:
        assert clock.time == 1003.0


def test_a_hold_stops_everybody_once():
    clock, quota = timed(10, 60)
    assert quota.hold(30) == 30
    assert quota.hold(5) == 0
    starts = []
    for _count in range(4):
        with quota:
            starts.append(clock.time)
    assert starts[0] == 1030.0
    assert quota.waited == starts[-1] - 1000.0


def test_a_wait_that_is_cut_off_counts_as_far_as_it_went():
    clock = FakeClock()
    quota = Quota(10, 60, clock)
    quota.hold(30)

    def stopped_meanwhile(seconds):
        clock.time += seconds / 3
        raise Stopped("by SIGTERM")

    clock.sleep = stopped_meanwhile
    with pytest.raises(Stopped), quota:
        pass
    assert quota.waited == pytest.approx(10)


def test_a_hold_tells_by_how_much_it_makes_the_run_longer():
    clock, quota = timed(10, 60)
    assert [quota.hold(60) for _worker in range(3)] == [60, 0, 0]
    clock.time += 20
    assert quota.hold(60) == 20
    clock.time += 100
    assert quota.hold(7) == 7


def test_a_hold_that_begins_while_a_worker_sleeps_is_kept():
    clock, quota = timed(1, 10)
    with quota:
        pass

    def sleep(seconds):
        clock.time += seconds
        if not held:
            held.append(True)
            quota.hold(50)

    held = []
    clock.sleep = sleep
    with quota:
        assert clock.time == 1060.0


def use_up(quota, slots):
    for _count in range(slots):
        with quota:
            pass


def starts(quota, clock, seconds):
    """When a worker that never rests begins its requests, in seconds from now."""
    began, found = clock.time, []
    while clock.time < began + seconds:
        with quota:
            found.append(clock.time - began)
    return found


@pytest.mark.parametrize(("slots", "window"), [(100, 60), (1, 0.6)])
def test_after_a_429_others_are_left_room_and_it_comes_back_by_and_by(slots, window):
    clock, quota = timed(slots, window)
    use_up(quota, slots)
    assert quota.hold(60) == 60
    found = starts(quota, clock, 600)
    minutes = [sum(60 * minute <= start < 60 * minute + 60 for start in found) for minute in range(1, 10)]
    assert minutes[0] <= 90
    assert minutes[1] < 100
    assert min(minutes[-3:]) >= 98


def test_a_429_that_many_got_together_counts_once():
    clock, quota = timed(100, 60)
    use_up(quota, 100)
    for _worker in range(9):
        quota.hold(60)
    found = starts(quota, clock, 120)
    assert sum(60 <= start < 120 for start in found) == pytest.approx(100 * CUT, abs=5)


def test_after_a_429_requests_are_spread():
    """Else those of several runs would meet again, right after the pause."""
    clock, quota = timed(100, 60)
    quota.hold(10)
    found = starts(quota, clock, 70)
    gaps = [later - earlier for earlier, later in zip(found, found[1:])]
    assert (found[0], min(gaps) > 60 / 100) == (10, True)


def test_workers_share_it():
    """With real threads: 60 requests at 20 in 0.3 s need at least two full windows, and no window holds more."""
    window, sent = 0.3, []
    quota = Quota(20, window, Clock())

    def worker():
        for _count in range(10):
            with quota:
                sent.append(time.monotonic())

    with ThreadPoolExecutor(6) as pool:
        for future in [pool.submit(worker) for _count in range(6)]:
            future.result()
    assert len(sent) == 60
    assert busiest(sent, window) <= 20


def test_a_stop_wakes_who_waits_and_gives_the_slot_back():
    stop = StopSignal()
    quota = Quota(1, 3600, stop.clock())
    with quota:
        pass
    threading.Timer(0.05, stop.cancel, ["by a test"]).start()
    for _count in range(2):
        with pytest.raises(Stopped, match="by a test"), quota:
            pass


@pytest.mark.parametrize(("used", "runs"), [(1000, 1), (940, 1), (500, 2), (280, 4), (230, 4), (10, 4), (0, 4)])
def test_the_first_429_tells_how_many_runs_there_are(used, runs):
    pace = Pace(1000, 60)
    assert pace.interval(0) == 0
    pace.give_way(0, 30, used)
    assert pace.interval(30) == pytest.approx(60 / (1000 * CUT / runs))


def test_a_pace_comes_back_by_and_by_and_never_stops():
    pace = Pace(1000, 60)
    for _time in range(60):
        pace.give_way(0, 0, 1000)
    assert pace.interval(0) == pytest.approx(60 / (1000 * LEAST_SHARE))
    minutes = [60.0 * minute for minute in range(12)]
    paces = [60 / interval for interval in map(pace.interval, minutes) if interval]
    assert [later - earlier for earlier, later in zip(paces, paces[1:])] == pytest.approx(
        [1000 * GROWTH] * (len(paces) - 1)
    )
    assert pace.interval(minutes[-1]) == 0


def test_a_tool_that_never_slows_down_cannot_stop_a_run():
    """However often it is refused, 1,000 tenants at two requests each take less than an hour."""
    pace = Pace(1000, 60)
    for _time in range(1000):
        pace.give_way(0, 0, 1000)
    assert 2 * 1000 * pace.interval(0) < 3600


@given(st.integers(2, MOST_RUNS), st.lists(st.floats(0.0, 1.0), min_size=MOST_RUNS, max_size=MOST_RUNS))
def test_runs_that_differ_become_equal(runs, used):
    """Each window all gain, and whenever they send more than the quota all lose, as StackOne tells all of them."""
    paces = [Pace(1000, 60) for _run in range(runs)]
    for pace, part in zip(paces, used):
        pace.give_way(0, 0, round(1000 * part))
    now = 0.0
    for _window in range(100):
        now += 60
        if any(not pace.interval(now) for pace in paces) or sum(60 / pace.interval(now) for pace in paces) > 1000:
            for pace in paces:
                pace.give_way(now, now, 1000)
    sent = [60 / pace.interval(now) for pace in paces]
    assert max(sent) <= 1.1 * min(sent)
