# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a history of a number: the same one each time."""

from __future__ import annotations

import random
from typing import Any

from tests.simulation.history import LINK, LINKS, Event, FaultPlan, History, Link, RunPlan, left_out, pieces
from tests.simulation.services import DOMAINS

KINDS = {"alone": 34, "ended": 14, "together": 26, "people": 12, "quota": 5, "anything": 9}
"""What histories are about, and how often: one run with faults, one that is killed or stopped, several at once, people who
change accounts meanwhile, a small quota, and all of it together."""

_WHERE = (
    *[{"service": "hub", "method": "POST", "path": "/hub/accounts"}] * 5,
    *[{"service": "hub", "method": "PATCH"}] * 2,
    {"service": "hub", "method": "GET"},
    {"service": "stackone", "method": "GET", "path": "/accounts"},
    {"service": "stackone", "method": "GET", "path": "/accounts/*"},
    {"service": "stackone", "method": "POST", "path": "/connect_sessions"},
    *[{"service": "stackone", "method": "PATCH"}] * 3,
    *[{"service": "stackone", "method": "DELETE"}] * 2,
    {"service": "stackone"},
    {"service": "freshservice", "caller": "client"},
    {"service": "freshservice", "caller": "stackone"},
    {},
)
_WHAT = (
    {"drop": "before"},
    {"drop": "after"},
    {"drop": "after"},
    {"status": 408},
    {"status": 408, "retry_after": "60", "when": "after"},
    {"status": 429, "retry_after": "60"},
    {"status": 429, "retry_after": "http_date:+60"},
    {"status": 429, "retry_after": "iso_date:+60"},
    {"status": 429},
    {"status": 429, "retry_after": "86400"},
    {"status": 500},
    {"status": 500, "when": "after"},
    {"status": 502, "body": "html"},
    {"status": 502, "body": "html", "when": "after"},
    {"status": 503, "retry_after": "20"},
    {"status": 504, "when": "after"},
    {"status": 504},
    {"status": 401},
    {"status": 401, "when": "after"},
    {"status": 403, "when": "after"},
    {"status": 401, "body": "empty", "when": "after"},
    {"status": 403, "body": "html"},
    {"status": 403, "body": "html", "when": "after"},
    {"status": 403, "body": {"raw": '{"message": "denied"}'}, "when": "after"},
    {"delay_ms": 45_000},
    {"delay_ms": 45_000, "status": 503},
    {"body": "truncated", "when": "after"},
    {"status": 404, "body": "html"},
    {"status": 404, "body": "html", "when": "after"},
    {"status": 302, "headers": {"Location": "https://elsewhere.example/"}},
)
_SWITCHES = (
    {"setup_information_in_accounts": False},
    {"accounts_shape": "data", "accounts_shuffle": True},
    {"hub_patch_body": "empty"},
    {"status_case": "upper", "type_case": "upper"},
    {"accounts_filters": "ignored", "account_missing": 400, "delete_status": 204},
    {"accounts_page_cap": 1},
    {"hub_refused_status": 500},
    {"hub_refused_status": 401},
    {"settings_existing_account": False},
    {"hub_test": "async"},
    {"session_profile": "untold", "hub_connectors": "all"},
)
_EVENTS = ("change the label", "unlink the account", "break the account", "link by hand", "reset the key")
_LEAVES = "use the account for another customer"
"""What happens only to an account that is to be unlinked: a key is sent to one that was seen, however long ago."""


def made_of(seed: int) -> History:
    """Return the history of a number."""
    chance = random.Random(seed)
    kind = chance.choices(list(KINDS), weights=list(KINDS.values()))[0]
    links = tuple(_link(chance, number, kind) for number in range(_count(chance, kind)))
    runs = tuple(_run(chance, number, links, kind) for number in range(_runs(chance, kind)))
    return History(
        seed,
        kind,
        links,
        runs,
        tuple(_event(chance, number, links) for number in range(_events(chance, kind))),
        tuple(_fault(chance, number) for number in range(_faults(chance, kind))),
        _switches(chance),
    )


def named(name: str) -> History:
    """Return the history of a name, as a report prints it: a number, and what is left out. Raise ValueError if it has none."""
    seed, *names = name.split("/")
    if not seed.isdecimal():
        raise ValueError(f"{name!r} does not begin with the number of a history")
    history = made_of(int(seed))
    for piece in names:
        if piece not in pieces(history):
            raise ValueError(f"history {history.name} has no piece {piece!r}; it has {', '.join(pieces(history))}")
        history = left_out(history, piece)
    return history


def _count(chance: random.Random, kind: str) -> int:
    return 4 if kind == "quota" else chance.choice([1, 1, 2, 2, 3, 4])


def _runs(chance: random.Random, kind: str) -> int:
    return {"together": chance.choice([2, 2, 2, 3]), "anything": chance.choice([1, 2, 3])}.get(kind, 1)


def _events(chance: random.Random, kind: str) -> int:
    return chance.choice([1, 2, 3]) if kind in ("people", "anything") else 0


def _faults(chance: random.Random, kind: str) -> int:
    counts = {"alone": [1, 1, 1, 2], "ended": [0, 0, 1], "together": [0, 0, 1, 2], "quota": [0, 0, 1]}
    return chance.choice(counts.get(kind, [0, 1, 2]))


def _link(chance: random.Random, number: int, kind: str) -> Link:
    several = chance.random() < 0.2
    how = chance.choices(
        ["new", "as declared", "label", "key", "broken", "moved", "replaced"], weights=[38, 11, 15, 12, 8, 8, 8]
    )[0]
    changes: dict[str, dict[str, Any]] = {
        "as declared": {},
        "label": {"label": "Old"},
        "key": {"api_key": "old"},
        "broken": {"status": chance.choice(["error", "expired"])},
        "moved": {"origin_owner_id": "former"},
        "replaced": {"integration_id": "other"},
    }
    absent = chance.random() < 0.12
    return Link(
        number,
        "group" if several else f"customer-{number}",
        DOMAINS[number],
        label=_maybe(chance, 0.6, ["Desk", "IT"]),
        name=_maybe(chance, 0.2, ["Alpha Ltd"]),
        type=_maybe(chance, 0.2, ["production", "test"]),
        absent=absent,
        several=several,
        wrong_key=not absent and kind != "quota" and chance.random() < 0.06,
        previous="former" if how == "moved" else None,
        replaced=how == "replaced",
        stored=changes.get(how),
    )


def _run(chance: random.Random, number: int, links: tuple[Link, ...], kind: str) -> RunPlan:
    together = kind in ("together", "anything")
    ends = {"ended": 1.0, "together": 0.15, "anything": 0.25}.get(kind, 0.0)
    kill, stop = chance.random() < ends, chance.random() < 0.35
    at, after = chance.randint(1, 8 + 7 * len(links)), chance.random() < 0.5
    return RunPlan(
        number,
        start=chance.choice([0.0, 0.0, 0.1, 0.5, 2.0]) if number else 0.0,
        module=chance.choices([LINKS, LINK], weights=[3, 1 if kind != "quota" else 0])[0],
        only=chance.randrange(len(links)),
        label=_maybe(chance, 0.25 if together else 0.0, [f"Run {number}"]),
        name=_maybe(chance, 0.15 if together else 0.0, [f"Name {number}"]),
        check=chance.random() < 0.06,
        concurrency=chance.choice([1, 1, 2, 4]),
        retries=chance.choice([0, 0, 1, 1, 3]),
        timeout=chance.choice([30.0, 30.0, 5.0]),
        purge=kind in ("alone", "ended") and chance.random() < 0.1,
        call=chance.random() < 0.1,
        rpm=chance.choice([12, 20, 40]) if kind == "quota" else 1000,
        fingerprints=chance.random() < 0.25,
        skew=chance.choice([0.0] * 8 + [3600.0, -86400.0]),
        killed=(at, after) if kill and not stop else None,
        stopped=at if kill and stop else None,
        echo=(at, chance.choice([400, 401, 422, 500]), chance.choice([0, 150, 170]))
        if chance.random() < 0.06
        else None,
        stalls=_stalls(chance, together, at),
    )


def _stalls(chance: random.Random, together: bool, most: int) -> tuple[tuple[int, float], ...]:
    count = chance.choice([0, 1, 1, 2]) if together else chance.choice([0, 0, 0, 1])
    return tuple((chance.randint(1, most), chance.choice([0.3, 1.0, 4.0, 8.0, 40.0])) for _number in range(count))


def _event(chance: random.Random, number: int, links: tuple[Link, ...]) -> Event:
    link, what, leaves = chance.randrange(len(links)), chance.choice(_EVENTS), chance.random() < 0.7
    when = round(chance.uniform(0, 1.5 if links[link].absent else 4), 2)
    return Event(number, when, _LEAVES if links[link].absent and leaves else what, link)


def _fault(chance: random.Random, number: int) -> FaultPlan:
    where, what = chance.choice(_WHERE), chance.choice(_WHAT)
    for_ever = chance.random() < 0.3
    return FaultPlan(
        number, {**where, **what, "call": chance.choice([1, 1, 1, 2, 2, 3, 4]), "count": 1_000_000 if for_ever else 1}
    )


def _switches(chance: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if chance.random() < 0.5:
        found["hub_existing_triple"] = "duplicate"
    if chance.random() < 0.25:
        found["eventual_listing_ms"] = chance.choice([400, 1500, 4000, 9000])
    if chance.random() < 0.35:
        found.update(chance.choice(_SWITCHES))
    return found


def _maybe(chance: random.Random, how_often: float, values: list[str]) -> str | None:
    return chance.choice(values) if chance.random() < how_often else None
