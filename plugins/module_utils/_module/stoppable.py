# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module run that can be stopped, and then reports what was done so far."""

from __future__ import annotations

from typing import Any, Callable, NoReturn

from .._core.failure import Failure
from .._core.stop import StopSignal
from .._core.workers import WorkerPool
from .module import Module, ModuleRun
from .parent_watch import Parent, stopped_early


class StoppableRun(ModuleRun):
    """One module run that ends early on a signal, or when the process that started it is gone."""

    def __init__(self, module: Module) -> None:
        self.stop = StopSignal()
        self._parent = Parent()
        super().__init__(module, self.stop.clock())

    def work_alone(self, work: Callable[[], Any]) -> Any:
        """Return what `work` returns, or `None` if it did not end in time after the run was stopped.

        It runs in a thread: the main thread must stay free for signals. Raises what `work` raises.
        """
        with stopped_early(self.stop, self._parent):
            (result,) = WorkerPool(1, self.stop).map_until(lambda _item: work(), [None], lambda: False)
        return result

    def exit(self, result: dict[str, Any]) -> NoReturn:
        """End the module with a result."""
        self._leave_unread()
        super().exit(result)

    def fail(self, failure: Failure, result: dict[str, Any]) -> NoReturn:
        """End the module with a failure, and everything that is known."""
        self._leave_unread()
        super().fail(failure, result)

    def _leave_unread(self) -> None:
        """End the process without a result if the run was stopped and nobody can read the result."""
        if self.stop.now and not self._parent.reads:
            raise SystemExit(1)
