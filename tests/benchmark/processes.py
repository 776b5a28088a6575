# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command and measures it with all its descendants: time, CPU, memory."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SAMPLE_S = 0.05
LARGEST_SHARE = 0.05
"""Sampling may take this share of one core, no more: the more processes there are, the rarer it gets."""
GRACE_S = 5.0
_TICKS = os.sysconf("SC_CLK_TCK")
_SIZES = re.compile(rb"^(Rss|Pss): +(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Usage:
    """What a command took. Peaks are sums over its process tree, in bytes; PSS counts shared pages once.

    `parts` are the PSS of the single processes at that moment, the oldest first.
    """

    code: int
    wall_s: float
    cpu_s: float
    peak_pss: int
    peak_rss: int
    parts: tuple[int, ...] = ()
    timed_out: bool = False


def measure(command: list[str], env: dict[str, str], cwd: Path, output: Path, limit_s: float) -> Usage:
    """Run a command to its end, or for `limit_s` seconds. Its output goes to a file."""
    with output.open("wb") as file:
        began = time.monotonic()
        process = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        sampler = _Sampler(process.pid, began + limit_s)
        sampler.start()
        try:
            # The rusage of a child holds that of all its descendants that were waited for, as ansible does.
            _pid, status, used = os.wait4(process.pid, 0)
        except BaseException:
            _end(process.pid)
            raise
        finally:
            sampler.stop()
        wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = used.ru_utime + used.ru_stime
    return Usage(process.returncode, wall, cpu, sum(sampler.parts), sampler.rss, sampler.parts, sampler.timed_out)


def cpu_seconds(pid: int) -> float:
    """The CPU seconds of one running process so far."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS


class _Sampler(threading.Thread):
    """Looks at the memory of a process tree a few times a second, and ends it when its time is over."""

    def __init__(self, root: int, deadline: float) -> None:
        super().__init__(daemon=True)
        self.parts: tuple[int, ...] = ()
        self.rss = 0
        self.timed_out = False
        self._root = root
        self._deadline = deadline
        self._done = threading.Event()

    def stop(self) -> None:
        self._done.set()
        self.join()

    def run(self) -> None:
        pause = SAMPLE_S
        while not self._done.wait(pause):
            began = time.thread_time()
            self._look()
            pause = max(SAMPLE_S, (time.thread_time() - began) / LARGEST_SHARE)
            if time.monotonic() > self._deadline and not self.timed_out:
                self.timed_out = True
                _end(self._root)

    def _look(self) -> None:
        sizes = [_memory(pid) for pid in _tree(self._root)]
        self.rss = max(self.rss, sum(rss for rss, _pss in sizes))
        self.parts = max(self.parts, tuple(pss for _rss, pss in sizes), key=sum)


def _tree(root: int) -> list[int]:
    """The process and all its descendants."""
    found = [root]
    for pid in found:
        with suppress(OSError):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
    return found


def _memory(pid: int) -> tuple[int, int]:
    """RSS and PSS in bytes; nothing of a process that has just ended."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            sizes = {name: int(size) * 1024 for name, size in _SIZES.findall(file.read())}
    except OSError:
        return 0, 0
    return sizes.get(b"Rss", 0), sizes.get(b"Pss", 0)


def _end(root: int) -> None:
    """End a tree that this module started: politely, then by force. A reused pid is not taken for it."""
    born = {pid: _born(pid) for pid in _tree(root)}
    with suppress(ProcessLookupError):
        os.kill(root, signal.SIGTERM)
    time.sleep(GRACE_S)
    for pid, moment in born.items():
        if moment and _born(pid) == moment:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _born(pid: int) -> str:
    """When a process was started, in ticks since the machine was; empty where there is none."""
    with suppress(OSError):
        return _stat(pid)[19]
    return ""


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the command's name."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
