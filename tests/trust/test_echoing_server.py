# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server gives back every secret that it was ever told, in every form and place: none may be read in what is left."""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.support.secret_search import FORMS, betrayed
from tests.trust.hostile_server import FLOWS, KEYS, Stage
from tests.trust.raw_server import STACKONE_KEY, RawServer, Reply, Request, Trick, on
from tests.trust.share import chosen

Write = Callable[[str], str]
TEXTS_OF_ACCOUNTS = (
    *("id", "provider", "status", "type", "origin_owner_id", "origin_owner_name", "origin_username", "label"),
    *("created_at", "updated_at"),
)


def heard(server: RawServer) -> list[str]:
    """Return the secrets that the server was told in this run, and the tokens that it gave: what it can give back."""
    asked = json.dumps([[seen.request.headers, seen.request.body] for seen in server.journal])
    coded = {key for key in KEYS.values() if key in asked or b64encode(f"{key}:X".encode()).decode() in asked}
    return [*sorted(coded), STACKONE_KEY, *server.sessions]


def words(server: RawServer, write: Write) -> Iterator[str]:
    """Return a text for each secret; of tokens the last ones, which are in use."""
    told = heard(server)
    return map(write, [*told[:3], *told[3:][-2:]])


def error(status: int, shape: Callable[[str], Any]) -> Callable[[RawServer, Write], Iterator[Reply]]:
    """Say each secret in an error of some shape."""
    return lambda server, write: (Reply(status, shape(text)) for text in words(server, write))


def page(status: int) -> Callable[[RawServer, Write], Iterator[Reply]]:
    """Say each secret in a page."""
    return lambda server, write: (
        Reply(status, None, {"Content-Type": "text/html"}, text.encode()) for text in words(server, write)
    )


def told(text: str, status: int) -> dict[str, Any]:
    return {"statusCode": status, "message": text, "timestamp": "2026-11-01T08:00:00Z"}


ERRORS: dict[str, Callable[[RawServer, Write], Iterator[Reply]]] = {
    **{f"{status}": error(status, lambda text, status=status: told(text, status)) for status in (400, 401, 403, 409, 422, 500)},
    "nested": error(422, lambda text: told(json.dumps({"message": text}), 422)),
    "several": error(422, lambda text: {**told("no", 422), "errors": [text, text]}),
    "of the provider": error(422, lambda text: {**told("no", 422), "provider_errors": [{"status": 401, "raw": {"message": text}}]}),
    "provider's words": error(502, lambda text: {**told("no", 502), "provider_response": text}),
    "another shape": error(418, lambda text: {"data": {"token": text}, "words": [text]}),
    "name of a key": error(400, lambda text: {text: text}),
    "Freshservice's": error(403, lambda text: {"code": text, "message": text, "errors": [{"field": text, "message": text}]}),
    "page 200": page(200), "page 401": page(401), "page 404": page(404), "page 502": page(502),
    "redirect": lambda server, write: (
        Reply(302, None, {"Location": f"https://{text}.example/{text}", "X-Words": text})
        for text in words(server, write) if text.isprintable() and text.isascii()
    ),
}  # fmt: skip

KINDS = (
    *("GET /api/v2/agents/me", "GET /accounts"),
    *("POST /connect_sessions", "GET /hub/connectors", "POST /hub/accounts"),
)


def share(tricks: dict[str, Any], of: str) -> dict[str, Any]:
    """Return those that are chosen."""
    return {name: trick for name, trick in tricks.items() if chosen(f"{of} {name}")}


def shown(value: Any) -> Any:
    """Return a result without the auth links, which are the results of their modules."""
    if isinstance(value, dict):
        return {name: shown(item) for name, item in value.items() if name != "auth_link_url"}
    return [shown(item) for item in value] if isinstance(value, list) else value


def leaks(stage: Stage, name: str, trick: Trick) -> list[str]:
    """Play a flow, and return where a secret can be read."""
    run, _before = stage.enter(FLOWS[name], trick)
    left = [shown(run.result), run.warnings, run.invocation]
    return [f"{secret} in {text[:300]}" for secret in heard(stage.server) for text in betrayed(left, secret)]


@pytest.mark.parametrize("name", ["create", "relink", "list", "auth link", "auth links"])
def test_errors_that_repeat_secrets(stage, name):
    tricks = {
        f"{kind}, {shape}, {form}": (kind, replies, write)
        for kind in KINDS
        for shape, replies in ERRORS.items()
        for form, write in FORMS.items()
    }
    found = [
        f"{label}: {leak}"
        for label, (kind, replies, write) in share(tricks, name).items()
        for leak in leaks(stage, name, one_of(kind, replies, write, zlib.crc32(label.encode())))
    ]
    assert not found, "\n".join(found[:30])


def one_of(kind: str, replies: Callable[[RawServer, Write], Iterator[Reply]], write: Write, serial: int) -> Trick:
    """Answer one kind of request always with the same secret."""

    def answer(server: RawServer, _request: Request, reply: Reply) -> Reply:
        made = list(replies(server, write))
        return made[serial % len(made)] if made else reply

    return on(kind, answer)


@pytest.mark.parametrize("name", ["update", "relink", "unlink", "list of drifted", "purge", "auth links"])
def test_accounts_that_repeat_secrets(stage, name):
    """In each text of an account, and in what it says of its state."""
    tricks = {
        f"{field}, {form}": (field, write)
        for field in (*TEXTS_OF_ACCOUNTS, "domain", "reasons")
        for form, write in FORMS.items()
    }
    found = [
        f"{label}: {leak}"
        for label, (field, write) in share(tricks, name).items()
        for kind in ("GET /accounts", "GET /accounts/*", "GET /hub/accounts/*")
        for leak in leaks(stage, name, on(kind, spoilt(field, write)))
    ]
    assert not found, "\n".join(found[:30])


def spoilt(field: str, write: Write) -> Callable[[RawServer, Request, Reply], Reply]:
    """Write a secret into a field of each account of an answer."""

    def account(record: Any, text: str) -> Any:
        if not isinstance(record, dict):
            return record
        if field == "domain":
            return {**record, "setup_information": {"domain": text}, "setupInformation": {"domain": text}}
        if field == "reasons":
            return {**record, "status": "error", "status_reasons": [{"code": text, "description": text}]}
        return {**record, field: text}

    def change(server: RawServer, _request: Request, reply: Reply) -> Reply:
        texts = list(words(server, write))
        rows = reply.data if isinstance(reply.data, list) else [reply.data]
        made = [account(row, texts[at % len(texts)]) for at, row in enumerate(rows)]
        return replace(reply, data=made if isinstance(reply.data, list) else made[0])

    return change


SESSIONS: dict[str, Callable[[str, str], Any]] = {
    "inside data": lambda token, link: {"data": {"token": token, "auth_link_url": link}},
    "a list": lambda token, link: [{"token": token, "auth_link_url": link}],
    "a list of texts": lambda token, link: [token, link],
    "a text": lambda token, link: token,
    "nested": lambda token, link: {"session": {"connect": [{"access": {"value": token, "href": link}}]}},
    "another name": lambda token, link: {"sessionToken": token, "url": link},
    "the token is an object": lambda token, link: {"token": {"value": token}, "auth_link_url": {"href": link}},
    "the token is a list": lambda token, link: {"token": [token], "auth_link_url": [link]},
    "no value for a header": lambda token, link: {"token": f"{token}\n{token}", "auth_link_url": f"{link}\n"},
    "not ASCII": lambda token, link: {"token": f"{token}\u00e4\u4e2d", "auth_link_url": f"{link}\u4e2d"},
    "blanks": lambda token, link: {"token": f" {token} ", "auth_link_url": f" {link}"},
    "a script": lambda token, link: {"token": None, "auth_link_url": f"javascript:{link}"},
    "another owner's": lambda token, link: {"token": token, "auth_link_url": link, "origin_owner_id": "other", "account_id": token},
}  # fmt: skip


@pytest.mark.parametrize("status", [200, 201, 202, 302, 400, 401, 422, 500])
@pytest.mark.parametrize("shape", SESSIONS)
@pytest.mark.parametrize("name", ["create", "relink", "list", "auth link", "auth links"])
def test_sessions_of_another_shape(stage, name, shape, status):
    def change(_server: RawServer, _request: Request, reply: Reply) -> Reply:
        data = SESSIONS[shape](reply.data["token"], reply.data["auth_link_url"])
        stated = {"statusCode": status, "message": f"no {shape}"} if status >= 400 else {}
        made = {**data, **stated} if isinstance(data, dict) else data
        return replace(reply, status=status, data=made)

    for kind in ("application/json", "text/html"):

        def typed(server, request, reply, kind=kind):
            return replace(change(server, request, reply), headers={"Content-Type": kind})

        assert leaks(stage, name, on("POST /connect_sessions", typed)) == []


@pytest.mark.parametrize("name", ["auth link", "auth links"])
@pytest.mark.parametrize("form", FORMS)
def test_no_key_leaves_in_an_auth_link(stage, name, form):
    def change(server: RawServer, _request: Request, reply: Reply) -> Reply:
        link = f"https://app.example/{FORMS[form](STACKONE_KEY)}"
        return replace(reply, data={**reply.data, "auth_link_url": link})

    run, _before = stage.enter(FLOWS[name], on("POST /connect_sessions", change))
    assert list(betrayed(run.result, STACKONE_KEY)) == []
