# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading HTTP/1.1 requests from the bytes of a connection; knows no sockets."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 16 * 1024 * 1024
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
_END_OF_HEAD = b"\r\n\r\n"


class Malformed(Exception):
    """The bytes are not a request that can be answered. Nothing can be read after them."""

    def __init__(self, problem: str, status: int = 400) -> None:
        super().__init__(problem)
        self.status = status


@dataclass(slots=True)
class Request:
    """One request: its path decoded, its query not, and its headers by their names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""
    keep_alive: bool = True


class RequestReader:
    """Cuts what a connection receives into requests."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: Request | None = None
        self._continue = False
        self.closed = False

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._buffer += data

    def close(self) -> None:
        """Give out no more requests."""
        self.closed = True

    def takes_continue(self) -> bool:
        """Return whether the client waits to be asked for the body; true once for a request."""
        waits, self._continue = self._continue, False
        return waits

    def next(self) -> Request | None:
        """Return the next complete request, or None until more bytes have come. Raises Malformed."""
        if self.closed:
            return None
        try:
            return self._next()
        except ValueError as wrong:
            raise Malformed(f"The request cannot be read: {wrong}") from None

    def _next(self) -> Request | None:
        if self._head is None:
            self._head = self._read_head()
        if self._head is None:
            return None
        body = self._read_body(self._head.headers)
        if body is None:
            return None
        request, self._head = self._head, None
        request.body = body
        return request

    def _read_head(self) -> Request | None:
        while self._buffer.startswith(b"\r\n"):
            del self._buffer[:2]
        end = self._buffer.find(_END_OF_HEAD)
        if end > _LONGEST_HEAD or (end < 0 and len(self._buffer) > _LONGEST_HEAD):
            raise Malformed("The headers are too long", 431)
        if end < 0:
            return None
        head = _parsed(self._buffer[:end].decode("latin-1"))
        del self._buffer[: end + len(_END_OF_HEAD)]
        self._continue = head.headers.get("expect", "").lower() == "100-continue"
        return head

    def _read_body(self, headers: dict[str, str]) -> bytes | None:
        if headers.get("transfer-encoding", "").lower().endswith("chunked"):
            return self._read_chunks()
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise Malformed("Content-Length is not a number")
        return self._take(int(length))

    def _take(self, length: int) -> bytes | None:
        if length > _LONGEST_BODY:
            raise Malformed("The body is too long", 413)
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _read_chunks(self) -> bytes | None:
        """Return the body once all its chunks are here; until then, nothing is taken from the buffer."""
        parts, position = [], 0
        while True:
            end = self._buffer.find(b"\r\n", position)
            if end < 0:
                return None
            size = _chunk_size(bytes(self._buffer[position:end]))
            start, position = end + 2, end + 2 + size + 2
            if position > _LONGEST_BODY:
                raise Malformed("The body is too long", 413)
            if size == 0:
                break
            if len(self._buffer) < position:
                return None
            parts.append(bytes(self._buffer[start : start + size]))
        # The last chunk's empty line, or trailers, which end with one.
        end = start if self._buffer.startswith(b"\r\n", start) else self._buffer.find(_END_OF_HEAD, start) + 2
        if end < start or len(self._buffer) < end + 2:
            return None
        del self._buffer[: end + 2]
        return b"".join(parts)


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits or not _HEX_DIGITS.issuperset(digits):
        raise Malformed("The size of a chunk is not a number")
    return int(digits, 16)


def _parsed(head: str) -> Request:
    first, *lines = head.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise Malformed("The first line is not that of a request")
    method, target, version = parts
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Malformed("A header is not a name and a value")
        headers[name.lower()] = value.strip()
    if target.startswith(("http://", "https://")):
        url = urlsplit(target)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        headers["host"] = url.netloc
    path, _mark, query = target.partition("?")
    options = headers.get("connection", "").lower()
    keep_alive = "keep-alive" in options if version == "HTTP/1.0" else "close" not in options
    return Request(method, unquote(path), query, headers, keep_alive=keep_alive)
