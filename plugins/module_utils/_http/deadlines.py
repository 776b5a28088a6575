# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One deadline for a whole request: when it passes, the connection is shut down, whatever it waits for."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from queue import SimpleQueue
from typing import Callable

LOOK_SECONDS = 0.1
"""How often the watch checks whether the run has been stopped."""


class Cut(Enum):
    """Why a request was cut off."""

    LATE = "late"
    STOPPED = "stopped"


class CutOff(Exception):
    """The request was cut off before it had a connection."""


class Handle:
    """A second descriptor of a connection, with which any thread can shut the connection down.

    TLS wraps the socket in another object, and the number of a closed socket may be reused for another connection. The
    descriptor is closed with the last reference to the handle: the connection has one, and the request that it carries.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._descriptor = os.dup(connection.fileno())
        weakref.finalize(self, os.close, self._descriptor)

    def shut_down(self) -> None:
        """End what any thread does with the connection."""
        connection = socket.socket(fileno=self._descriptor)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.detach()


class Call:
    """One request in progress: its connection, whether any of it was written, and whether it was cut off.

    With `new_connection`, it must not be sent on a connection that has carried other requests.
    """

    def __init__(self, seconds: float, new_connection: bool = False) -> None:
        self.seconds = seconds
        self.new_connection = new_connection
        self.connected = False
        """Whether a connection was made for this request."""
        self.deadline = time.monotonic() + seconds
        self.cut: Cut | None = None
        self.written = False
        """False only while no byte of the request was passed to an established connection, so the server cannot have
        processed it."""
        self._lock = threading.Lock()
        self._attempt: _Attempt | None = None
        self._handle: Handle | None = None

    def carried_by(self, handle: Handle) -> None:
        """Record the connection that the request uses from now on."""
        with self._lock:
            self._handle = handle
            if self.cut:
                handle.shut_down()

    def aside(self, connect: Callable[[], socket.socket]) -> socket.socket:
        """Run `connect` in another thread, and return its result. Raise CutOff, and what `connect` raises.

        If the request is cut off, the thread is left to finish alone, because name resolution cannot be interrupted.
        """
        attempt = _Attempt(connect)
        with self._lock:
            if self.cut:
                raise CutOff
            self._attempt = attempt
        _HELPERS.run(attempt.run)
        return attempt.take()

    def cut_off(self, why: Cut) -> None:
        """End the request, whatever it waits for."""
        with self._lock:
            self.cut = self.cut or why
            if self._handle:
                self._handle.shut_down()
            if self._attempt:
                self._attempt.abandon()

    def close(self) -> None:
        """Release the connection, which other requests may use from now on."""
        with self._lock:
            self._handle = self._attempt = None


class _Attempt:
    """A connection attempt in another thread."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        # A queue, because an event takes several times as long.
        self._news: SimpleQueue[None] = SimpleQueue()
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
        self._news.put(None)

    def abandon(self) -> None:
        """Let `take` return at once."""
        self._news.put(None)

    def take(self) -> socket.socket:
        self._news.get()
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
    def call(self, new_connection: bool = False) -> Iterator[Call]:
        """Watch the request that the current thread sends in this context, on a new connection if it must be one."""
        call, before = Call(self._seconds, new_connection), CURRENT.call
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
