# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stops the module when the process that started it is gone.

It watches for two signs that Linux and macOS have in common: another parent process, and a standard output that nobody
can read any more. A job under Ansible's async_wrapper has a parent and a reader of its own, which remain when
ansible-playbook ends, so it goes on.
"""

from __future__ import annotations

import os
import select
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .._core.stop import StopSignal, stopped_by_signals

CHECK_SECONDS = 0.25

EXIT_SECONDS = 1.7
"""Seconds after which the process ends in any case, counted from when the loss was seen."""

STANDARD_OUTPUT = 1
_HUNG_UP = select.POLLERR | select.POLLHUP


class Parent:
    """The process that started this one and reads its standard output."""

    def __init__(self) -> None:
        self._pid = os.getppid()
        self._is_read = _writes_to_another_process()

    @property
    def loss(self) -> str | None:
        """Return why the run ends, or `None` while the parent is there."""
        if not self.reads:
            return "because its result is no longer read"
        if os.getppid() != self._pid:
            return "because the process that started it is gone"
        return None

    @property
    def reads(self) -> bool:
        """Return whether a result that is written now can arrive."""
        if not self._is_read:
            return True
        # One for each call, because two threads may ask at once, and a poll object raises an exception then.
        output = select.poll()
        # macOS reports a closed pipe only if writing is polled as well.
        output.register(STANDARD_OUTPUT, select.POLLOUT)
        return not any(event & _HUNG_UP for _fd, event in output.poll(0))


@contextmanager
def stopped_early(stop: StopSignal, parent: Parent) -> Iterator[None]:
    """Stop the run on a signal, and when its parent is gone."""
    over = threading.Event()
    threading.Thread(target=_watch, args=(stop, parent, over), daemon=True).start()
    try:
        with stopped_by_signals(stop):
            yield
    finally:
        over.set()


def _watch(stop: StopSignal, parent: Parent, over: threading.Event) -> None:
    while not over.wait(CHECK_SECONDS):
        loss = parent.loss
        if loss:
            stop.cancel(loss)
            time.sleep(EXIT_SECONDS)
            os._exit(1)


def _writes_to_another_process() -> bool:
    """Return whether another process reads standard output, which it does not if that is a file, a terminal or closed.

    A terminal that goes away sends SIGHUP instead.
    """
    try:
        mode = os.fstat(STANDARD_OUTPUT).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
