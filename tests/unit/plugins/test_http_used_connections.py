# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device on the way may forget connections that have carried a request: what they lose is not lost twice."""

from __future__ import annotations

import contextlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportError
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.messages import Request, Service
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.session import Http, HttpOptions

pytestmark = pytest.mark.usefixtures("no_proxy_of_this_machine")

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
USED = 4
"""Used connections in the pool: more than the repetitions that a request has."""


class Server:
    """Serves each connection in a thread of its own, as a function of the connection and its number says."""

    def __init__(self, serve):
        self.connections = 0
        self._serve = serve
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _peer = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._handle, args=(connection, self.connections), daemon=True).start()

    def _handle(self, connection, number):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            self._serve(connection, number)

    def close(self):
        self._socket.close()


def read(connection):
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("the client has gone")
        received += more


def forgetful():
    """Return what answers the first request of each connection, and closes the connection when another one arrives."""
    together = threading.Barrier(USED)

    def serve(connection, number):
        read(connection)
        if number <= USED:
            # All of them are in use at the same time, so that none is used again before the pool has all.
            together.wait(10)
        connection.sendall(GOOD)
        read(connection)

    return serve


@pytest.fixture
def serving():
    with contextlib.ExitStack() as stack:
        yield lambda serve: stack.enter_context(contextlib.closing(Server(serve)))


def http_with_used_connections(server, retries):
    http = Http(HttpOptions(timeout=10, retries=retries, workers=USED))
    with ThreadPoolExecutor(USED) as threads:
        assert all(threads.map(lambda _number: ask(http, server, "GET").ok, range(USED)))
    assert server.connections == USED
    return http


def ask(http, server, method, repeatable=True):
    url = f"http://127.0.0.1:{server.port}/accounts"
    return http.send(Request(Service.STACKONE, method, url, repeatable=repeatable))


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_repetition_does_not_take_another_used_connection(serving, method):
    server = serving(forgetful())
    http = http_with_used_connections(server, retries=1)
    # Without another request in between, the repetition takes the place of the connection that was lost, which is empty.
    http.clock.sleep = lambda _seconds: ask(http, server, "GET")
    assert ask(http, server, method).ok


def test_only_the_first_creation_is_lost(serving):
    server = serving(forgetful())
    http = http_with_used_connections(server, retries=3)
    with pytest.raises(TransportError) as lost:
        ask(http, server, "POST", repeatable=False)
    assert (lost.value.kind.value, lost.value.sent) == ("dropped", True)
    assert all(ask(http, server, "POST", repeatable=False).ok for _number in range(USED))


def test_a_new_connection_that_is_lost_says_nothing_about_used_ones(serving):
    def serve(connection, number):
        read(connection)
        while number > 1:
            connection.sendall(GOOD)
            read(connection)

    server = serving(serve)
    http = Http(HttpOptions(timeout=10, retries=1))
    http.clock.sleep = lambda _seconds: None
    assert all(ask(http, server, method).ok for method in ("GET", "POST", "DELETE", "GET"))
    assert server.connections == 2
