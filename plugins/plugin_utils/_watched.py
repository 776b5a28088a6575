# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins of modules that take a list of tenants do: show how far the module is while it works."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.vars import merge_hash

from ansible_collections.tenantlink.stackone.plugins.module_utils._progress import read

INTERVAL = 5.0
"""Seconds between two lines. A run that is over before the first shows none."""

display = Display()


class WatchedAction(ActionBase):
    """The module does all the work; this only watches the file in which it notes its progress."""

    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        with self._watched() as path:
            if path:
                arguments["progress_path"] = path
            wrap_async = self._task.async_val and not self._connection.has_native_async
            done = self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=wrap_async)
        return merge_hash(result, done)

    @contextlib.contextmanager
    def _watched(self) -> Iterator[str | None]:
        """A file to write the progress to, shown meanwhile; C(None) where nobody could read it or asks for another."""
        local = self._connection.transport == "local" and not self._play_context.become
        if not local or self._task.async_val or self._task.args.get("progress_path"):
            yield None
            return
        folder = tempfile.mkdtemp(prefix="tenantlink-")
        path = os.path.join(folder, "progress.json")
        try:
            with watching(path, INTERVAL):
                yield path
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def watching(path: str, interval: float) -> Iterator[None]:
    """Show the progress in a file every C(interval) seconds, and once more in the end if it was shown at all."""
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(path, interval, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(path: str, interval: float, over: threading.Event) -> None:
    shown = None
    while not over.wait(interval):
        progress = read(path)
        if progress and progress.line != shown:
            shown = progress.line
            display.display(shown)
    progress = read(path)
    if shown and progress and progress.line != shown:
        display.display(progress.line)
