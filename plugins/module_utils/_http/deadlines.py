# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One deadline for a whole request: when it passes, the connection is shut down, whatever it waits for."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from queue import SimpleQueue
from typing import Any, Callable

LOOK_SECONDS = 0.1
"""How often the watch checks whether the run has been stopped."""


class Cut(Enum):
    """Why a request was cut off."""

    LATE = "late"
    STOPPED = "stopped"


class CutOff(Exception):
    """The request was cut off before it had a connection."""


class Call:
    """One request in progress: its connection, whether any of it was written, and whether it was cut off."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        self.cut: Cut | None = None
        self.written = False
        """False only while no byte of the request was passed to an established connection, so the server cannot have
        processed it."""
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._handle: socket.socket | None = None
        self._owner: Any = None

    def carried_by(self, connection: Any) -> None:
        """Record the socket that the request uses from now on.

        TLS wraps the socket in another object, and the number of a closed socket may be reused for another
        connection. A duplicate handle is kept, which any thread can use to shut down the same connection.
        """
        if connection is self._owner:
            return
        handle = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            before, self._handle, self._owner = self._handle, handle, connection
            if self.cut:
                _shut_down(handle)
        if before:
            before.close()

    def aside(self, connect: Callable[[], socket.socket]) -> socket.socket:
        """Run `connect` in another thread, and return its result. Raise CutOff, and what `connect` raises.

        If the request is cut off, the thread is left to finish alone, because name resolution cannot be interrupted.
        """
        self._news.clear()
        if self.cut:
            raise CutOff
        attempt = _Attempt(connect, self._news)
        _HELPERS.run(attempt.run)
        self._news.wait()
        return attempt.take()

    def cut_off(self, why: Cut) -> None:
        """End the request, whatever it waits for."""
        with self._lock:
            self.cut = self.cut or why
            if self._handle:
                _shut_down(self._handle)
        self._news.set()

    def close(self) -> None:
        """Release the connection, which other requests may use from now on."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle:
            handle.close()


class _Attempt:
    """A connection attempt in another thread."""

    def __init__(self, connect: Callable[[], socket.socket], news: threading.Event) -> None:
        self._connect = connect
        self._news = news
        self._lock = threading.Lock()
        self._left_behind = False
        self._made: socket.socket | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            made, error = self._connect(), None
        except BaseException as caught:
            made, error = None, caught
        with self._lock:
            self._made, self._error = made, error
            if self._left_behind and made:
                made.close()
        self._news.set()

    def take(self) -> socket.socket:
        with self._lock:
            if self._error:
                raise self._error
            if self._made is None:
                self._left_behind = True
                raise CutOff
            return self._made


class _Helpers:
    """Threads that do one thing after another, because a new thread for each would cost more than what it does."""

    def __init__(self) -> None:
        self._idle: deque[SimpleQueue[Callable[[], None]]] = deque()
        # A forked process has none of the threads.
        os.register_at_fork(after_in_child=self._idle.clear)

    def run(self, work: Callable[[], None]) -> None:
        """Let an idle thread do the work, or a new one. The work must not raise."""
        try:
            inbox = self._idle.pop()
        except IndexError:
            inbox = SimpleQueue()
            threading.Thread(target=self._work_for_ever, args=(inbox,), daemon=True).start()
        inbox.put(work)

    def _work_for_ever(self, inbox: SimpleQueue[Callable[[], None]]) -> None:
        while True:
            inbox.get()()
            self._idle.append(inbox)


_HELPERS = _Helpers()


class Current(threading.local):
    """The request of the current thread."""

    call: Call | None = None


CURRENT = Current()


class Watch:
    """Cut off requests that take longer than the given number of seconds, and all of them once the run gives up.

    One thread watches all requests. It runs only while there are any.
    """

    def __init__(self, seconds: float, given_up: Callable[[], bool] = lambda: False) -> None:
        self._seconds = seconds
        self._given_up = given_up
        self._lock = threading.Lock()
        self._calls: set[Call] = set()
        self._watching = False

    @contextmanager
    def call(self) -> Iterator[Call]:
        """Watch the request that the current thread sends in this context."""
        call, before = Call(self._seconds), CURRENT.call
        with self._lock:
            self._calls.add(call)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._run, daemon=True).start()
        CURRENT.call = call
        try:
            yield call
        finally:
            CURRENT.call = before
            with self._lock:
                self._calls.discard(call)
            call.close()

    def _run(self) -> None:
        while True:
            with self._lock:
                calls = list(self._calls)
                if not calls:
                    self._watching = False
                    return
            time.sleep(self._look(calls))

    def _look(self, calls: list[Call]) -> float:
        """Cut off requests that are due, and return the seconds until the next look."""
        now, given_up, pause = time.monotonic(), self._given_up(), LOOK_SECONDS
        for call in calls:
            if not call.cut and (given_up or call.deadline <= now):
                call.cut_off(Cut.LATE if call.deadline <= now else Cut.STOPPED)
            elif not call.cut:
                pause = min(pause, call.deadline - now)
        return pause


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
