# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How runs must behave, whatever happens in a history: each check yields what is wrong, in words."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode, Phase
from tests.simulation.history import CONFIRM, LINK
from tests.simulation.play import PERSON, Played
from tests.simulation.runs import SimulatedRun
from tests.simulation.services import Asked, Change
from tests.support.secret_search import TELLING, forms

_ACCOUNT = re.compile(r"(?:/hub)?/accounts/([^/]+)")
_CODES, _PHASES = {code.value for code in FailureCode}, {phase.value for phase in Phase}
LONGEST = 1800.0
"""Virtual seconds that a run may take, one that waits for a small quota included."""


def coded(played: Played) -> Iterator[str]:
    """Yield the failures that have no code or are defects, and the messages that are not one line."""
    for run in played.everything:
        if run.failed and not run.result.get("failure"):
            yield f"{run.name} fails without a code: {run.result.get('msg')}"
        for failure in run.failures:
            if failure["code"] not in _CODES or failure["phase"] not in _PHASES:
                yield f"{run.name} fails in an unknown way: {failure}"
            if failure["code"] == FailureCode.INTERNAL_ERROR.value:
                yield f"{run.name} has a defect: {failure}"
        if "\n" in run.result.get("msg", ""):
            yield f"the message of {run.name} is not one line"


def secretive(played: Played) -> Iterator[str]:
    """Yield the runs that show a secret, or the better half of one."""
    secrets = {*played.secrets, *played.world.stackone_keys, *played.world.sessions.tokens()}
    pieces = {form[:TELLING] for secret in secrets for form in forms(secret)}
    for run in played.everything:
        text = run.text
        if any(piece in text for piece in pieces):
            yield f"{run.name} shows a secret: {text}"


def faithful(played: Played) -> Iterator[str]:
    """Yield the keys that were sent to another host than the one they are for."""
    yield from played.wire.strange


def bounded(played: Played) -> Iterator[str]:
    """Yield the runs that took too long."""
    for run in played.everything:
        if run.ended - run.began > LONGEST:
            yield f"{run.name} took {run.ended - run.began:.0f} s"


def obedient(played: Played) -> Iterator[str]:
    """Yield the requests that a run began after it was told to stop."""
    for asked in played.wire.asked:
        stopped = asked.run.stopped_at
        if stopped is not None and asked.time > stopped:
            yield f"{asked.run.name} was stopped at {stopped:.3f} and sent {asked.kind} at {asked.time:.3f}"


def sparing(played: Played) -> Iterator[str]:
    """Yield the runs that sent more than the quota that they were told."""
    times = defaultdict(list)
    for asked in played.wire.asked:
        if "api.stackone.com" in asked.request.url and asked.run.plan.module != LINK:
            times[asked.run].append(asked.time)
    for run, sent in times.items():
        most = run.plan.rpm
        if any(later - earlier < 60.0 for earlier, later in zip(sent, sent[most:])):
            yield f"{run.name} sent more than {most} requests in a minute"


def careful(played: Played) -> Iterator[str]:
    """Yield the refused keys that were sent again, to Freshservice or through StackOne."""
    refused: Counter[tuple[SimulatedRun, str]] = Counter()
    for asked in played.wire.asked:
        if asked.status in (401, 403) and asked.call and asked.call.domain and not asked.run.echoes(asked.number):
            refused[asked.run, asked.call.domain] += 1
    for (run, domain), times in refused.items():
        if times > 1:
            yield f"{run.name} sent a refused key to {domain} {times} times"


def passive(played: Played) -> Iterator[str]:
    """Yield what runs in check mode have sent that changes something."""
    for asked in played.wire.asked:
        if asked.run.plan.check and _writes(asked):
            yield f"{asked.run.name} is in check mode and sent {asked.kind}"


def recognised(played: Played) -> Iterator[str]:
    """Yield the writes to accounts that the run had not seen as one of its owners'."""
    shown: defaultdict[SimulatedRun, dict[str, set[str]]] = defaultdict(dict)
    for asked in sorted(played.wire.asked, key=lambda one: one.time):
        found = _ACCOUNT.fullmatch(urlsplit(asked.request.url).path)
        if found and _writes(asked):
            before = shown[asked.run].get(found[1], set())
            if not before & asked.run.owners and not (asked.run.plan.purge and before):
                yield f"{asked.run.name} sent {asked.kind}, an account that it had seen of {before or 'nobody'}"
        rows = (
            asked.data
            if isinstance(asked.data, list)
            else (asked.data or {}).get("data", [asked.data])
            if isinstance(asked.data, dict)
            else ()
        )
        for row in rows if asked.status == 200 and isinstance(rows, list) else ():
            if isinstance(row, dict) and row.get("provider") == "freshservice" and row.get("origin_owner_id"):
                shown[asked.run].setdefault(str(row["id"]), set()).add(row["origin_owner_id"])


def restrained(played: Played) -> Iterator[str]:
    """Yield the accounts that a run unlinked although nothing said so, and the changes to those of others."""
    made = set(_answered_with(played))
    for change in played.world.changes:
        run = change.actor
        if not isinstance(run, SimulatedRun):
            continue
        if change.event == "account.created":
            made.add((run, change.id))
        if _seen_before_it_left(played, change):
            continue
        if change.owner not in run.owners and not run.plan.purge:
            yield f"{run.name} touched account {change.id} of {change.owner}"
        if change.event == "account.deleted" and (run, change.id) not in made and not _named(run, change, played):
            yield f"{run.name} unlinked account {change.id} of {change.owner} on {change.domain}, which nothing names"


_AGE = 0.5
"""Seconds by which a run may take its request for older than it is."""


def _answered_with(played: Played) -> Iterator[tuple[Any, str]]:
    """Yield the accounts with which a request to link was answered, and the run, if they were made when it was sent.

    StackOne's clock tells that to the age of a connect session. Of two runs whose requests the Hub takes for the same link
    at that moment, neither can tell whose made it.
    """
    born = {change.id: change.time for change in played.world.changes if change.event == "account.created"}
    for asked in played.wire.asked:
        name = str(asked.data.get("id")) if isinstance(asked.data, dict) else ""
        if asked.kind == "POST /hub/accounts" and asked.status == 201 and born.get(name, -1.0) >= asked.time - _AGE:
            yield asked.run, name


def _seen_before_it_left(played: Played, change: Change) -> bool:
    """Whether a person gave an account to somebody else after the run had looked at it one last time."""
    mine = [asked for asked in played.wire.asked if asked.run is change.actor]
    sent = [one.time for one in mine if _writes(one) and change.id in one.kind]
    asked = f"GET /accounts/{change.id}"
    looks = [one.time for one in mine if one.kind == asked and one.status == 200 and sent and one.time < sent[-1]]
    left = [
        one.time
        for one in played.world.changes
        if one.id == change.id and one.actor == PERSON and one.time <= change.time
    ]
    return bool(looks and left) and left[-1] >= looks[-1]


def _named(run: SimulatedRun, change: Change, played: Played) -> bool:
    """Whether a run was told to unlink an account."""
    if run.plan.purge or (played.repaired and run.plan.number == 102):
        return True
    return any(
        (link.absent or link.replaced) and change.owner in (link.owner, link.previous) and change.domain == link.domain
        for link in run.links
    )


def hesitant(played: Played) -> Iterator[str]:
    """Yield the links that were asked for again without looking whether the first request had made them."""
    tries: defaultdict[tuple[SimulatedRun, str], list[Asked]] = defaultdict(list)
    for asked in played.wire.asked:
        if asked.kind == "POST /hub/accounts":
            tries[asked.run, asked.request.body["credentials"].get("domain", "")].append(asked)
    for (run, domain), asked in tries.items():
        for first, second in zip(asked, asked[1:]):
            if not first.unclear:
                continue
            looks = [
                one
                for one in played.wire.asked
                if one.run is run and first.time < one.time <= second.time and one.status == 200
            ]
            kinds = {one.kind for one in looks}
            if "GET /accounts" not in kinds or "GET /hub/settings" not in kinds:
                yield f"{run.name} asked for {domain} again at {second.time:.3f} without looking"
            elif second.time - first.time < CONFIRM:
                yield f"{run.name} asked for {domain} again after {second.time - first.time:.1f} s"
            if any(link.several for link in run.links if link.domain == domain):
                yield f"{run.name} asked for {domain} again, whose owner may have several"
        if sum(one.unclear for one in asked[:-1]) > 1:
            yield f"{run.name} asked for {domain} {len(asked)} times"


def _writes(asked: Asked) -> bool:
    path = urlsplit(asked.request.url).path
    return asked.request.method in ("PATCH", "DELETE") or (asked.request.method == "POST" and path == "/hub/accounts")
