# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real connections that break: whether the request may have been carried out is known by when they break."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import struct
import threading

import pytest
import trustme

from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportError
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.messages import Request, Service
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.session import Http, HttpOptions

BEHIND_PROXY = "stackone.example"
"""Where requests through a proxy go: what is sent to this machine never goes through one."""
pytestmark = pytest.mark.usefixtures("no_proxy_of_this_machine")

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
RECORD = b"\x17\x03\x03\x00\x40" + bytes(range(64))
HANDSHAKE_ALERT = b"\x15\x03\x01\x00\x02\x02\x28"


class Peer:
    """One TLS connection of a server, whose wire can be written to beside TLS."""

    def __init__(self, connection, context):
        self.wire = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.call(self.tls.do_handshake)

    def call(self, work, *args):
        while True:
            try:
                result = work(*args)
            except ssl.SSLWantReadError:
                self.flush()
                received = self.wire.recv(65536)
                if not received:
                    raise ConnectionError("the client has gone") from None
                self._incoming.write(received)
            except ssl.SSLError:
                self.flush()
                raise
            else:
                self.flush()
                return result

    def flush(self):
        self.wire.sendall(self._outgoing.read())

    def request(self):
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.call(self.tls.read, 65536)

    def answer(self):
        self.call(self.tls.write, GOOD)

    def alert(self):
        """Let our own TLS find a bad record, about which it tells the client."""
        self._incoming.write(RECORD)
        with contextlib.suppress(ssl.SSLError):
            while self.tls.read(65536):
                pass
        self.flush()

    def close_notify(self):
        with contextlib.suppress(ssl.SSLError):
            self.tls.unwrap()
        self.flush()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Server:
    """Serves one connection after another, each as the next function in the list says."""

    def __init__(self, *handlers):
        self.handlers = list(handlers)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        for handler in self.handlers:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            connection.settimeout(5)
            with contextlib.suppress(OSError):
                handler(connection)
            # What breaks is what the handler did: the connection stays open until the client has gone.
            self._wait_for_the_end(connection)
            connection.close()

    def _wait_for_the_end(self, connection):
        with contextlib.suppress(OSError):
            connection.settimeout(0.05)
            while not self._over.is_set():
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(65536):
                        return

    def close(self):
        self._over.set()
        self._socket.close()
        self._thread.join(10)


@pytest.fixture
def serving():
    with contextlib.ExitStack() as stack:
        yield lambda *handlers: stack.enter_context(contextlib.closing(Server(*handlers)))


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    made.cert_pem.write_to_path(str(path))
    return made, str(path)


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def context(request, authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = request.param
    authority[0].issue_cert("localhost", BEHIND_PROXY).configure_cert(context)
    return context


def head(connection):
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("the client has gone")
        received += more


def tunnelled(handler):
    """A proxy and the server behind it in one."""

    def handle(connection):
        head(connection)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        handler(connection)

    return handle


@pytest.fixture(params=[False, True], ids=["direct", "proxy"])
def way(request):
    """How a handler is reached, and the options with which it is."""
    if not request.param:
        return lambda handler: handler, lambda port: {}
    return tunnelled, lambda port: {"proxy": f"http://127.0.0.1:{port}"}


def http_to(server, authority, way, retries=0):
    # No test waits for the time-out but the one for silence.
    return Http(HttpOptions(ca_path=authority[1], timeout=1.5, retries=retries, **way[1](server.port)))


def ask(http, server, method="POST", scheme="https", repeatable=False):
    body = {"a": 1} if method == "POST" else None
    host = BEHIND_PROXY if http.options.proxy else "localhost"
    url = f"{scheme}://{host}:{server.port}/hub/accounts"
    return http.send(Request(Service.STACKONE, method, url, body=body, repeatable=repeatable))


def failure(http, server, **how):
    with pytest.raises(TransportError) as caught:
        ask(http, server, **how)
    return caught.value.kind.value, caught.value.sent


AFTER = {
    "garbage": lambda peer: peer.wire.sendall(RECORD),
    "alert": Peer.alert,
    "plain": lambda peer: peer.wire.sendall(GOOD),
    "close_notify": Peer.close_notify,
    "eof": lambda peer: peer.wire.shutdown(socket.SHUT_WR),
    "reset": lambda peer: reset(peer.wire),
}
DURING = {
    "plain": (lambda connection: connection.sendall(GOOD), "tls"),
    "alert": (lambda connection: connection.sendall(HANDSHAKE_ALERT), "tls"),
    "garbage": (lambda connection: connection.sendall(RECORD), "tls"),
    "eof": (lambda connection: connection.shutdown(socket.SHUT_WR), "dropped"),
    "reset": (reset, "dropped"),
    "silence": (lambda connection: None, "timeout"),
}


def tls(context, answered=1, how=None):
    """Answer requests over TLS, and let the one after them break in some way."""

    def handle(connection):
        peer = Peer(connection, context)
        for _number in range(answered):
            peer.request()
            peer.answer()
        if how:
            peer.request()
            AFTER[how](peer)

    return handle


@pytest.mark.parametrize("answered", [0, 1], ids=["on a new connection", "on a used one"])
@pytest.mark.parametrize("how", AFTER)
def test_what_breaks_after_the_handshake_may_have_been_carried_out(serving, authority, context, way, how, answered):
    server = serving(way[0](tls(context, answered, how)))
    http = http_to(server, authority, way)
    assert all(ask(http, server).ok for _request in range(answered))
    assert failure(http, server) == ("dropped", True)


@pytest.mark.parametrize("how", DURING)
def test_what_breaks_in_the_handshake_was_not_sent(serving, authority, way, how):
    handler, kind = DURING[how]

    def handle(connection):
        connection.recv(65536)
        handler(connection)

    server = serving(way[0](handle))
    found, sent = failure(http_to(server, authority, way), server)
    # urllib3 before 2 says of all that breaks behind a proxy that the proxy failed.
    assert not sent
    assert found in {kind, "proxy" if way[0] is tunnelled else kind}


def test_an_unknown_authority_and_another_name_are_not_sent_to(serving, authority, context, way):
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost", BEHIND_PROXY).configure_cert(other)
    elsewhere = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority[0].issue_cert("elsewhere.example").configure_cert(elsewhere)
    server = serving(*(way[0](tls(wrong)) for wrong in (other, elsewhere)))
    http = http_to(server, authority, way, retries=3)
    assert [failure(http, server, method="GET", repeatable=True) for _each in "12"] == [("tls", False)] * 2
    assert http.requests_sent[Service.STACKONE] == 2


def test_a_server_that_is_known_by_its_address_must_be_certified_for_it(serving, authority):
    certified, other = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _each in "12")
    authority[0].issue_cert("127.0.0.1").configure_cert(certified)
    authority[0].issue_cert("localhost", "127.0.0.2").configure_cert(other)
    for context, verdict in ((certified, None), (other, ("tls", False))):
        server = serving(tls(context))
        http = Http(HttpOptions(ca_path=authority[1], retries=0))
        request = Request(Service.STACKONE, "GET", f"https://127.0.0.1:{server.port}/")
        if verdict is None:
            assert http.send(request).ok
            continue
        with pytest.raises(TransportError) as caught:
            http.send(request)
        assert (caught.value.kind.value, caught.value.sent) == verdict


def test_a_client_certificate_that_is_missing_is_never_passing(serving, authority, context, way):
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority[1])
    server = serving(way[0](tls(context)))
    http = http_to(server, authority, way, retries=3)
    # In TLS 1.3 the client learns it from the answer to its request.
    written = context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert failure(http, server, method="GET", repeatable=True) == ("tls", written)
    assert http.requests_sent[Service.STACKONE] == 1


@pytest.mark.parametrize("how", AFTER)
def test_what_may_be_repeated_is_after_a_broken_tls_connection(serving, authority, context, way, how):
    server = serving(way[0](tls(context, 0, how)), way[0](tls(context)))
    http = http_to(server, authority, way, retries=1)
    assert ask(http, server, method="GET", repeatable=True).ok
    assert http.requests_sent[Service.STACKONE] == 2


def test_a_plain_request_that_was_read_may_have_been_carried_out(serving, authority, way):
    def handle(connection):
        head(connection)
        reset(connection)

    server = serving(handle)
    assert failure(http_to(server, authority, way), server, scheme="http") == ("dropped", True)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", None], ids=["502", "reset"]
)
def test_a_proxy_that_makes_no_tunnel_is_sent_nothing(serving, authority, answer):
    def handle(connection):
        head(connection)
        connection.sendall(answer) if answer else reset(connection)

    server = serving(handle)
    kind, sent = failure(http_to(server, authority, (None, lambda port: {"proxy": f"http://127.0.0.1:{port}"})), server)
    assert (kind, sent) in {("proxy", False), ("dropped", False)}


def test_one_thread_does_not_know_what_another_wrote(serving, authority, context):
    way = (lambda handler: handler, lambda port: {})
    server = serving(tls(context))
    http = http_to(server, authority, way)
    assert ask(http, server).ok
    nobody = socket.create_server(("127.0.0.1", 0))
    port = nobody.getsockname()[1]
    nobody.close()
    with pytest.raises(TransportError) as caught:
        http.send(Request(Service.STACKONE, "GET", f"https://localhost:{port}/"))
    assert (caught.value.kind.value, caught.value.sent) == ("refused", False)


def answering(answer):
    def handle(connection):
        head(connection)
        connection.sendall(answer)

    return handle


def test_nothing_is_logged_of_what_a_server_sends_back(serving, caplog):
    """urllib3 would quote the lines that it does not understand, in the log of whoever runs us."""
    answer = GOOD.replace(b"\r\n\r\n", b"\r\nBasic the-key-in-base64\r\n\r\n")
    server = serving(answering(answer))
    with caplog.at_level("DEBUG"):
        Http(HttpOptions(retries=0)).send(Request(Service.STACKONE, "GET", f"http://localhost:{server.port}/accounts"))
        assert caplog.records == []
        logging.getLogger("urllib3.connection").warning("of somebody else")
    assert caplog.messages == ["of somebody else"]


@pytest.mark.parametrize("interim", [b"103 Early Hints", b"102 Processing", b"100 Continue"])
def test_an_interim_answer_is_not_the_answer(serving, interim):
    server = serving(answering((b"HTTP/1.1 " + interim + b"\r\nLink: </x>\r\n\r\n") * 2 + GOOD))
    assert ask(Http(HttpOptions(retries=0)), server, scheme="http").status == 200
