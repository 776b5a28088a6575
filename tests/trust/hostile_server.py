# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that lies, the flows that meet it, and what must hold all the same.

The server is told apart from the emulator on purpose: it is written from the standards alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.support.module_runner import AUTH_LINK, AUTH_LINKS, LINK, LINKS, ModuleRunner, Run
from tests.support.secret_search import forms
from tests.trust.raw_server import STACKONE_KEY, RawServer, Seen, Trick
from tests.trust.raw_tricks import FOREIGN

KEYS = {"acme": "AcmeAcmeAcmeAcme0001", "globex": "GlobexGlobexGlobex02"}
OLD = "OldKeyOldKeyOldKey99"
KNOWN = re.compile(
    r"GET /fs/(acme|globex)/api/v2/agents(/me)?|GET /accounts|(GET|PATCH|DELETE) /accounts/[^/]+|GET /auth_configs"
    r"|POST /connect_sessions(/authenticate)?|POST /(unified/proxy|actions/rpc)|GET /actions|GET /hub/(settings|connectors)|GET /hub/connectors/[^/]+"
    r"|POST /hub/accounts|(GET|PATCH) /hub/accounts/[^/]+|GET /connectors/meta/freshservice"
)
WRITES = ("PATCH /accounts/*", "DELETE /accounts/*", "PATCH /hub/accounts/*")
CREATE = "POST /hub/accounts"


@dataclass(frozen=True)
class Flow:
    """One declaration, and the state of the store that it meets."""

    module: str
    options: Callable[[], dict[str, Any]]
    prepare: Callable[[RawServer], Any] = lambda server: None
    owners: tuple[str, ...] = ("one",)
    domains: tuple[str, ...] = ("acme",)
    absent: bool = False
    own: frozenset[str] = field(default_factory=frozenset)


def tenant(domain: str = "acme", owner: str = "one", **options: Any) -> dict[str, Any]:
    return {"domain": domain, "api_key": KEYS[domain], "origin_owner_id": owner, **options}


def linked(server: RawServer, key: str = KEYS["acme"], **fields: Any) -> dict[str, Any]:
    return server.add("one", "acme", key, **fields)


def both() -> list[dict[str, Any]]:
    return [tenant(), tenant("globex", "two")]


def leaver(server: RawServer) -> None:
    linked(server)
    server.add("gone", "globex", KEYS["globex"])
    del server.accounts[FOREIGN]


FLOWS = {
    "create": Flow(LINK, tenant),
    "update": Flow(LINK, lambda: tenant(label="New"), linked),
    "relink": Flow(LINK, tenant, lambda server: linked(server, OLD)),
    "relink and update": Flow(LINK, lambda: tenant(label="New"), lambda server: linked(server, OLD)),
    "pinned": Flow(LINK, lambda: tenant(label="New", account_id="pinned-1"), lambda server: linked(server, id="pinned-1")),
    "unlink": Flow(LINK, lambda: {"origin_owner_id": "one", "state": "absent"}, linked, absent=True),
    "unlink pinned": Flow(
        LINK, lambda: {"account_id": "pinned-1", "state": "absent"}, lambda server: linked(server, id="pinned-1"), absent=True,
        owners=("one", "other"),
    ),
    "create through the account": Flow(LINK, lambda: tenant(verify_link="call")),
    "list": Flow(LINKS, lambda: {"tenants": both()}, owners=("one", "two"), domains=("acme", "globex")),
    "list of drifted": Flow(
        LINKS, lambda: {"tenants": [tenant(label="New"), tenant("globex", "two")]},
        lambda server: (linked(server, OLD), server.add("two", "globex", KEYS["globex"])),
        owners=("one", "two"), domains=("acme", "globex"),
    ),
    "purge": Flow(LINKS, lambda: {"tenants": [tenant()], "purge": True, "purge_limit": 1}, leaver, owners=("one", "gone")),
    "auth link": Flow(AUTH_LINK, lambda: {"origin_owner_id": "one"}),
    "auth links": Flow(AUTH_LINKS, lambda: {"tenants": [{"origin_owner_id": "one"}]}),
}  # fmt: skip


class Stage:
    """A hostile server, and the modules that are run against it."""

    def __init__(self, server: RawServer) -> None:
        self.server = server
        self.runner = ModuleRunner(None)  # type: ignore[arg-type]

    def play(self, flow: Flow, trick: Trick | None, page_cap: int = 100, **options: Any) -> list[str]:
        """Run a flow, and return what should not be. `options` are how it is connected."""
        try:
            run, before = self.enter(flow, trick, page_cap, **options)
        except Exception as error:
            return [f"the module left no result: {error!r:.200}"]
        return [*checks(self.server, flow, run, before)]

    def enter(self, flow: Flow, trick: Trick | None, page_cap: int = 100, **options: Any) -> tuple[Run, set[str]]:
        """Run a flow; return what the module left, and the accounts that were there before."""
        server = self.server
        server.reset()
        server.keys = dict(KEYS)
        server.page_cap = page_cap
        server.add("someone", "foreign", OLD, id=FOREIGN)
        flow.prepare(server)
        server.trick = trick
        before = set(server.accounts)
        connection = {
            "stackone_url": server.url,
            "stackone_api_key": STACKONE_KEY,
            "retries": 1,
            "timeout": 3,
            **options,
        }
        if flow.module in (LINK, LINKS):
            connection.update(freshservice_url=f"{server.url}/fs/{{domain}}", confirm_timeout=3)
        if flow.module in (LINKS, AUTH_LINKS):
            connection["concurrency"] = 1
        return self.runner.enter(flow.module, {**connection, **flow.options()}), before


def checks(server: RawServer, flow: Flow, run: Run, before: set[str]) -> Iterator[str]:
    """Return everything that must not be."""
    yield from paths(server.journal)
    yield from writes_to_the_unseen(server.journal, flow, before)
    yield from second_creations(server.journal)
    yield from honesty(server, flow, run)
    yield from secrets(server, flow, run)


def paths(journal: list[Seen]) -> Iterator[str]:
    for seen in journal:
        line = f"{seen.request.method} {seen.request.path}"
        if not KNOWN.fullmatch(line) or unquote(seen.request.path.rpartition("/")[2]) in (".", "..", ""):
            yield f"an unknown path: {line[:120]}"
        if "x-evil" in seen.request.headers:
            yield f"a header that StackOne smuggled in: {line[:120]}"


def writes_to_the_unseen(journal: list[Seen], flow: Flow, before: set[str]) -> Iterator[str]:
    """A write goes to an account that a GET has shown under exactly this id, with this provider and owner."""
    shown: set[str] = set()
    for seen in journal:
        name = unquote(seen.request.path.rpartition("/")[2])
        if seen.request.kind in WRITES and name not in shown:
            yield f"{seen.request.method} {seen.request.path[:80]} was not seen as {flow.owners}'s"
        if seen.request.kind == "GET /accounts/*":
            seen.shown = [row for row in seen.shown if row.get("id") == name]
        for row in seen.shown:
            if row.get("provider") == "freshservice" and row.get("origin_owner_id") in flow.owners:
                # A number is the same id as its digits.
                shown.add(str(row.get("id")))
        if seen.reply and (seen.reply.raw is not None or seen.reply.text is not None):
            # What a reader makes of these bytes is its own affair; it can only have found what is there.
            shown |= before - {FOREIGN}


def second_creations(journal: list[Seen]) -> Iterator[str]:
    """A second POST for an owner needs a refusal of the first, or a look that did not find what it made."""
    unsettled: dict[str, bool] = {}
    for seen in journal:
        if seen.request.kind in ("GET /accounts", "GET /hub/settings"):
            unsettled = {}
        if seen.request.kind == CREATE:
            # Of a request that was not carried out only the body is known, which has the tenant's own domain and key.
            whose = seen.owner or repr(seen.request.body)
            if unsettled.get(whose):
                yield f"a second POST for {whose} although nobody looked what became of the first"
            unsettled[whose] = not (seen.reply and seen.reply.raw is None and 400 <= seen.reply.status < 500)


def honesty(server: RawServer, flow: Flow, run: Run) -> Iterator[str]:
    """Green means that it is so, unchanged means that nothing was done, and red says why."""
    # A status from 400 to 499 says that nothing was done; only 408 does not.
    made = [seen for seen in server.journal if seen.made and not refused(seen)]
    if run.failed and any(
        not failure.get("code") or failure["code"] == "internal_error" for failure in run.failures or [{}]
    ):
        yield f"red without a proper code: {json.dumps(run.failures)[:300]}"
    if made and not run.changed and not (run.failed and uncertain(run)):
        yield f"unchanged over {[seen.request.kind for seen in made]}: {json.dumps(run.failures)[:300]}"
    if not run.failed and flow.module in (LINK, LINKS) and not told(server.journal, run):
        yield from missing(server, flow)


def refused(seen: Seen) -> bool:
    """Tell whether an answer clearly says that nothing was done."""
    return bool(seen.reply and seen.reply.raw is None and 400 <= seen.reply.status < 500 and seen.reply.status != 408)


def told(journal: list[Seen], run: Run) -> bool:
    """Tell whether a green result rests on what the server said clearly, though falsely, or says itself what is open."""
    rows = [run.result, *run.result.get("results", [])]
    if any(row.get("stored_key") == "unknown" for row in rows) or any("label" in warning for warning in said_by(run)):
        return True
    listings = [seen for seen in journal if seen.request.kind == "GET /accounts"]
    if not listings or listings[-1].reply is None or listings[-1].reply.data is None:
        return False
    proper = [
        re.fullmatch(r"[\w-]+", str(row.get("id"))) and row.get("provider") and row.get("origin_owner_id")
        for row in listings[-1].shown
    ]
    return all(proper) and not any(
        row.get("origin_owner_id") == "one" and row.get("provider") == "freshservice" for row in listings[-1].shown
    )


def said_by(run: Run) -> list[str]:
    return [*run.warnings, *(word for row in run.result.get("results", []) for word in row.get("warnings") or [])]


def uncertain(run: Run) -> bool:
    codes = {failure["code"] for failure in run.failures}
    return "create_uncertain" in codes or any(
        (failure.get("details") or {}).get("uncertain") for failure in run.failures
    )


def missing(server: RawServer, flow: Flow) -> Iterator[str]:
    """What is declared, and is not in the store."""
    tenants = flow.options().get("tenants") or [flow.options()]
    for declared in tenants:
        owner, name = declared.get("origin_owner_id"), declared.get("account_id")
        mine = [
            row
            for row in server.accounts.values()
            if name == row["id"] or (not name and owner == row["origin_owner_id"])
        ]
        if flow.absent and mine:
            yield "green, but the account is still there"
        if not flow.absent:
            stored = [server.stored[row["id"]] for row in mine if declared.get("label") in (None, row["label"])]
            if {"domain": declared["domain"], "apiKey": declared["api_key"]} not in stored:
                yield f"green, but no account of {owner} is as declared: {mine}"


def secrets(server: RawServer, flow: Flow, run: Run) -> Iterator[str]:
    said = run.text
    for key in (*KEYS.values(), OLD, STACKONE_KEY):
        if any(form in said for form in forms(key)):
            yield f"a key is shown: {key}"
    for token in server.sessions if flow.module in (LINK, LINKS) else ():
        if token in said:
            yield f"a session's token is shown: {token}"
