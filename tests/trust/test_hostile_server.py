# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of every flow meets a server that lies, on the wire or in its words: what must hold all the same.

The server is told apart from the emulator on purpose: it is written from the standards alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.trust import raw_tricks
from tests.trust.hostile_server import FLOWS, OLD, Flow, Stage
from tests.trust.raw_server import DRIP_SECONDS, RawServer, Reply, Trick, instead, on
from tests.trust.share import MODE, SHARE, chosen


def kinds_of(stage: Stage, flow: Flow) -> list[str]:
    """What a flow asks for where all is well."""
    problems = stage.play(flow, None)
    assert problems == []
    return list(dict.fromkeys(seen.request.kind for seen in stage.server.journal))


def play_all(
    stage: Stage, name: str, tricks: dict[str, Callable[[], Trick]], share: int = SHARE, **options: Any
) -> None:
    """Play a flow with each trick that is chosen, and tell all problems together."""
    flow = FLOWS[name]
    tricks = {label: trick for label, trick in tricks.items() if chosen(f"{name} {label}", share)}
    found = [
        f"{label}: {problem}" for label, trick in tricks.items() for problem in stage.play(flow, trick(), **options)
    ]
    assert not found, f"{len(found)} problems with {len(tricks)} tricks\n" + "\n".join(found[:40])


@pytest.mark.parametrize("name", FLOWS)
def test_a_proper_server_is_served(stage, name):
    assert stage.play(FLOWS[name], None) == []
    writes = [seen for seen in stage.server.journal if seen.made]
    assert writes or "auth" in name


@pytest.mark.parametrize("group", ["WIRE", "TEXTS", "STATUSES"])
@pytest.mark.parametrize("name", FLOWS)
def test_what_is_carried_out_and_answered_badly(stage, name, group):
    flow = FLOWS[name]
    tricks = {
        f"{kind}, {trick}, {often}": lambda kind=kind, change=change, last=last: on(kind, change, 1, last)
        for kind in kinds_of(stage, flow)
        for trick, change in getattr(raw_tricks, group).items()
        for often, last in (("once", 1), ("always", 10**9))
    }
    play_all(stage, name, tricks)


@pytest.mark.parametrize("name", FLOWS)
def test_answers_without_end_end(stage, name):
    """Each costs its time-out, so few are played; what the server would go on for, no run waits for."""
    flow = FLOWS[name]
    tricks = {
        f"{kind}, {trick}": lambda kind=kind, change=change: on(kind, change)
        for kind in kinds_of(stage, flow)
        for trick, change in raw_tricks.WITHOUT_END.items()
    }
    started = time.monotonic()
    play_all(stage, name, tricks, share=10 * SHARE, timeout=1)
    if not MODE:
        assert time.monotonic() - started < DRIP_SECONDS


@pytest.mark.parametrize("name", FLOWS)
def test_what_is_not_carried_out_and_answered_badly(stage, name):
    flow = FLOWS[name]
    answers = {label: change(None, None, Reply(200)) for label, change in raw_tricks.STATUSES.items()}
    tricks = {
        f"{kind}, {label}, {last}": lambda kind=kind, reply=reply, last=last: instead(kind, reply, last)
        for kind in kinds_of(stage, flow)
        for label, reply in answers.items()
        for last in (1, 10**9)
    }
    play_all(stage, name, tricks)


@pytest.mark.parametrize("name", FLOWS)
def test_what_is_said_wrong(stage, name):
    flow = FLOWS[name]
    tricks = {
        f"{kind}, {trick}, from {first} to {last}": lambda kind=kind, change=change, first=first, last=last: on(
            kind, change, first, last
        )
        for kind in kinds_of(stage, flow)
        for trick, change in raw_tricks.SAID.get(kind, {}).items()
        for first, last in ((1, 1), (2, 2), (1, 10**9), (2, 10**9))
    }
    play_all(stage, name, tricks)


@pytest.mark.parametrize("rule", raw_tricks.FORMS)
@pytest.mark.parametrize("name", ["create", "list"])
def test_no_rule_of_a_form_holds_a_run(stage, name, rule):
    assert stage.play(FLOWS[name], on("GET /hub/connectors/*", raw_tricks.FORMS[rule])) == []


@pytest.mark.parametrize("name", ["update", "unlink", "list", "auth link"])
def test_a_listing_without_end_ends(stage, name):
    assert stage.play(FLOWS[name], on("GET /accounts", raw_tricks.rows(raw_tricks.never_the_last))) == []


@pytest.mark.parametrize("cap", [10, 20, 25])
@pytest.mark.parametrize("name", ["list", "list of drifted", "update", "unlink"])
def test_short_pages_hide_nobody(stage, name, cap):
    flow = FLOWS[name]

    def crowded(server: RawServer) -> None:
        for serial in range(60):
            server.add(f"other-{serial}", "foreign", OLD)
        flow.prepare(server)

    assert stage.play(Flow(**{**flow.__dict__, "prepare": crowded}), None, cap) == []
