# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads of which one runs at a time, in virtual time: each waits until the scheduler hands over to it.

A thread that waits hands over to whoever is due first; of those due at the same time, to the one that asked first. So
what happens depends on nothing but the waits that are asked for. Threads are kept for the next history: to start one
costs as much as ten requests.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

START = 1_800_000_000.0
"""When every history begins, in epoch seconds."""


class Killed(BaseException):
    """End a task of a run that was killed: nobody catches this, and nothing after it is done."""


class Task:
    """What one thread does. `owner` is the run that it works for, which its own tasks inherit."""

    def __init__(self, number: int, work: Callable[[], None] | None, owner: Any) -> None:
        self.number, self.work, self.owner = number, work, owner
        self.gate = threading.Lock()
        self.gate.acquire()
        self.ticket = 0
        self.waits_for: Any = None
        self.woken: Any = None
        self.done = False
        self.awaited_by: list[Task] = []


class _Hand(threading.Thread):
    """A thread that does one task after another."""

    def __init__(self, pool: list[_Hand]) -> None:
        super().__init__(daemon=True)
        self._pool = pool
        self._called = threading.Lock()
        self._called.acquire()
        self.scheduler: Scheduler
        self.task: Task

    def take(self, scheduler: Scheduler, task: Task) -> None:
        """Do a task as soon as it is its turn."""
        self.scheduler, self.task = scheduler, task
        self._called.release()

    def run(self) -> None:
        while True:
            self._called.acquire()
            scheduler, task = self.scheduler, self.task
            task.gate.acquire()
            try:
                if task.work and not (task.owner and task.owner.dead):
                    task.work()
            except Killed:
                pass
            except BaseException as error:
                scheduler.errors.append(error)
            self._pool.append(self)
            scheduler.end(task)


_IDLE: list[_Hand] = []


class Scheduler:
    """Virtual time, and whose turn it is. The thread that makes it is its first task."""

    def __init__(self) -> None:
        self.time = 0.0
        self.errors: list[BaseException] = []
        self.switches = 0
        self._numbers, self._order = count(), count()
        self._due: list[tuple[float, int, int, Task]] = []
        self.current = Task(next(self._numbers), None, None)

    def spawn(self, work: Callable[[], None], owner: Any = None, after: float = 0.0) -> Task:
        """Let another task begin in so many seconds, once this one waits."""
        task = Task(next(self._numbers), work, owner or self.current.owner)
        hand = _IDLE.pop() if _IDLE else None
        if hand is None:
            hand = _Hand(_IDLE)
            hand.start()
        hand.take(self, task)
        self._wake(task, self.time + after)
        return task

    def sleep(self, seconds: float, waits_for: Any = None) -> Any:
        """Let time pass for this task, less if somebody wakes it, and return what it was woken for. Raise Killed if its run is dead."""
        task = self.current
        task.waits_for = waits_for
        self._wake(task, self.time + max(0.0, seconds))
        self._hand_over(task)
        task.waits_for = None
        if task.owner and task.owner.dead:
            raise Killed
        woken, task.woken = task.woken, None
        return woken

    def join(self, tasks: Sequence[Task], seconds: float = 1e9, waits_for: Any = None) -> bool:
        """Wait until tasks are done, for so many seconds, or until somebody wakes those who wait; return whether they are."""
        left = [task for task in tasks if not task.done]
        until = self.time + seconds
        for task in left:
            task.awaited_by.append(self.current)
        while any(not task.done for task in left) and self.time < until:
            woken = self.sleep(until - self.time, waits_for)
            if woken is waits_for is not None:
                break
        for task in left:
            if not task.done:
                task.awaited_by.remove(self.current)
        return all(task.done for task in left)

    def wake(self, waits_for: Any) -> None:
        """Wake those who sleep and wait for this."""
        for task in sorted({task for *_when, task in self._due if task.waits_for is waits_for}, key=_number):
            task.woken = waits_for
            self._wake(task, self.time)

    def end(self, task: Task) -> None:
        """Note that a task is done, and hand over for good."""
        task.done = True
        for waiting in task.awaited_by:
            self._wake(waiting, self.time)
        self._next().gate.release()

    def _wake(self, task: Task, when: float) -> None:
        task.ticket += 1
        heapq.heappush(self._due, (when, next(self._order), task.ticket, task))

    def _hand_over(self, task: Task) -> None:
        following = self._next()
        if following is not task:
            self.switches += 1
            following.gate.release()
            task.gate.acquire()

    def _next(self) -> Task:
        while True:
            when, _order, ticket, task = heapq.heappop(self._due)
            if ticket == task.ticket and not task.done:
                self.time = max(self.time, when)
                self.current = task
                return task


def _number(task: Task) -> int:
    return task.number
