# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hostile or broken server does to an answer: on the wire, in its JSON, and in what it says.

A name that begins with "kept" leaves the meaning of the answer as it was, for any reader of HTTP.
"""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.trust.raw_server import Endless, RawServer, Reply, Request

Change = Callable[[RawServer, Request, Reply], Reply]

FOREIGN = "foreign-account-1"
"""An account of another owner, which the tests put into the store."""
NUMBERS = {"huge": b"1" + b"0" * 400, "float": b"1e999", "long": b"-" + b"9" * 6000}


def raw(make: Callable[[Reply], bytes], close: bool = True) -> Change:
    """Replace all bytes of the answer."""
    return lambda _server, _request, reply: replace(reply, raw=make(reply), close=close)


def head(line: bytes, *fields: bytes, length: bool = True) -> Change:
    """Write the status line and these fields instead of the proper ones."""

    def make(reply: Reply) -> bytes:
        own = [b"Content-Type: application/json"] + ([b"Content-Length: %d" % len(reply.body)] if length else [])
        return b"\r\n".join([line or b"HTTP/1.1 %d Status" % reply.status, *own, *fields]) + b"\r\n\r\n" + reply.body

    return raw(make)


def chunked(*pieces: bytes) -> Change:
    """Write chunks; `BODY` stands for the proper content."""

    def make(reply: Reply) -> bytes:
        body = b"".join(reply.body if piece == b"BODY" else piece for piece in pieces)
        size = b"%x" % len(reply.body)
        fields = b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        return b"HTTP/1.1 %d Status\r\n" % reply.status + fields + body.replace(b"SIZE", size)

    return raw(make)


def text(make: Callable[[bytes], bytes], **fields: str) -> Change:
    """Write another content, with further header fields."""
    names = {name.replace("_", "-"): value for name, value in fields.items()}
    return lambda _server, _request, reply: replace(
        reply, text=make(reply.body), headers={**reply.headers, **names}, data=None
    )


def data(make: Callable[[Any], Any]) -> Change:
    """Say something else."""
    return lambda _server, _request, reply: replace(reply, data=make(reply.data))


def status(number: int, content: Any = None, page: bytes | None = None, **fields: str) -> Change:
    """Answer with another status and content."""
    names = {name.replace("_", "-"): value for name, value in fields.items()}
    kind = {"Content-Type": "text/html" if page is not None else "application/json"}
    return lambda _server, _request, _reply: Reply(number, content, {**kind, **names}, page)


def second_answer(reply: Reply) -> bytes:
    """Return the proper answer, and behind it one that nobody asked for and that names a foreign account."""
    spoof = Reply(200, {"id": FOREIGN, "provider": "freshservice", "token": "t" * 30}).bytes()
    return replace(reply, raw=None).bytes() + spoof


def endless(first: bytes, piece: bytes, pause: float) -> Change:
    """Write a beginning instead of the answer, and then one piece without end."""
    return lambda _server, _request, reply: replace(reply, raw=first, endless=Endless(piece, pause))


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = HEAD + b"Content-Encoding: gzip\r\n\r\n"
PLACES: dict[str, tuple[bytes, bytes]] = {
    "status line": (b"HTTP/1.1 200 ", b"a"),
    "header's name": (HEAD, b"a"),
    "header's value": (HEAD + b"X-A: ", b"a"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers of continue": (b"", b"HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n"),
    "headers": (HEAD, b"X-A: b\r\n"),
    "body with a length": (HEAD + b"Content-Length: 1000000000\r\n\r\n", b" "),
    "body without a length": (HEAD + b"\r\n", b" "),
    "size of a chunk": (CHUNKS, b"0"),
    "extension of a chunk": (CHUNKS + b"1;a=", b"a"),
    "chunks": (CHUNKS, b"1\r\n \r\n"),
    "trailer": (CHUNKS + b"2\r\n{}\r\n0\r\nX-A: ", b"a"),
    "trailers": (CHUNKS + b"2\r\n{}\r\n0\r\n", b"X-A: b\r\n"),
    "name of a gzip": (GZIP + b"\x1f\x8b\x08\x08" + bytes(6), b"a"),
    "parts of a gzip": (GZIP, gzip.compress(b"")),
}
"""Where an answer may have no end: what comes before, and what is repeated."""
WITHOUT_END: dict[str, Change] = {
    f"{name} {place}": endless(first, piece, pause)
    for place, (first, piece) in PLACES.items()
    for name, pause in (("dripping", 0.05), ("flooding", 0.0))
}

OK = b"HTTP/1.1 200 OK"
WIRE: dict[str, Change] = {
    "nothing": raw(lambda reply: b""),
    "half of the head": raw(lambda reply: reply.bytes()[:25]),
    "half of the body": raw(lambda reply: reply.bytes()[: -max(1, len(reply.body) // 2)]),
    "kept: no reason": head(b"HTTP/1.1 200"),
    "another protocol": head(b"ICY 200 OK"),
    "no protocol": head(b"200 OK"),
    "status of four digits": head(b"HTTP/1.1 2000 OK"),
    "status of letters": head(b"HTTP/1.1 abc OK"),
    "status zero": head(b"HTTP/1.1 000 OK"),
    "negative status": head(b"HTTP/1.1 -20 OK"),
    "HTTP/2": head(b"HTTP/2 200"),
    "empty status line": head(b"\r\n"),
    "only a body": raw(lambda reply: reply.body),
    "garbage": raw(lambda reply: bytes(range(256)) * 20),
    "length negative": head(b"", b"Content-Length: -5", length=False),
    "length of letters": head(b"", b"Content-Length: many", length=False),
    "length too long": head(b"", b"Content-Length: 999999", length=False),
    "length too short": head(b"", b"Content-Length: 1", length=False),
    "lengths that conflict": head(b"", b"Content-Length: 3"),
    "lengths in one field": head(b"", b"Content-Length: 3, 4", length=False),
    "kept: no length": head(b"", length=False),
    "length and chunks": head(b"", b"Transfer-Encoding: chunked"),
    "kept: chunks": chunked(b"SIZE\r\n", b"BODY", b"\r\n0\r\n\r\n"),
    "chunks without end": chunked(b"SIZE\r\n", b"BODY", b"\r\n"),
    "chunk of garbage": chunked(b"zz\r\n", b"BODY"),
    "chunk negative": chunked(b"-5\r\n", b"BODY", b"\r\n0\r\n\r\n"),
    "chunk too long": chunked(b"ffffff\r\n", b"BODY"),
    "header without colon": head(b"", b"What is this"),
    "header folded": head(b"", b"X-A: b\r\n c"),
    "header with zero byte": head(b"", b"X-\x00A: b\x00"),
    "header too long": head(b"", b"X-A: " + b"a" * 100_000),
    "headers too many": head(b"", *(b"X-%d: a" % number for number in range(300))),
    "lines end bare": raw(lambda reply: reply.bytes().replace(b"\r\n", b"\n")),
    "kept: continue first": raw(lambda reply: b"HTTP/1.1 100 Continue\r\n\r\n" + reply.bytes()),
    "hints first": raw(lambda reply: b"HTTP/1.1 103 Early Hints\r\n\r\n" * 30 + reply.bytes()),
    "only hints": raw(lambda reply: b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "another protocol from now on": raw(lambda reply: b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n" + reply.bytes()),
    "kept: more behind the answer": raw(lambda reply: reply.bytes() + b"more", close=False),
    "kept: a second answer": raw(second_answer, close=False),
    "kept: a second answer and the end": raw(second_answer),
}  # fmt: skip

TEXTS: dict[str, Change] = {
    "JSON as HTML": text(lambda body: body, Content_Type="text/html"),
    "HTML as JSON": text(lambda body: b"<html><h1>It works!</h1></html>"),
    "wrong charset": text(lambda body: body, Content_Type="application/json; charset=utf-16"),
    "UTF-16": text(lambda body: body.decode().encode("utf-16")),
    "mark at the start": text(lambda body: b"\xef\xbb\xbf" + body),
    "no UTF-8": text(lambda body: b'{"id": "\xff\xfe\xc3"}'),
    "gzip that is none": text(lambda body: body, Content_Encoding="gzip"),
    "kept: gzip": text(gzip.compress, Content_Encoding="gzip"),
    "half of a gzip": text(lambda body: gzip.compress(body)[:-6], Content_Encoding="gzip"),
    "bomb": text(lambda body: zlib.compress(b" " * 30_000_000), Content_Encoding="deflate"),
    "unknown encoding": text(lambda body: body, Content_Encoding="x-unknown"),
    "empty": text(lambda body: b""),
    "two values": text(lambda body: body + body),
    "not a number": text(lambda body: b'{"id": NaN, "token": NaN, "agent": NaN}'),
    "keys twice": text(lambda body: b'{"id": "%s", ' % FOREIGN.encode() + body[1:] if body[:1] == b"{" else body),
    "too deep": text(lambda body: b"[" * 100_000),
    "deep": text(lambda body: b'{"id":' * 200 + b"1" + b"}" * 200),
    "half of a surrogate": text(lambda body: b'{"id": "\\ud800", "token": "\\udfff", "agent": {"id": 1, "email": "\\ud800"}}'),
    **{f"number {name}": text(lambda body, number=number: b'{"id": ' + number + b"}") for name, number in NUMBERS.items()},
    **{f"just {value}": text(lambda body, value=value: value.encode()) for value in
       ("null", "true", "0", '"text"', "{}", "[]", "[[]]", "[null, 1]", '{"data": null}', '{"data": [1]}', '{"data": {}}')},
}  # fmt: skip

STATUSES: dict[str, Change] = {
    "redirect 301": status(301, Location="/stolen"),
    "redirect 302": status(302, Location="/stolen", page=b"moved"),
    "redirect 307": status(307, Location="/stolen"),
    "redirect 308": status(308, Location="//127.0.0.1:1/stolen"),
    **{f"bare {number}": status(number) for number in
       (202, 204, 205, 206, 226, 300, 304, 400, 401, 403, 404, 407, 408, 409, 410, 412, 421, 422, 425, 451, 500, 502, 503, 504, 599)},
    "404 of a web server": status(404, page=b"<html><title>404 Not Found</title>nginx</html>"),
    "404 of a proxy": status(404, {"error": "no route", "message": "upstream not found"}),
    "404 of a router": status(404, {"statusCode": 404, "message": "Cannot GET /accounts", "error": "Not Found"}),
    "410 of a web server": status(410, page=b"<html>Gone</html>"),
    "400 with the words": status(400, {"statusCode": 400, "message": "The connector version was not found"}),
    "400 of a page": status(400, page=b"<html>account not found</html>"),
    "429 for a day": status(429, {"message": "slow"}, Retry_After="86400"),
    "429 with words": status(429, {"message": "slow"}, Retry_After="soon \x7f"),
    "503 and negative": status(503, {"message": "slow"}, Retry_After="-5"),
    "502 of a provider": status(502, {"statusCode": 502, "provider_errors": [{"status": "x", "raw": {"a": [1]}}]}),
    "422 with odd words": status(422, {"statusCode": "x", "message": {"a": ["b"]}, "errors": "e", "provider_response": 5}),
    "400 with JSON in words": status(400, {"statusCode": 400, "message": json.dumps({"message": [], "provider_response": {}})}),
}  # fmt: skip

IDS: dict[str, Any] = {
    "foreign": FOREIGN, "number": 7, "zero": 0, "true": True, "false": False, "empty": "", "blank": " ", "dot": ".",
    "dots": "..", "parts": "a/b?c#d", "climbing": "../accounts/x", "encoded": "%2e%2e", "list": [FOREIGN],
    "dictionary": {"id": FOREIGN}, "null": None, "line": "a\r\nX-Evil: 1", "zero byte": "a\x00b", "long": "x" * 70_000,
    "wide": "\u202eid\ud83d\ude00", "float": 1.5, "unknown": "no-such-account",
}  # fmt: skip


def with_id(value: Any, name: str = "id") -> Change:
    """Say another id, in the record or in each row."""

    def make(content: Any) -> Any:
        if isinstance(content, list):
            return [{**row, name: value} for row in content]
        return {**content, name: value} if isinstance(content, dict) else content

    return data(make)


def rows(change: Callable[[RawServer, Request, list[Any]], Any]) -> Change:
    """Change what a listing says."""
    return lambda server, request, reply: replace(reply, data=change(server, request, list(reply.data)))


def never_the_last(_server: RawServer, request: Request, listed: list[Any]) -> list[Any]:
    """Return a full page of new accounts, whatever page is asked for."""
    page = request.query.get("page", "1")
    return [
        {**(listed[0] if listed else {}), "id": f"endless-{page}-{row}", "origin_owner_id": "x"} for row in range(100)
    ]


def foreign_rows(server: RawServer, _request: Request, listed: list[Any]) -> list[Any]:
    """Ignore the filters."""
    return [dict(account) for account in server.accounts.values()]


LISTINGS: dict[str, Change] = {
    "kept: filters ignored": rows(foreign_rows),
    "kept: as data": data(lambda listed: {"data": listed, "total": len(listed)}),
    "kept: shuffled": rows(lambda _server, _request, listed: random.Random(1).sample(listed, len(listed))),
    "kept: each twice": rows(lambda _server, _request, listed: listed + listed),
    "empty": rows(lambda _server, _request, listed: []),
    "null providers": rows(lambda _server, _request, listed: [{**row, "provider": None} for row in listed]),
    "null owners": rows(lambda _server, _request, listed: [{**row, "origin_owner_id": None} for row in listed]),
    "other providers": rows(lambda _server, _request, listed: [{**row, "provider": "jira"} for row in listed]),
    "other owners": rows(lambda _server, _request, listed: [{**row, "origin_owner_id": "other"} for row in listed]),
    "odd statuses": rows(lambda _server, _request, listed: [{**row, "status": ["active"]} for row in listed]),
    "odd fields": rows(lambda _server, _request, listed: [{**row, "label": {}, "setup_information": "x", "updated_at": 5, "type": 1} for row in listed]),
    "only ids": rows(lambda _server, _request, listed: [{"id": row["id"]} for row in listed]),
    "null rows": rows(lambda _server, _request, listed: [None, *listed, "x"]),
    **{f"id {name}": with_id(value) for name, value in IDS.items()},
}  # fmt: skip

RECORDS: dict[str, Change] = {
    "another record": lambda server, _request, reply: replace(reply, status=200, data=dict(server.accounts[FOREIGN])),
    "another owner": with_id("other", "origin_owner_id"),
    "another provider": with_id("jira", "provider"),
    "null provider": with_id(None, "provider"),
    **{f"id {name}": with_id(value) for name, value in IDS.items()},
}

SETTINGS: dict[str, Change] = {f"existing {name}": with_id(value, "existing_account_id") for name, value in IDS.items()}
SESSIONS: dict[str, Change] = {f"token {name}": with_id(value, "token") for name, value in IDS.items()}
PROFILES: dict[str, Change] = {
    f"profile {name}": data(lambda content, value=value: {"integrations": [{**content["integrations"][0], "integration_id": value}]})
    for name, value in IDS.items()
}  # fmt: skip

RULES = (r"^(([a-z0-9.:/-])+)+\s$", r"^(a|a|[a-z])*\.$", r"(.*.*.*){9}!$")
"""Regular expressions that take longer than anybody waits to find out that a domain does not match."""


def with_rule(content: Any, rule: str) -> Any:
    """Let each field of the form be checked by this expression."""
    config = content["config"]
    fields = [{**field, "validation": {"type": "html-pattern", "pattern": rule}} for field in config["configFields"]]
    return {**content, "config": {**config, "configFields": fields}}


FORMS: dict[str, Change] = {
    f"kept: endless rule {number}": data(lambda content, rule=rule: with_rule(content, rule))
    for number, rule in enumerate(RULES, 1)
}

SAID: dict[str, dict[str, Change]] = {
    "GET /accounts": LISTINGS,
    "GET /accounts/*": RECORDS,
    "PATCH /accounts/*": RECORDS,
    "DELETE /accounts/*": RECORDS,
    "POST /hub/accounts": RECORDS,
    "PATCH /hub/accounts/*": RECORDS,
    "GET /hub/accounts/*": {f"secure id {name}": with_id(value, "secureId") for name, value in IDS.items()},
    "GET /hub/settings": SETTINGS,
    "GET /hub/connectors": PROFILES,
    "GET /hub/connectors/*": FORMS,
    "POST /connect_sessions": SESSIONS,
}
"""What can be said wrong in the answer to each kind of request."""
