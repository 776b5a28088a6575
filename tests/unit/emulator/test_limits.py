# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The windows of both services, with a clock of the test's own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulator.limits import FixedWindow, SlidingWindow
from tests.emulator.moments import later_than, now

calls = st.lists(st.integers(0, 50), min_size=1, max_size=60).map(sorted)


@settings(deadline=None)
@given(calls, st.integers(1, 5))
def test_a_sliding_window_never_lets_a_burst_through(times: list[int], limit: int) -> None:
    window = SlidingWindow(limit, 10.0)
    taken = [moment for moment in times if window.take(moment) is None]
    for moment in taken:
        assert len([one for one in taken if moment - 10 < one <= moment]) <= limit


@settings(deadline=None)
@given(calls, st.integers(1, 5))
def test_a_sliding_window_lets_in_after_the_wait_it_names(times: list[int], limit: int) -> None:
    window = SlidingWindow(limit, 10.0)
    for moment in times:
        wait = window.take(moment)
        if wait is not None:
            assert 0 < wait <= 10
            assert window.take(moment + wait) is None
            break


def test_a_fixed_window_opens_at_the_first_call_and_closes_after_its_length() -> None:
    window = FixedWindow()
    assert [window.take(moment, 2, 60, None) for moment in (100, 130, 159)] == [None, None, 1]
    assert [window.take(moment, 2, 60, None) for moment in (160, 161, 162)] == [None, None, 58]


def test_a_short_retry_after_really_reopens_the_window() -> None:
    window = FixedWindow()
    assert [window.take(moment, 1, 60, 2) for moment in (100, 110, 111, 112)] == [None, 2, 1, None]


def test_a_change_always_moves_the_timestamp() -> None:
    moment = now()
    for _count in range(50):
        moved = later_than(moment)
        assert moved > moment
        moment = moved
