# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs must leave and say of it, whatever happens in a history: each check yields what is wrong, in words."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.simulation.history import Link
from tests.simulation.play import ARRANGED, FORETELLS, Played
from tests.simulation.runs import SimulatedRun
from tests.simulation.services import Change

_NOT_SEEN = ("could not be seen", "does not offer the Hub API")
"""What a run says that could not look at everything."""
_LABEL_LEFT = ("did not keep it", "it was left", "left as it is")
"""What a run says of a label that is no failure (S42)."""


def single(played: Played) -> Iterator[str]:
    """Yield the links that have several accounts, of which nobody was told."""
    for state, runs in ((played.calm, played.runs), (played.world.stored(), [])):
        for (owner, domain), ids in _accounts(state).items():
            link = next((one for one in played.links if (one.owner, one.domain) == (owner, domain)), None)
            if len(ids) < 2 or (link and link.replaced and runs):
                continue
            told = any(_tells(run, domain, ids) for run in runs)
            excused = any(run.killed or run.stopped_at is not None for run in runs) and len(runs) > 1
            if runs and (told or excused or _by_people(played, ids) or _lost(played, ids)):
                continue
            yield f"{owner} has {len(ids)} accounts of {domain} and nobody says so"


def _tells(run: SimulatedRun, domain: str, ids: list[str]) -> bool:
    """Whether a run says that a link may have several accounts, or fails for it and names one, or says that it made one."""
    rows = [row for row in run.rows if row["domain"] == domain] or [run.result]
    texts = [json.dumps(row) for row in rows if row.get("failure")]
    unseen = "could not be seen" in run.text or (run.failed and "but not confirmed" in run.text)
    return unseen or any(one in text for one in [*ids, '"create"'] for text in texts)


def _lost(played: Played, ids: list[str]) -> bool:
    """Whether one of several runs made one of these accounts by a request that got no clear answer.

    It takes an account that appears for its own, and cannot tell it from the one that another run made at that time.
    """
    lost = {
        (asked.run, asked.request.body["credentials"].get("domain"))
        for asked in played.wire.asked
        if asked.kind == "POST /hub/accounts" and asked.unclear
    }
    return len(played.runs) > 1 and any(
        change.id in ids and change.event == "account.created" and (change.actor, change.domain) in lost
        for change in played.world.changes
    )


def truthful(played: Played) -> Iterator[str]:
    """Yield the runs, and their rows, of which `changed` is not what they changed."""
    for run in played.everything:
        if run.killed or run.plan.check:
            continue
        mine = [change for change in played.world.changes if change.actor is run and change.time <= run.ended]
        yield from _truth(played, run, run.changed, mine, run.name, run.failures if run.failed else [])
        unlisted = {row["account_id"] for name in ("purged", "resolved") for row in run.result.get(name) or ()}
        for row in run.result.get("results") or ():
            own = [change for change in mine if change.id not in unlisted and _of_row(run, row, change)]
            failures = [row["failure"]] if row.get("failure") else []
            yield from _truth(played, run, row["changed"], own, f"the row of {row['domain']} in {run.name}", failures)


def _truth(
    played: Played, run: SimulatedRun, said: bool, mine: list[Change], name: str, failures: list[dict[str, Any]]
) -> Iterator[str]:
    unknown = any(map(_says_unknown, failures))
    if mine and not said and not unknown and not all(_reverted(played, change) for change in mine):
        yield f"{name} says changed=False, but: {_words(mine)}"
    if said and not mine and not unknown and not _disturbed(played, run) and not _sent_again(played, run):
        yield f"{name} says changed=True, and changed nothing"


def _reverted(played: Played, mine: Change) -> bool:
    """Whether somebody else has changed an account back right away, or unlinked it: the change cannot be seen any more."""
    states = [change for change in played.world.changes if change.id == mine.id]
    place = states.index(mine)
    former = states[max(0, place - 1)].shown
    mine_alone = [number for number, value in enumerate(mine.shown) if value != former[number]]
    back = [one for one in states[place + 1 :] if all(one.shown[number] == former[number] for number in mine_alone)]
    gone = any(one.event == "account.deleted" and one.actor is not mine.actor for one in states[place + 1 :])
    return gone or (bool(mine_alone) and any(change.actor is not mine.actor for change in back))


def _says_unknown(failure: dict[str, Any]) -> bool:
    return failure["code"] in ("create_uncertain", "link_mismatch", "duplicate_account") or failure["details"].get(
        "uncertain", False
    )


def _words(changes: list[Change]) -> str:
    return "; ".join(f"{change.event} {change.id}" for change in changes)


def green(played: Played) -> Iterator[str]:
    """Yield the tenants that are not as declared although their run says that nothing failed."""
    for run in played.everything:
        unconfirmed = run.failed and "but not confirmed" in run.text
        if run.killed or run.plan.check or unconfirmed or any(words in run.text for words in _NOT_SEEN):
            continue
        rows = {row["domain"]: row for row in run.result.get("results") or ()}
        if not run.failed and any(row.get("failure") for row in rows.values()):
            yield f"{run.name} is green over a failed tenant"
        for link in run.links:
            red = rows[link.domain].get("failure") if rows.get(link.domain) else run.failed
            if not red and not _disturbed(played, run, link) and not _met(run, link, run.stored):
                yield f"{run.name} says that {link.domain} is as declared, but: {_shown(run.stored, link)}"


def converged(played: Played) -> Iterator[str]:
    """Yield what is not as declared in the end, and what the last runs did although nothing was left to do."""
    stored = played.world.stored()
    last = played.quiet[-1]
    bad = {link.domain for link in played.links if link.wrong_key}
    for link in played.links:
        if link.domain not in bad and not _met(last, link, stored):
            yield f"finally {link.domain} is not as declared: {_shown(stored, link)}; {last.result.get('msg')}"
    failed = {row["domain"]: row["failure"]["code"] for row in last.rows if row.get("failure")}
    if set(failed) != bad or last.failed != bool(bad):
        yield f"finally these fail: {failed}, with keys that are wrong: {sorted(bad)}: {last.result.get('msg')}"
    if last.changed:
        yield "the last run changed something"
    healing = [run for run in played.quiet if run.plan.number in (100, 101, 102)]
    if len(played.quiet) and last.plan.number == 104 and not any(run.failed for run in healing):
        yield "the second run after a good one changed something"
    strangers = {
        name: one for name, one in played.before.items() if one["owner"] == "stranger" or one["provider"] == "hibob"
    }
    if not last.plan.purge and any(stored.get(name) != one for name, one in strangers.items()):
        yield "an account of somebody else is not as it was"


def foretold(played: Played) -> Iterator[str]:
    """Yield how a run in check mode differs from the one that followed it."""
    for foretells, run in zip(played.quiet, played.quiet[1:]):
        if foretells.plan.number != FORETELLS:
            continue
        names = ("domain", "origin_owner_id", "action", "changed", "changes")
        told, done = ([[row.get(name) for name in names] for row in one.rows] for one in (foretells, run))
        if (told, foretells.changed) != (done, run.changed) and not run.failed:
            yield f"check mode foretold {told}, and then it was {done}"


def _accounts(state: dict[str, dict[str, Any]]) -> dict[tuple[str, str], list[str]]:
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for name, account in state.items():
        if account["provider"] == "freshservice":
            found[account["owner"], account["domain"]].append(name)
    return found


def _by_people(played: Played, ids: list[str]) -> bool:
    """Whether a person made one of these accounts."""
    return any(
        change.id in ids
        and change.event == "account.created"
        and isinstance(change.actor, str)
        and change.actor != ARRANGED
        for change in played.world.changes
    )


def _disturbed(played: Played, run: SimulatedRun, link: Link | None = None) -> bool:
    """Whether somebody else changed accounts of the run's owners, or of a link's, while it went on."""
    owners = {link.owner, link.previous} if link else run.owners
    # What no listing showed yet when it began was done meanwhile, as far as it could know.
    since = run.began - played.world.switches.eventual_listing_ms / 1000
    concerned = {change.id for change in played.world.changes if change.owner in owners}
    return any(
        change.id in concerned and change.actor is not run and since <= change.time <= run.ended
        for change in played.world.changes
        if change.actor != ARRANGED
    )


def _sent_again(played: Played, run: SimulatedRun) -> bool:
    """Whether a run replaced domain and key of an account, perhaps by the same ones: Freshservice may refuse a good key once."""
    return any(
        asked.run is run and asked.status == 200 and asked.kind.startswith("PATCH /hub/accounts/")
        for asked in played.wire.asked
    )


def _of_row(run: SimulatedRun, row: dict[str, Any], change: Change) -> bool:
    owners = {owner for link in run.links if link.domain == row["domain"] for owner in (link.owner, link.previous)}
    return change.id == row["account_id"] or (change.domain == row["domain"] and change.owner in owners)


def _met(run: SimulatedRun, link: Link, stored: dict[str, dict[str, Any]]) -> bool:
    """Whether a link is as a run declares it; what is not declared may be anything."""
    mine = [one for one in stored.values() if (one["owner"], one["domain"]) == (link.owner, link.domain)]
    entry = run.entry(link)
    if link.absent:
        return not mine
    names = {"label": "label", "name": "origin_owner_name", "type": "account_type", "profile": "integration_id"}
    wanted = {
        "status": "active",
        "key": entry["api_key"],
        **{own: entry[name] for own, name in names.items() if name in entry},
    }
    if any(words in run.text for words in _LABEL_LEFT):
        wanted.pop("label", None)
    return len(mine) == 1 and wanted.items() <= mine[0].items()


def _shown(stored: dict[str, dict[str, Any]], link: Link) -> list[dict[str, Any]]:
    return [one for one in stored.values() if one["domain"] == link.domain or one["owner"] == link.owner]
