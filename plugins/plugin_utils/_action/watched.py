# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugins of modules for a list of tenants: they show how far the module is while it works."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display

from ...module_utils._list.progress import read
from .guarded import GuardedAction, start_deaf

INTERVAL = 5.0
"""Seconds between two lines. A run that ends before the first shows none."""

display = Display()


class WatchedAction(GuardedAction):
    """Runs the module, which does all the work, and watches the file to which it writes its progress."""

    def run_module(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Run the module."""
        with self._watched(_prefix(task_vars or {})) as path:
            if path:
                arguments["progress_path"] = path
            return super().run_module(arguments, task_vars)

    @contextlib.contextmanager
    def _watched(self, prefix: str) -> Iterator[str | None]:
        """Yield a file to write the progress to, which is shown meanwhile; `None` if nobody could read it or wants it shown."""
        local = self._connection.transport == "local" and not self._play_context.become
        if not local or self._task.async_val or not self._wanted():
            yield None
            return
        folder = tempfile.mkdtemp(prefix="tenantlink-")
        path = os.path.join(folder, "progress.json")
        try:
            with watching(path, INTERVAL, prefix):
                yield path
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _wanted(self) -> bool:
        arguments = self._task.args
        shown = arguments.get("progress")
        return not arguments.get("progress_path") and (shown is None or boolean(shown, strict=False))


def _prefix(variables: Mapping[str, Any]) -> str:
    """Return how lines begin: with the host's name if the play has several hosts, whose lines alternate."""
    several = len(variables.get("ansible_play_hosts_all") or ()) > 1
    return f"{variables['inventory_hostname']}: " if several else ""


@contextlib.contextmanager
def watching(path: str, interval: float, prefix: str = "") -> Iterator[None]:
    """Show the progress in a file every `interval` seconds, and once more at the end if it was shown at all."""
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(path, interval, prefix, over), daemon=True)
    start_deaf(watcher)
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(path: str, interval: float, prefix: str, over: threading.Event) -> None:
    shown = None
    while not over.wait(interval):
        progress = read(path)
        if progress and progress.line != shown:
            shown = progress.line
            _show(prefix + shown)
    progress = read(path)
    if shown and progress and progress.line != shown:
        _show(prefix + progress.line)


def _show(line: str) -> None:
    """Show a line on standard error: standard output is the callback's, which may write JSON there.

    If nobody reads it any more, ansible-core's thread for results would end with it, and the playbook wait for ever.
    """
    if _is_read(sys.__stderr__.fileno() if sys.__stderr__ else None):
        display.display(line, stderr=True)


def _is_read(descriptor: int | None) -> bool:
    """Return whether the other end of a pipe is open; a file or a terminal has none that could be closed."""
    if descriptor is None:
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return not any(event & select.POLLERR for _descriptor, event in poll.poll(0))
