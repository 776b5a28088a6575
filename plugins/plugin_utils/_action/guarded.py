# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugins of all modules: they end the module when its task or its run ends early."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash

from ...module_utils._core.failure import Failure, FailureCode
from ...module_utils._core.tenant import invalid_argument
from ...module_utils._core.written import marked

CHECK_SECONDS = 0.25
LAST_TRIES = 20
"""How often to signal the module once ansible-playbook is gone: it may be about to start."""
LAST_SECONDS = 3.0
DIED = "the module ended without a result."


class GuardedAction(ActionBase):
    """Runs the module, which does all the work, and makes sure that it does not outlive its run."""

    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module."""
        try:
            result = super().run(tmp, task_vars)
        except AnsibleActionFail as error:
            failure = invalid_argument(str(error)).failure
            return {"failed": True, "changed": False, "msg": failure.line, "failure": failure.as_dict()}
        arguments = {name: with_marks(value) for name, value in self._task.args.items()}
        return _explained(merge_hash(result, self.run_module(arguments, task_vars)))

    def run_module(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Run the module. In the background it may outlive the run: that is what `async` is for."""
        wrap_async = self._task.async_val and not self._connection.has_native_async
        with contextlib.nullcontext() if self._task.async_val else ended_with_the_run():
            done: dict[str, Any] = self._execute_module(
                module_args=arguments, task_vars=task_vars, wrap_async=wrap_async
            )
        return done


def with_marks(value: Any) -> Any:
    """Return the arguments, with marks for values that JSON cannot hold; the same object if there are none."""
    if isinstance(value, Mapping):
        named: Any = {name: with_marks(inner) for name, inner in value.items()}
        return named if any(named[name] is not inner for name, inner in value.items()) else value
    if isinstance(value, (list, tuple)):
        listed = [with_marks(inner) for inner in value]
        return listed if any(new is not inner for new, inner in zip(listed, value)) else value
    return marked(value)


def _explained(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a module, with a failure if the module died before it could say why."""
    if not result.get("failed") or "failure" in result or result.get("ansible_job_id"):
        return result
    failure = Failure(FailureCode.INTERNAL_ERROR, DIED, "Run again with -vvv to see why.")
    return {**result, "failure": failure.as_dict()}


def start_deaf(thread: threading.Thread) -> None:
    """Start a thread that receives no signals.

    Python handles signals in the main thread only. If another thread receives one, it does not interrupt what the main
    thread waits for, and the worker would never learn that ansible-playbook wants it to end.
    """
    taken = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, taken)


@contextlib.contextmanager
def ended_with_the_run() -> Iterator[None]:
    """End the processes started meanwhile if an exception, such as a timeout, ends the task or ansible-playbook is gone.

    Those processes are the shells in which a module runs and the module itself, or the client of a connection to another
    machine: then the module there sees that its reader is gone, and stops.
    """
    playbook = _playbook()
    if os.getppid() != playbook:
        os._exit(1)
    before, over = _descendants(), threading.Event()
    start_deaf(threading.Thread(target=_watch, args=(playbook, before, over), daemon=True))
    try:
        yield
    except BaseException:
        _end(_descendants() - before)
        raise
    finally:
        over.set()


def _playbook() -> int:
    """Return the process id of ansible-playbook, which forked this process.

    It was noted before the fork: if the parent dies before the task starts, or between two tries of `until`, this process
    has another parent by now.
    """
    forked_by = multiprocessing.parent_process()
    return forked_by.pid if forked_by and forked_by.pid else os.getppid()


def _watch(parent: int, before: set[int], over: threading.Event) -> None:
    """Wait for the end of the task, or of ansible-playbook: it started this process, and nothing else would end it."""
    while not over.wait(CHECK_SECONDS):
        if os.getppid() != parent:
            _end_with_the_run(before, over)


def _end_with_the_run(before: set[int], over: threading.Event) -> None:
    """End the module, then this process: it would wait for ever to hand over its result."""
    for _try in range(LAST_TRIES):
        _end(_descendants() - before)
        if over.wait(CHECK_SECONDS):
            # Ansible removes its temporary files meanwhile.
            time.sleep(LAST_SECONDS)
            break
    # Any process that is left was started as another user: it loses its reader now.
    os._exit(1)


def _end(processes: set[int]) -> None:
    for process in processes:
        # Processes of another user cannot be signalled from here.
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGTERM)


def _descendants() -> set[int]:
    """Return the processes that this one started, and those that they started."""
    parents, found = dict(_parents()), {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def _parents() -> Iterator[tuple[int, int]]:
    """Return the id of each process with that of its parent: from Linux's /proc, elsewhere from ps."""
    if os.path.exists("/proc/self/stat"):
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, ValueError):
                # The name, in parentheses, may hold spaces and parentheses.
                yield int(stat.parent.name), int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
        return
    with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
        listed = subprocess.run(
            ["/bin/ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, timeout=5, check=True
        )
        for line in listed.stdout.splitlines():
            pid, parent = line.split()
            yield int(pid), int(parent)
