# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests from bytes, however these are cut, and the same over real connections."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

import pytest

from tests.emulator.handle import Emulator
from tests.emulator.reader import Malformed, Request, RequestReader

HEAD = b"POST /a%20b?x=%31&y HTTP/1.1\r\nHost: here\r\nX-Thing:  two words \r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def read(data: bytes, size: int) -> list[Request]:
    reader, requests = RequestReader(), []
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
        while (request := reader.next()) is not None:
            requests.append(request)
    return requests


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("data", "bodies"),
    [
        (HEAD + b"\r\n", [b""]),
        (HEAD + b"Content-Length: 4\r\n\r\nab\r\n", [b"ab\r\n"]),
        (HEAD + b"content-length: 1\r\n\r\na" + HEAD + b"Content-Length: 1\r\n\r\nb", [b"a", b"b"]),
        (HEAD + b"\r\n\r\n\r\n" + HEAD + b"\r\n", [b"", b""]),
        (CHUNKED + b"3\r\nabc\r\na;x=y\r\n0123456789\r\n0\r\n\r\n", [b"abc0123456789"]),
        (CHUNKED + b"1\r\na\r\n0\r\nTrailer: x\r\n\r\n" + HEAD + b"\r\n", [b"a", b""]),
        (CHUNKED + b"0\r\n\r\n" * 1 + CHUNKED + b"1\r\nb\r\n0\r\n\r\n", [b"", b"b"]),
        (HEAD + b"Content-Length: 4\r\n\r\nabc", []),
        (CHUNKED + b"3\r\nabc\r\n0\r\n", []),
    ],
)
def test_requests_are_read_however_they_are_cut(data: bytes, bodies: list[bytes], size: int) -> None:
    requests = read(data, size)
    assert [request.body for request in requests] == bodies
    for request in requests:
        assert (request.method, request.path, request.query) == ("POST", "/a b", "x=%31&y")
        assert (request.headers["host"], request.headers["x-thing"]) == ("here", "two words")


@pytest.mark.parametrize(
    ("first", "option", "kept"),
    [
        ("GET / HTTP/1.1", "", True),
        ("GET / HTTP/1.1", "Connection: Close\r\n", False),
        ("GET / HTTP/1.0", "", False),
        ("GET / HTTP/1.0", "Connection: keep-alive\r\n", True),
    ],
)
def test_how_long_a_connection_is_kept(first: str, option: str, kept: bool) -> None:
    (request,) = read(f"{first}\r\n{option}\r\n".encode(), 1000)
    assert request.keep_alive is kept


def test_a_whole_address_as_to_a_proxy() -> None:
    (request,) = read(b"GET http://acme.freshservice.com/api?x=1 HTTP/1.1\r\nHost: proxy\r\n\r\n", 1000)
    assert (request.path, request.query, request.headers["host"]) == ("/api", "x=1", "acme.freshservice.com")
    (root,) = read(b"GET https://acme.freshservice.com HTTP/1.1\r\n\r\n", 1000)
    assert root.path == "/"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\r\n continued\r\n\r\n", 400),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (HEAD + b"Content-Length: 999999999\r\n\r\n", 413),
        (HEAD + b"Content-Length: " + b"1" * 5000 + b"\r\n\r\n", 400),
        (CHUNKED + b"x\r\n", 400),
        (CHUNKED + b"-6\r\n", 400),
        (b"GET http://[::1/accounts HTTP/1.1\r\n\r\n", 400),
        (CHUNKED + b"fffffff\r\n", 413),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 70_000, 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_cannot_be_read(data: bytes, status: int) -> None:
    with pytest.raises(Malformed) as refused:
        read(data, 100_000)
    assert refused.value.status == status


def talk(emulator: Emulator, *parts: bytes) -> bytes:
    """Send the parts, each after the first bytes of an answer to the one before, and return all that comes."""
    url = urlsplit(emulator.admin_url)
    answer = b""
    with socket.create_connection((url.hostname, url.port), 10) as connection:
        for part in parts:
            connection.sendall(part)
            answer += connection.recv(65536)
        while data := connection.recv(65536):
            answer += data
    return answer


def request(method: str = "GET", more: str = "") -> bytes:
    return f"{method} /_admin/ready HTTP/1.1\r\nHost: here\r\n{more}\r\n".encode()


def test_requests_sent_at_once_are_answered_in_order(emulator: Emulator) -> None:
    unknown = b"GET /nowhere HTTP/1.1\r\n\r\n"
    answer = talk(emulator, request() + unknown + request(more="Connection: close\r\n"))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200", b"404", b"200"]
    assert answer.count(b"Connection: close") == 1


def test_a_head_request_gets_no_body(emulator: Emulator) -> None:
    emulator.switch(accounts_shape="data")
    answer = talk(emulator, b"HEAD /stackone/accounts HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401 Unauthorized\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length: 0" not in answer


def test_a_client_that_waits_is_asked_for_the_body(emulator: Emulator) -> None:
    head = b"POST /_admin/latency HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    answer = talk(emulator, head, b'{"ms": 0}')
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_nonsense_ends_the_connection(emulator: Emulator) -> None:
    answer = talk(emulator, b"nonsense\r\n\r\n" + request())
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.count(b"HTTP/1.1") == 1
