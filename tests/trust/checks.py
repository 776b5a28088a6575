# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the rules: each yields what is wrong with a run, in words."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode, Phase
from tests.support.module_runner import Run
from tests.trust.cells import Cell, Kind
from tests.trust.failures import BARE, failures_of
from tests.trust.faults import Harm
from tests.trust.flows import Flow, failed_domains

LONGEST = {False: 400.0, True: 1200.0}
"""Virtual seconds that a run may take, for one tenant and for several."""


@dataclass(frozen=True)
class Seen:
    """What is seen of a run of a flow: its result, what is stored before and after, and whom it called.

    `usual` is how many requests a run without a fault sends. `provable` says whether anything tells what was done;
    `may_be_unknown`, whether a failure may say that it does not know.
    """

    flow: Flow
    run: Run
    before: dict[str, Any]
    after: dict[str, Any]
    as_declared: bool
    betrays: bool
    strangers: int
    usual: int
    cell: Cell | None = None
    provable: bool = True
    may_be_unknown: bool = False


def coded(seen: Seen) -> Iterator[str]:
    """Yield it if a failure has no code, or is a defect."""
    run = seen.run
    if run.failed:
        failure = run.result.get("failure")
        if not failure:
            yield f"a failure without a code: {run.result['msg']}"
            return
        FailureCode(failure["code"]), Phase(failure["phase"])
        if "\n" in run.result["msg"]:
            yield "the message is not one line"
    if FailureCode.INTERNAL_ERROR.value in {failure["code"] for failure in run.failures}:
        yield f"a defect: {run.result}"


def truthful(seen: Seen) -> Iterator[str]:
    """Yield it if `changed` is not what changed."""
    run = seen.run
    if seen.flow.reads and seen.before != seen.after:
        yield "a module that reads has changed an account"
    if not seen.flow.module.startswith("auth"):
        yield from wrongly_changed(run, seen.before, seen.after, seen.may_be_unknown)
        return
    links = [run.result, *(run.result.get("owners") or ())]
    if run.changed != any(one.get("auth_link_url") for one in links):
        yield f"changed is {run.changed}, but that is not whether there is a link"


def single(seen: Seen) -> Iterator[str]:
    """Yield the links that have several accounts. A run that fails to replace one leaves two, of which the next one unlinks one."""
    if not (seen.flow.replaces and seen.run.failed):
        yield from without_twins(seen.after)


def linked(seen: Seen) -> Iterator[str]:
    """Yield the links that had an account that works before a run, and have none, or three, afterwards."""
    links = Counter(_working(seen.after))
    for link in set(_working(seen.before)):
        if not 1 <= links[link] <= 2:
            yield f"{link} has {links[link]} accounts that work"


def _working(stored: dict[str, Any]) -> list[str]:
    return [account["origin_owner_id"] for account in stored.values() if account["status"] == "active"]


def secretive(seen: Seen) -> Iterator[str]:
    """Yield it if a secret, or the better half of one, is shown."""
    if seen.betrays:
        yield f"a secret, or the better half of one, is in {seen.run.text}"


def bounded(seen: Seen) -> Iterator[str]:
    """Yield it if a run took too long or asked for too much."""
    if seen.run.seconds > LONGEST[seen.flow.many]:
        yield f"it took {seen.run.seconds:.0f} s"
    # A list looks at everything, page by page until one is empty, whenever it looks.
    if len(seen.run.sent) > 3 * seen.usual + (80 if seen.flow.many else 20):
        yield f"it sent {len(seen.run.sent)} requests instead of {seen.usual}"


def careful(seen: Seen) -> Iterator[str]:
    """Yield it if a refused key was tried again."""
    yield from careful_with_keys(seen.run)


def refusing(seen: Seen) -> Iterator[str]:
    """Yield the domains whose keys are not good, and not said to be refused."""
    for domain in set(seen.flow.refusals) - set(failed_domains(seen.run)):
        yield f"the key of {domain} is not said to be refused: {seen.run.text}"


def faithful(seen: Seen) -> Iterator[str]:
    """Yield it if somebody was called who is not declared."""
    if seen.strangers:
        yield "another host was called"


def believing(seen: Seen) -> Iterator[str]:
    """Yield it if a run failed, although it could take StackOne's word."""
    if seen.run.failed:
        yield f"it should have succeeded: {seen.run.result['msg']}"


def green(seen: Seen) -> Iterator[str]:
    """Yield it if a run failed, or is not as declared."""
    yield from believing(seen)
    yield from honest(seen)


def red(seen: Seen) -> Iterator[str]:
    """Yield it if a run did not fail."""
    if not seen.run.failed:
        yield f"it should have failed: {seen.run.text}"


def honest(seen: Seen) -> Iterator[str]:
    """Yield it if a run succeeded, and all is not as declared."""
    if not seen.run.failed and seen.provable and not seen.as_declared:
        yield f"it succeeded, but there is {list(seen.after.values())}"


def settled(seen: Seen) -> Iterator[str]:
    """Yield it if a run did not tell why a key is refused."""
    if not seen.flow.ended_well(seen.run):
        yield f"it should have told why the key is refused: {seen.run.text}"


def called(seen: Seen, cell: Cell) -> Iterator[str]:
    """Yield the failures whose code or phase is not what hit the run, or whose evidence blames somebody else."""
    wanted = failures_of(cell)
    for failure in seen.run.failures if seen.run.failed else ():
        if (FailureCode(failure["code"]), Phase(failure["phase"])) not in wanted:
            yield f"{failure['code']} in {failure['phase']} is none of {sorted(wanted)}: {seen.run.result['msg']}"
    refused = cell.harm in (Harm.UNAUTHORIZED, Harm.FORBIDDEN, *BARE, Harm.STRANGE_403)
    for failure in seen.run.failures if cell.kind is Kind.SETTLE else ():
        evidence = failure["details"].get("evidence", "")
        if "no agent has" in evidence or ("may not look up" in evidence and not refused):
            yield f"the evidence is not true: {evidence}"


def wrongly_changed(
    run: Run, before: dict[str, Any], after: dict[str, Any], may_be_unknown: bool = False
) -> Iterator[str]:
    """Changed is what changed, in the whole and, of a list, in each row.

    Where an answer is lost and nothing can be looked at any more, it cannot be known whether anything changed. Only
    then, `may_be_unknown`: the run is red, and its failure says so.
    """
    excused = may_be_unknown and run.failed and any(map(_says_unknown, run.failures))
    if run.changed != (before != after) and not excused:
        yield f"changed is {run.changed}, but: {_difference(before, after)}; {run.result}"
    for row in run.result.get("results") or ():
        known = "failure" not in row or not _says_unknown(row["failure"])
        if "changed" in row and (known or not may_be_unknown):
            yield from _truthful_row(row, before, after)


def _says_unknown(failure: dict[str, Any]) -> bool:
    return failure["code"] in ("create_uncertain", "link_mismatch") or failure["details"].get("uncertain", False)


def _difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    gone, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    other = {name: (before[name], after[name]) for name in set(before) & set(after) if before[name] != after[name]}
    return f"gone {gone}, new {new}, other {other}"


def _truthful_row(row: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    owned = [{name: one for name, one in state.items() if _is_of(row, name, one)} for state in (before, after)]
    if row["changed"] != (owned[0] != owned[1]):
        yield f"the row {row} is wrong: {_difference(*owned)}"


def _is_of(row: dict[str, Any], account_id: str, account: dict[str, Any]) -> bool:
    """Whether a row speaks of an account: of this one, or where it names none, of those with its owner and domain."""
    if row["account_id"]:
        return account_id == row["account_id"]
    return (
        account["origin_owner_id"] == row["origin_owner_id"] and row["domain"] in account["setup_information"].values()
    )


def without_twins(stored: dict[str, Any]) -> Iterator[str]:
    """Yield the links that have several accounts."""
    identities = Counter(
        (account["provider"], account["origin_owner_id"], json.dumps(account["setup_information"], sort_keys=True))
        for account in stored.values()
    )
    for identity, count in identities.items():
        if count > 1:
            yield f"{count} accounts for {identity}"


def careful_with_keys(run: Run) -> Iterator[str]:
    """A refused key is tried once: Freshservice locks out after repeated failures (F21)."""
    answers: defaultdict[str, list[bool]] = defaultdict(list)
    for told in run.told:
        if told.service == "freshservice":
            # The agent's own key asks for other things than the admin's.
            answers[told.url].append(told.status in (401, 403))
    for url, refused in answers.items():
        if len(refused) > 2:
            yield f"a key was sent to {url} {len(refused)} times"
        if any(refused[:-1]):
            yield f"a refused key was sent to {url} again"
