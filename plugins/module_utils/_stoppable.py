# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module run that can be stopped, and then tells what was done so far."""

from __future__ import annotations

import sys
from typing import Any, Callable

from ansible_collections.tenantlink.stackone.plugins.module_utils._crew import Crew
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Failure
from ansible_collections.tenantlink.stackone.plugins.module_utils._module import Bench, Module
from ansible_collections.tenantlink.stackone.plugins.module_utils._parent_watch import Parent, stopped_early
from ansible_collections.tenantlink.stackone.plugins.module_utils._stop import Stop


class StoppableBench(Bench):
    """One module run that ends early on a signal, or when the process that started it is gone."""

    def __init__(self, module: Module) -> None:
        self.stop = Stop()
        self._parent = Parent()
        super().__init__(module, self.stop.clock())

    def work_alone(self, work: Callable[[], Any]) -> Any:
        """Return what `work` returns, or `None` where it did not end in time after the run was stopped.

        It runs in a thread: the main thread must stay free for signals. Raises what `work` raises.
        """
        with stopped_early(self.stop, self._parent):
            (result,) = Crew(1, self.stop).some(lambda _item: work(), [None], lambda: False)
        return result

    def exit(self, result: dict[str, Any]) -> None:
        """Leave green."""
        self._leave_unread()
        super().exit(result)

    def fail(self, failure: Failure, result: dict[str, Any]) -> None:
        """Leave red, with everything that is known."""
        self._leave_unread()
        super().fail(failure, result)

    def _leave_unread(self) -> None:
        """Leave without a result where nobody could read it."""
        if self.stop.now and not self._parent.reads:
            sys.exit(1)
