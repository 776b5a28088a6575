# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request ends when its time is over, and when the run is stopped, whatever it is waiting for."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import weakref
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from urllib3.util import connection

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Clock, Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.stop import StopSignal
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import connections, deadlines, session
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportError, TransportKind

pytestmark = pytest.mark.usefixtures("no_proxy_of_this_machine")

TIMEOUT = 3.0
"""Seconds that a request gets here: enough to be written on a slow machine. No proper answer depends on it."""

FOREVER = 120
"""Seconds after which a test gives up a request that does not end: far beyond what any machine needs."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP_WITH_NAME = b"\x1f\x8b\x08\x08" + bytes(6)
DEFLATE = zlib.compressobj(9, zlib.DEFLATED, 31)
EMPTY_GZIP = DEFLATE.compress(b"") + DEFLATE.flush()

PLACES = {
    "status line": (b"HTTP/1.1 200 ", b"a"),
    "before the status line": (b"", b"H"),
    "header's name": (HEAD, b"a"),
    "header's value": (HEAD + b"X-A: ", b"a"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "continue with headers": (b"", b"HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n"),
    "body with a length": (HEAD + b"Content-Length: 1000000000\r\n\r\n", b" "),
    "body without a length": (HEAD + b"\r\n", b" "),
    "size of a chunk": (CHUNKED, b"0"),
    "extension of a chunk": (CHUNKED + b"1;a=", b"a"),
    "content of chunks": (CHUNKED, b"1\r\n \r\n"),
    "a trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nX-A: ", b"a"),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-A: b\r\n"),
    "name of a gzip": (HEAD + b"Content-Encoding: gzip\r\n\r\n" + GZIP_WITH_NAME, b"a"),
    "empty parts of a gzip": (HEAD + b"Content-Encoding: gzip\r\n\r\n", EMPTY_GZIP),
}
"""Where an answer can be without end: what comes before, and what is repeated."""


class Endless:
    """A server that writes one thing, and then another without end: byte by byte, or as fast as it is read."""

    def __init__(self, first=b"", piece=b"", pause=0.05, reads=True):
        self._first, self._piece, self._pause, self._reads = first, piece, pause, reads
        self._over = threading.Event()
        self.asked = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _peer = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            if self._reads:
                connection.recv(65536)
            self.asked.set()
            connection.sendall(self._first)
            piece = self._piece if self._pause else self._piece * (100_000 // max(1, len(self._piece)))
            while not self._over.wait(self._pause):
                connection.sendall(piece)

    def close(self):
        self._over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def serving():
    with contextlib.ExitStack() as stack:
        yield lambda *how, **more: stack.enter_context(contextlib.closing(Endless(*how, **more)))


def outcome(send):
    """What a request raises. It must end."""
    raised = []

    def work():
        try:
            send()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(FOREVER)
    assert not thread.is_alive(), "the request does not end"
    (error,) = raised
    return error


def eventually(condition):
    end = time.monotonic() + FOREVER
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def judged(error):
    assert isinstance(error, TransportError), repr(error)
    return error.kind, error.sent


def post(server, scheme="http", host="127.0.0.1", timeout=TIMEOUT, body=None, clock=None, method="POST", **options):
    http = session.Http(session.HttpOptions(timeout=timeout, retries=0, **options), clock)
    url = f"{scheme}://{host}:{server.port}/hub/accounts"
    body = {"a": 1} if body is None and method == "POST" else body
    return lambda: http.send(session.Request(session.Service.STACKONE, method, url, body=body, repeatable=False))


def through(server, **options):
    return post(server, "https", "stackone.example", proxy=f"http://127.0.0.1:{server.port}", **options)


def test_what_drips_ends_with_its_time(serving):
    """All at once, because each takes the whole time-out."""
    tunnel, hello = b"HTTP/1.1 200 Connection established\r\n", b"\x16\x03\x03\x3f\xff\x02"
    sent = {place: post(serving(*how)) for place, how in PLACES.items()}
    sent["a request that nobody reads"] = post(serving(reads=False), body="x" * 30_000_000)
    not_sent = {
        "a proxy's header": through(serving(tunnel, b"a")),
        "a proxy's headers": through(serving(tunnel, b"X-A: b\r\n", pause=1)),
        "a silent handshake": post(serving(), "https"),
        "a handshake": post(serving(hello, b"\x02"), "https"),
    }
    with ThreadPoolExecutor(len(sent) + len(not_sent)) as pool:
        found = {place: pool.submit(outcome, send) for place, send in {**sent, **not_sent}.items()}
    judgements = {place: judged(future.result()) for place, future in found.items()}
    assert judgements == {place: (TransportKind.TIMEOUT, place in sent) for place in (*sent, *not_sent)}


@pytest.mark.parametrize("place", PLACES)
def test_a_flood_ends(serving, place):
    kind, _sent = judged(outcome(post(serving(*PLACES[place], pause=0), timeout=1.0)))
    # It may be too much of something before its time is over.
    assert kind in (TransportKind.TIMEOUT, TransportKind.DROPPED, TransportKind.BODY)


@pytest.mark.parametrize("line", [b"a", b"X-A: b\r\n"], ids=["a header", "headers"])
def test_a_flood_of_a_proxy_ends(serving, line):
    server = serving(b"HTTP/1.1 200 Connection established\r\n", line, pause=0)
    assert not judged(outcome(through(server, timeout=1.0)))[1]


@pytest.fixture
def names_hang(monkeypatch):
    """No name is resolved until the test is over."""
    over, asked = threading.Event(), threading.Event()

    def hang(*_args, **_options):
        asked.set()
        over.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield asked
    over.set()


def test_the_resolution_of_a_name_is_not_waited_for_longer(serving, names_hang):
    assert judged(outcome(post(serving(), host="tenant.example"))) == (TransportKind.TIMEOUT, False)


def test_a_connection_that_comes_too_late_is_closed(serving, monkeypatch):
    """The thread that was left behind hands nothing out."""
    made, go_on, real = [], threading.Event(), socket.create_connection

    def late(*args, **options):
        go_on.wait()
        made.append(real(*args[:1]))
        return made[0]

    monkeypatch.setattr(connection, "create_connection", late)
    server = serving()
    error = outcome(post(server))
    go_on.set()
    eventually(lambda: [late.fileno() for late in made] == [-1])
    assert judged(error) == (TransportKind.TIMEOUT, False)


class TestAStop:
    """It ends what is under way, though there would be time."""

    @pytest.fixture
    def stop(self):
        return StopSignal()

    def cancel_once(self, stop, asked, patience=0.0):
        def cancel():
            asked.wait()
            stop.cancel("by a test", patience)

        threading.Thread(target=cancel, daemon=True).start()

    def stopped_while(self, stop, asked, send):
        self.cancel_once(stop, asked)
        return outcome(send)

    @pytest.mark.parametrize("place", ["header's value", "body without a length", "trailers", "name of a gzip"])
    def test_a_question_is_given_up(self, serving, stop, place):
        server = serving(*PLACES[place])
        error = self.stopped_while(stop, server.asked, post(server, method="GET", timeout=600, clock=stop.clock()))
        assert isinstance(error, Stopped)

    @pytest.mark.parametrize("place", ["status line", "body with a length", "size of a chunk"])
    def test_what_came_of_a_change_is_not_known(self, serving, stop, place):
        server = serving(*PLACES[place])
        error = self.stopped_while(stop, server.asked, post(server, timeout=600, clock=stop.clock()))
        assert judged(error) == (TransportKind.STOPPED, True)

    def test_nor_of_one_that_would_be_repeated(self, stop):
        """The run is stopped while it waits for the repetition of a change whose answer was lost."""
        http = session.Http(session.HttpOptions(timeout=600), stop.clock())

        def lost(_request):
            stop.cancel("by a test", 60.0)
            raise TransportError(TransportKind.DROPPED, "host", "a test", True)

        http._once = lost
        request = session.Request(session.Service.STACKONE, "PATCH", "https://host/accounts/1")
        assert judged(outcome(lambda: http.send(request))) == (TransportKind.DROPPED, True)

    def test_no_name_is_waited_for(self, serving, stop, names_hang):
        send = post(serving(), host="tenant.example", timeout=600, clock=stop.clock())
        assert isinstance(self.stopped_while(stop, names_hang, send), Stopped)

    def test_who_is_patient_gets_an_answer(self, serving, stop):
        """What is under way may end for as long as the stop is patient."""
        server = serving(HEAD + b"Content-Length: 2\r\n\r\n{", b"}", pause=0.3)
        self.cancel_once(stop, server.asked, patience=FOREVER)
        assert post(server, method="GET", timeout=600, clock=stop.clock())().data == {}


def test_the_watch_is_there_only_while_requests_are(serving):
    server = serving(HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
    http = session.Http(session.HttpOptions(timeout=600), Clock())
    request = session.Request(session.Service.STACKONE, "GET", f"http://127.0.0.1:{server.port}/")
    for _number in range(3):
        assert http.send(request).ok
    assert http._watch._calls == set()
    eventually(lambda: not http._watch._watching)


class TestHelpers:
    """The threads that connect."""

    def test_one_after_another_needs_one_thread(self):
        helpers, done, names = deadlines._Helpers(), threading.Event(), []

        def work():
            names.append(threading.current_thread().name)
            done.set()

        for _count in range(3):
            done.clear()
            helpers.run(work)
            assert done.wait(FOREVER)
            eventually(lambda: helpers._idle)
        assert len(set(names)) == 1

    def test_who_is_busy_is_not_waited_for(self):
        helpers, busy, over, done = deadlines._Helpers(), threading.Event(), threading.Event(), threading.Event()
        helpers.run(lambda: (busy.set(), over.wait(FOREVER)))
        assert busy.wait(FOREVER)
        helpers.run(done.set)
        assert done.wait(FOREVER)
        over.set()

    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
    def test_a_forked_process_has_threads_of_its_own(self):
        helpers, done = deadlines._Helpers(), threading.Event()
        helpers.run(lambda: None)
        eventually(lambda: helpers._idle)
        child = os.fork()
        if child == 0:
            helpers.run(done.set)
            os._exit(0 if done.wait(FOREVER) else 1)
        assert os.waitpid(child, 0)[1] == 0


class TestHandles:
    """Each connection has a second descriptor, by which it can be cut off, for as long as anybody uses it."""

    @pytest.fixture
    def pair(self):
        ours, theirs = socket.socketpair()
        theirs.settimeout(FOREVER)
        with ours, theirs:
            yield ours, theirs

    def test_none_is_left_of_a_closed_connection(self, serving, monkeypatch):
        made = []

        class Handle(deadlines.Handle):
            def __init__(self, connection):
                super().__init__(connection)
                made.append(weakref.ref(self))

        monkeypatch.setattr(connections, "Handle", Handle)
        server = serving(HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
        http = session.Http(session.HttpOptions(timeout=600), Clock())
        request = session.Request(session.Service.STACKONE, "GET", f"http://127.0.0.1:{server.port}/")
        for _number in range(3):
            assert http.send(request).ok
        assert [handle() for handle in made] == [None] * 3

    def test_whoever_reads_a_closed_connection_can_still_be_cut_off(self, pair):
        """An answer that ends its connection is read after the connection's own descriptor is closed."""
        ours, theirs = pair
        handle = deadlines.Handle(ours)
        ours.close()
        handle.shut_down()
        assert theirs.recv(1) == b""

    def test_the_last_user_closes_the_descriptor(self, pair):
        ours, theirs = pair
        handle = deadlines.Handle(ours)
        ours.close()
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)
        del handle
        assert theirs.recv(1) == b""
