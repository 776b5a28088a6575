# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that end too soon, wherever they are cut: none of them is taken for a whole one."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportError, TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.messages import Request, Service
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.session import Http, HttpOptions

pytestmark = pytest.mark.usefixtures("no_proxy_of_this_machine")

DATA = {
    "agent": {
        "id": 17,
        "name": "Zoë \u2603",
        "active": True,
        "ratio": 1.5,
        "left": None,
        "roles": [{"a": "}"}, [1, {}]],
    }
}
TEXT = json.dumps(DATA, ensure_ascii=False).encode()
JSON = b"Content-Type: application/json\r\n"


def plain(head, body):
    return b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body


BODIES = {
    "text": TEXT,
    "escaped": json.dumps(DATA, indent=1).encode(),
    "list": json.dumps([DATA, DATA]).encode(),
}
PACKED = gzip.compress(TEXT)
WHOLE = {
    "length": plain(JSON + b"Content-Length: %d\r\n" % len(TEXT), TEXT),
    "chunks": plain(JSON + b"Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(TEXT), TEXT)),
    "neither": plain(JSON, TEXT),
}


class Server:
    """Sends to each connection the next answer of a list, and closes it."""

    def __init__(self, answers):
        self._answers = answers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/x"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        for answer in self._answers:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                received = b""
                while b"\r\n\r\n" not in received:
                    received += connection.recv(65536)
                connection.sendall(answer)

    def close(self):
        self._socket.close()
        self._thread.join(10)


def outcomes(answers, method="GET"):
    """What each answer was taken for: its data, its text if it is no JSON, or the kind of error."""
    http = Http(HttpOptions(retries=0, timeout=20.0))
    found = []
    with contextlib.closing(Server(answers)) as server:
        for _answer in answers:
            try:
                answer = http.send(Request(Service.FRESHSERVICE, method, server.url))
            except TransportError as error:
                found.append(error.kind)
            else:
                found.append(answer.text if answer.data is None else answer.data)
    return found


@pytest.mark.parametrize("form", WHOLE)
def test_wherever_it_is_cut(form):
    whole = WHOLE[form]
    found = outcomes([whole[:place] for place in range(len(whole))])
    # Nothing that we need is behind the last chunk.
    taken = (TransportKind.DROPPED, DATA) if form == "chunks" else (TransportKind.DROPPED,)
    assert {place: outcome for place, outcome in enumerate(found) if outcome not in taken} == {}
    assert outcomes([whole]) == [DATA]


@pytest.mark.parametrize("form", BODIES)
def test_what_tells_no_length_is_known_by_its_content(form):
    body = BODIES[form]
    found = outcomes([plain(JSON, body[:place]) for place in range(1, len(body))])
    assert set(found) == {TransportKind.DROPPED}
    assert outcomes([plain(JSON, body + b"\n")]) == [json.loads(body)]


def test_what_is_compressed_too():
    head = JSON + b"Content-Encoding: gzip\r\n"
    found = outcomes([plain(head, PACKED[:place]) for place in range(1, len(PACKED))])
    # Only the checksum behind it may be missing.
    assert [outcome for outcome in found if outcome not in (TransportKind.DROPPED, DATA)] == []
    assert outcomes([plain(head, PACKED)]) == [DATA]


@pytest.mark.parametrize("status", [b"401 Unauthorized", b"403 Forbidden", b"404 Not Found", b"302 Found", b"500 Oops"])
def test_no_verdict_comes_from_half_the_headers(status):
    whole = b"HTTP/1.1 " + status + b"\r\n" + JSON + b"Location: http://x.example\r\nServer: x\r\nDate: today\r\n"
    found = outcomes([whole[:place] for place in range(13, len(whole))])
    assert set(found) == {TransportKind.DROPPED}


@pytest.mark.parametrize(
    ("answer", "taken_for"),
    [
        (plain(b"Content-Length: 0\r\n", b""), ""),
        (plain(b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"), ""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", ""),
        (b"HTTP/1.0 401 Unauthorized\r\n\r\n", ""),
        (plain(b"Content-Type: text/html\r\n", b"<html>{"), "<html>{"),
        (plain(JSON, b"<html>"), "<html>"),
        (plain(JSON, b'{"a": 1} <!-- a proxy -->'), '{"a": 1} <!-- a proxy -->'),
        (plain(JSON, b'{"a": nothing}'), '{"a": nothing}'),
        (plain(JSON, b"[" * 100_000 + b"]" * 100_000), "[" * 100_000 + "]" * 100_000),
    ],
)
def test_what_is_whole_is_not_taken_for_cut(answer, taken_for):
    assert outcomes([answer]) == [taken_for]


def test_a_change_may_be_answered_by_nothing_at_all():
    """StackOne answers an edit with any body, or none (H10)."""
    assert outcomes([plain(b"", b"")], "PATCH") == [""]
