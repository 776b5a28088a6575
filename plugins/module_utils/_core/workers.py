# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool of threads that process a list and can be stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, Callable

from .clock import Stopped
from .stop import StopSignal

TICK_SECONDS = 0.25


class WorkerPool:
    """A pool of worker threads. `on_tick` is called a few times a second, in the thread that called the pool."""

    def __init__(self, workers: int, stop: StopSignal, on_tick: Callable[[], None] = lambda: None) -> None:
        self._workers = workers
        self._stop = stop
        self._on_tick = on_tick

    def map(self, work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """Return the results of the work in order, as `map` does. Raise what the work raises, and Stopped if cancelled."""
        results = self.map_until(work, list(items), lambda: self._stop.now)
        if self._stop.now:
            raise Stopped(self._stop.reason or "")
        return results

    def map_unless_stopped(self, work: Callable[[Any], Any], items: Sequence[Any]) -> None:
        """Process the items until the run is stopped, even gracefully; the work itself records its results."""
        self.map_until(work, items, lambda: self._stop.reason is not None)

    def map_until(self, work: Callable[[Any], Any], items: Sequence[Any], until: Callable[[], bool]) -> list[Any]:
        """Process the items until all are done or `until` is true. Return `None` for items that were not started."""
        results: list[Any] = [None] * len(items)
        errors: list[BaseException] = []
        waiting = iter(range(len(items)))

        def worker() -> None:
            # next() on this iterator is atomic, so no two workers get the same index.
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
