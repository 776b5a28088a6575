# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source as ansible-rulebook runs it, over real HTTP: what it refuses, and what it then queues and logs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import runpy
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from ansible_collections.tenantlink.stackone.plugins.plugin_utils._events import webhook_server as _webhook_server
from tests.eda.rulebook import COLLECTION, PATIENCE_S, need, signature_of
from tests.support.ports import listens, unused_port

need("aiohttp")

SECRET, PREVIOUS = "sEcReTofTheWebhook", "sEcReTbefore"
SOURCE = COLLECTION / "extensions/eda/plugins/event_source/account_webhooks.py"
PATH = "/stackone/accounts"
# ansible-rulebook loads a source like this as well.
PLUGIN = runpy.run_path(str(SOURCE))


class Queue:
    """The rulebook's queue: holds what it is given, or keeps the source waiting while it is closed."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.open = threading.Event()
        self.open.set()

    async def put(self, event: dict[str, Any]) -> None:
        while not self.open.is_set():
            await asyncio.sleep(0.01)
        self.events.append(event)


class Server:
    """The source in a thread of its own."""

    def __init__(self, **args: Any) -> None:
        self.queue = Queue()
        self.port = unused_port()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=asyncio.run, args=[self._serve(args)])
        self._thread.start()
        until(lambda: listens(self.port) or not self._thread.is_alive())
        self.http = requests.Session()
        self.http.trust_env = False
        self.base = f"http{'s' if 'certfile' in args else ''}://127.0.0.1:{self.port}"

    async def _serve(self, args: dict[str, Any]) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(PLUGIN["main"](self.queue, {"port": self.port, "secret": SECRET, **args}))
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def post(self, body: Any, secret: str = SECRET, **options: Any) -> int:
        """The status that answers a signed body."""
        if "headers" not in options:
            options["headers"] = {"x-stackone-signature": signature_of(body, secret)}
        return self.http.post(self.base + PATH, data=body, timeout=PATIENCE_S, **options).status_code

    def stop(self) -> None:
        if self._loop and self._task:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()


def until(done: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def delivery(age: float = 0, **changes: Any) -> bytes:
    sent = (datetime.now(timezone.utc) - timedelta(seconds=age)).isoformat()
    about = {
        "record_type": "account",
        "event": "account.error",
        "provider": "freshservice",
        "origin_owner_id": "customer-1",
    }
    return json.dumps({**about, "sent_at": sent, "setup_information": {"domain": "acme"}, **changes}).encode()


@contextlib.contextmanager
def serving(**args: Any) -> Iterator[Server]:
    server = Server(**args)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(caplog: pytest.LogCaptureFixture) -> Iterator[Server]:
    """A server that must not have said its secret when the test is done."""
    caplog.set_level(logging.DEBUG)
    with serving(previous_secret=PREVIOUS, max_body=2000) as running:
        yield running
    assert SECRET not in caplog.text
    assert PREVIOUS not in caplog.text


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    return [message.partition("answered ")[2] for message in said if message.startswith("Webhook from 127.0.0.1 ")]


def owners(server: Server) -> list[str]:
    return [event["payload"]["origin_owner_id"] for event in server.queue.events]


def settle(server: Server) -> None:
    """Events come in the order of their deliveries, so what was queued before this one is there when it is."""
    assert server.post(delivery(origin_owner_id="last")) == 200
    until(lambda: "last" in owners(server))


@pytest.mark.parametrize("secret", [SECRET, PREVIOUS])
def test_a_signed_delivery_is_an_event(server: Server, secret: str, caplog: pytest.LogCaptureFixture) -> None:
    assert server.post(delivery(origin_owner_name="Acme\x1b[31m {{ x }}"), secret) == 200
    until(lambda: server.queue.events)
    ((payload,),) = [event.values() for event in server.queue.events]
    assert (payload["event"], payload["origin_owner_id"], payload["domain"]) == ("account.error", "customer-1", "acme")
    assert payload["origin_owner_name"] == "Acme[31m { { x }}"
    assert refusals(caplog) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path,status", [("/", 404), ("/favicon.ico", 404), (PATH, 405)])
def test_probes_are_answered_and_no_warning(server, caplog, method, path, status):
    answer = server.http.request(method, server.base + path, timeout=PATIENCE_S)
    assert (answer.status_code, refusals(caplog)) == (status, [])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_has_a_path(server, caplog, method):
    assert server.http.request(method, server.base + "/health", timeout=PATIENCE_S).status_code == 200
    assert refusals(caplog) == []


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01", b"SSH-2.0-scan\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 5000]
)
def test_what_is_not_http_leaves_no_traceback(server, caplog, sent):
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as scanner:
        scanner.sendall(sent)
        scanner.shutdown(socket.SHUT_WR)
        everything(scanner)
    settle(server)
    assert [record for record in caplog.records if record.exc_info or record.levelno >= logging.WARNING] == []


def everything(client: socket.socket) -> bytes:
    """What comes until the other side closes, however it does so."""
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts)


SILENT = 30


@pytest.mark.parametrize("tls", [False, True], ids=["HTTP", "HTTPS"])
def test_silent_connections_keep_nobody_out(tls, tls_files, caplog):
    """The oldest are closed. With TLS, they are counted before their handshake."""
    with serving(max_connections=5, **(tls_files.args if tls else {})) as server, contextlib.ExitStack() as stack:
        address = ("127.0.0.1", server.port)
        silent = [stack.enter_context(socket.create_connection(address, PATIENCE_S)) for _number in range(SILENT)]
        assert server.post(delivery(), **({"verify": tls_files.authority} if tls else {})) == 200
        assert [everything(client) for client in silent[:-5]] == [b""] * (SILENT - 5)
        silent[-1].settimeout(0.05)
        with pytest.raises(TimeoutError):
            silent[-1].recv(1)
    warned = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert warned == ["More than 5 connections at a time: the oldest are closed"]


HEAD = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "sent", ["", "PO", f"POST {PATH}", HEAD, HEAD + "X: ", HEAD + "Content-Length: 9\r\n\r\nhalf", HEAD + "Transfer-Encoding: chunked\r\n\r\n5"],
    ids=["nothing", "a method", "a request line", "headers", "a header", "a body", "a chunk"],
)  # fmt: skip
@pytest.mark.parametrize("tls", [False, True], ids=["HTTP", "HTTPS"])
def test_no_connection_is_waited_for_longer(sent, tls, tls_files, monkeypatch):
    monkeypatch.setattr(_webhook_server, "_CONNECTION_S", 0.5)
    with serving(**(tls_files.args if tls else {})) as server:
        client = socket.create_connection(("127.0.0.1", server.port), PATIENCE_S)
        if tls and sent:
            client = tls_files.context.wrap_socket(client, server_hostname="127.0.0.1")
        with client:
            client.sendall(sent.encode())
            everything(client)


@pytest.mark.parametrize("line", [b"X: y\r\n", b"X: " + b"y" * 60000 + b"\r\n", b"y" * 60000])
def test_endless_headers_are_not_read(server, line):
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as client:
        client.sendall(HEAD.encode())
        with pytest.raises(ConnectionError):
            send_for_ever(client, line)
    settle(server)


def send_for_ever(client: socket.socket, line: bytes) -> None:
    while True:
        client.sendall(line)


@pytest.mark.parametrize(
    "method,path,status,reason",
    [
        ("POST", "/", 404, "nothing is here"),
        ("POST", PATH + "/more", 404, "nothing is here"),
        ("POST", "/stackone", 404, "nothing is here"),
    ],
)
def test_one_path_and_one_method(server, caplog, method, path, status, reason):
    body = delivery()
    headers = {"x-stackone-signature": signature_of(body, SECRET)}
    answer = server.http.request(method, server.base + path, data=body, headers=headers, timeout=PATIENCE_S)
    assert (answer.status_code, refusals(caplog)) == (status, [f"{status}: {reason}"])
    settle(server)
    assert owners(server) == ["last"]


@pytest.mark.parametrize(
    "body,headers,status,reason",
    [
        (delivery, {}, 401, "the signature is missing"),
        (delivery, {"x-stackone-signature": ""}, 401, "the signature is missing"),
        (delivery, {"x-stackone-signature": "c2lnbmF0dXJl"}, 401, "the signature is wrong"),
        (delivery, {"x-stackone-signature": b"\xff\xfe"}, 401, "the signature is wrong"),
        (lambda: b"{}" + b" " * 2000, None, 413, "the body is too large"),
        (lambda: b"no JSON", None, 400, "the body is not a JSON object"),
        (lambda: b"[]", None, 400, "the body is not a JSON object"),
        (lambda: b"{}", None, 400, "sent_at is missing or not a time"),
    ],
)
def test_refusals_are_answered_logged_and_not_queued(server, caplog, body, headers, status, reason):
    assert server.post(body(), **({} if headers is None else {"headers": headers})) == status
    assert refusals(caplog) == [f"{status}: {reason}"]
    settle(server)
    assert owners(server) == ["last"]


@pytest.mark.parametrize("age", [24 * 3600 + 100, -400])
def test_old_and_future_deliveries_are_refused(server, caplog, age):
    assert server.post(delivery(age)) == 400
    (said,) = refusals(caplog)
    assert said.startswith("400: it was sent ")
    settle(server)
    assert owners(server) == ["last"]


def test_what_is_repeated_hours_later_is_taken_once(server):
    """It may come with the time of its first try."""
    body = delivery(12 * 3600)
    assert [server.post(body), server.post(body)] == [200, 200]
    settle(server)
    assert owners(server) == ["customer-1", "last"]


def test_a_body_without_a_length_is_measured_while_it_is_read(server, caplog):
    chunks = (b"x" * 100 for _count in range(30))
    assert server.post(chunks, headers={"x-stackone-signature": "any"}) == 413
    assert refusals(caplog) == ["413: the body is too large"]


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch, caplog):
    monkeypatch.setattr(_webhook_server, "_READ_TIMEOUT_S", 0.05)
    with serving() as server, socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as slow:
        slow.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf".encode())
        assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
        assert refusals(caplog) == ["408: the body took too long"]


def test_a_replay_is_answered_and_makes_no_second_event(server):
    body = delivery()
    assert [server.post(body), server.post(body), server.post(body, PREVIOUS)] == [200, 200, 200]
    settle(server)
    assert owners(server) == ["customer-1", "last"]


def test_another_provider_and_another_kind_of_event_are_answered_only(server):
    assert server.post(delivery(provider="hubspot")) == 200
    assert server.post(delivery(event="hris_employees.updated")) == 200
    settle(server)
    assert owners(server) == ["last"]


def test_a_compressed_body_is_signed_as_it_is(server):
    """Nothing is unpacked, so nothing small can become large."""
    body = delivery()
    headers = {"x-stackone-signature": signature_of(body, SECRET), "Content-Encoding": "gzip"}
    assert server.post(body, headers=headers) == 200


def test_the_sender_does_not_wait_for_the_rulebook_and_what_has_no_room_can_come_again(caplog):
    with serving(backlog=2) as server:
        server.queue.open.clear()
        bodies = [delivery(origin_owner_id=f"customer-{number}") for number in range(4)]
        assert server.post(bodies[0]) == 200
        # The first one is on its way to the rulebook; two more have room.
        statuses = [server.post(body) for body in bodies[1:]]
        assert statuses == [200, 200, 503]
        assert refusals(caplog) == ["503: too many events are waiting"]
        server.queue.open.set()
        until(lambda: len(server.queue.events) == 3)
        assert server.post(bodies[3]) == 200
        until(lambda: len(server.queue.events) == 4)
        assert owners(server) == [f"customer-{number}" for number in range(4)]


@dataclass
class TlsFiles:
    """What a server and its clients need."""

    args: dict[str, str]
    authority: str

    @property
    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)


@pytest.fixture
def tls_files(tmp_path: Path) -> TlsFiles:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    names = {name: str(tmp_path / name) for name in ("ca", "certfile", "keyfile")}
    authority.cert_pem.write_to_path(names["ca"])
    issued.cert_chain_pems[0].write_to_path(names["certfile"])
    issued.private_key_pem.write_to_path(names["keyfile"])
    return TlsFiles({name: names[name] for name in ("certfile", "keyfile")}, names["ca"])


def test_tls(tls_files):
    with serving(**tls_files.args) as server:
        for number in range(20):
            assert server.post(delivery(origin_owner_id=f"customer-{number}"), verify=tls_files.authority) == 200
        with pytest.raises(requests.exceptions.SSLError):
            server.post(delivery())
        with pytest.raises(requests.exceptions.ConnectionError):
            server.http.post(f"http://127.0.0.1:{server.port}{PATH}", data=delivery(), timeout=PATIENCE_S)
        assert server.post(delivery(), verify=tls_files.authority) == 200


@pytest.mark.parametrize("args", [{}, {"secret": ""}, {"secret": None, "previous_secret": SECRET}])
def test_without_a_secret_it_does_not_listen(args):
    port = unused_port()
    with pytest.raises(ValueError, match="secret is missing or empty"):
        asyncio.run(PLUGIN["main"](Queue(), {"port": port, **args}))
    assert not listens(port)


def test_a_certificate_that_is_not_there_is_an_error_and_nothing_listens(tmp_path):
    port = unused_port()
    path = str(tmp_path / "none.pem")
    with pytest.raises(OSError, match=f"certfile {path}: certificate, key and password cannot be used"):
        asyncio.run(PLUGIN["main"](Queue(), {"port": port, "secret": SECRET, "certfile": path}))
    assert not listens(port)


@pytest.mark.parametrize("host, reason", [("127.0.0.1", "in use"), ("192.0.2.1", ""), ("no host", "")])
def test_where_it_cannot_listen_it_says_so(host, reason):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on port {port} of host {host} .*{reason}.*Choose another"):
            asyncio.run(PLUGIN["main"](Queue(), {"port": port, "secret": SECRET, "host": host}))
