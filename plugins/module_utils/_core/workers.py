# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads that work through a list together, and the way to stop them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, Callable

from .clock import Stopped
from .stop import StopSignal

TICK_SECONDS = 0.25


class WorkerPool:
    """So many workers. C(beat) is called a few times a second, in the thread that C(each) was called in."""

    def __init__(self, workers: int, stop: StopSignal, on_tick: Callable[[], None] = lambda: None) -> None:
        self._workers = workers
        self._stop = stop
        self._on_tick = on_tick

    def map(self, work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """C(map), by all workers at once. Raises what the work raises, and Stopped when stopped at once."""
        results = self.map_until(work, list(items), lambda: self._stop.now)
        if self._stop.now:
            raise Stopped(self._stop.reason or "")
        return results

    def map_unless_stopped(self, work: Callable[[Any], Any], items: Sequence[Any]) -> None:
        """As C(each), but also a gentle stop leaves the rest undone; the work itself notes what it did."""
        self.map_until(work, items, lambda: self._stop.reason is not None)

    def map_until(self, work: Callable[[Any], Any], items: Sequence[Any], until: Callable[[], bool]) -> list[Any]:
        """Work through the items until all are done or C(until) says so; C(None) for what was not begun."""
        results: list[Any] = [None] * len(items)
        errors: list[BaseException] = []
        waiting = iter(range(len(items)))

        def worker() -> None:
            # next() on this iterator is one step of the interpreter: no two workers get the same.
            for index in waiting:
                if errors or until():
                    return
                try:
                    results[index] = work(items[index])
                except BaseException as error:
                    errors.append(error)

        self._run_threads(worker, min(self._workers, len(items)))
        if errors:
            raise errors[0]
        return results

    def _run_threads(self, worker: Callable[[], None], count: int) -> None:
        threads = [threading.Thread(target=worker, daemon=True) for _number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(TICK_SECONDS)
                self._on_tick()
                if self._stop.left_behind:
                    return
        self._on_tick()
