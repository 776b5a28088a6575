# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be, whatever goes wrong with a run: one row for each rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.trust import checks
from tests.trust.cells import WRITES, Cell, Kind
from tests.trust.checks import Seen
from tests.trust.failures import has_another_way, is_told_why
from tests.trust.faults import Harm


def refuses_change(cell: Cell) -> bool:
    """Return whether StackOne itself refuses a change of an account, and does not make it."""
    return cell.kind is Kind.PATCH and cell.harm is Harm.REJECTED and not cell.fault.effect


@dataclass(frozen=True)
class Rule:
    """Where a rule applies, what is wrong if it is broken, and why it must hold."""

    name: str
    applies: Callable[[Seen], bool]
    check: Callable[[Seen], Iterator[str]]
    why: str


def _any_run(_seen: Seen) -> bool:
    return True


ALWAYS = (
    Rule("a failure has a code", _any_run, checks.coded, "programs decide on codes, and people read one line"),
    Rule("changed is what changed", lambda seen: seen.provable, checks.truthful, "users act on it: they restart, they tell"),
    Rule("a link that is replaced works at any time", lambda seen: seen.flow.replaces, checks.linked, "its customer notices nothing"),
    Rule("one link has one account", _any_run, checks.single, "a second account is billed, and syncs everything twice"),
    Rule("no secret is shown", _any_run, checks.secretive, "what a run says is kept in logs that others read"),
    Rule("a run ends", _any_run, checks.bounded, "a pipeline waits for it, and quotas pay for every request"),
    Rule("a refused key is not tried again", _any_run, checks.careful, "Freshservice locks out whoever fails repeatedly (F21)"),
    Rule("a bad key is said to be bad", lambda seen: bool(seen.flow.refusals), checks.refusing, "nobody can repair what is not told"),
    Rule("no other host is called", _any_run, checks.faithful, "a key goes to the host that is declared, and nowhere else"),
)  # fmt: skip
"""What must be true of every run."""


@dataclass(frozen=True)
class Ending:
    """How a run must end that a fault hit: for which cells, and why."""

    name: str
    applies: Callable[[Cell], bool]
    check: Callable[[Seen], Iterator[str]]
    why: str


_LOST = (Harm.UNREACHED, Harm.UNREADABLE, Harm.UNAVAILABLE)

ENDINGS = (
    Ending(
        "the reason for a refused key is found", is_told_why, checks.settled,
        "the fault has passed, or is a refusal itself: the admin's key is asked all the same",
    ),
    Ending("a refused key stays refused", lambda cell: bool(cell.flow.refusals), checks.red, "no fault makes a key good"),
    Ending(
        "a link that StackOne may still be making is not made again",
        lambda cell: cell.kind is Kind.CREATE and cell.fault.late and not cell.fault.effect, checks.red,
        "it cannot be seen yet; the next run can tell",
    ),
    Ending(
        "a second account of a link is not asked for twice",
        lambda cell: cell.flow.replaces and cell.kind is Kind.CREATE and cell.harm in _LOST and not cell.fault.effect,
        checks.honest,
        "the Hub does not tell of an account that it was asked to make in addition; the next run sees it",
    ),
    Ending(
        "what passes is waited for", lambda cell: cell.passes and cell.kind is not Kind.TEST, checks.green,
        "a repetition costs less than somebody who looks",
    ),
    Ending(
        "a new key that cannot be seen is not claimed", lambda cell: cell.flow.hidden and cell.kind is Kind.EDIT,
        checks.honest, "StackOne shows nothing of it, so only a call can tell whether it was stored",
    ),
    Ending(
        "credentials that StackOne refuses are a failure, and what it did nevertheless is told",
        lambda cell: cell.kind in (Kind.CREATE, Kind.EDIT) and cell.harm in (Harm.MISSING, Harm.REJECTED), checks.honest,
        "StackOne may have tested the key, and found that it does not work",
    ),
    Ending(
        "a label that StackOne does not change is left",
        lambda cell: refuses_change(cell) and not cell.flow.moves, checks.believing,
        "many versions cannot change it (S42); the other fields are changed without it",
    ),
    Ending(
        "a move that StackOne refuses is a failure", lambda cell: refuses_change(cell) and cell.hit.call == 1, checks.red,
        "the account is still of the former owner",
    ),
    Ending(
        "what follows a move is made, or is a failure, or is a label", refuses_change, lambda _seen: (),
        "it is a label alone, or a name as well: without the label, the name is sent again",
    ),
    Ending(
        "what was done, and is seen, is no failure", lambda cell: cell.fault.effect and cell.kind in WRITES,
        checks.green, "the answer was lost, the work was not",
    ),
    Ending(
        "StackOne judges its own test", lambda cell: cell.kind is Kind.TEST, checks.honest,
        "it is Freshservice's answer to StackOne that is spoilt: StackOne may take it for good or bad",
    ),
    Ending(
        "a view that says nothing hides what is stored",
        lambda cell: cell.kind in (Kind.VIEW, Kind.SETTINGS) and cell.harm is Harm.WRONG_JSON, checks.honest,
        "without it nobody knows the stored domain or key, and the result says so",
    ),
    Ending(
        "an account that StackOne does not know is gone",
        lambda cell: cell.kind is Kind.SHOW and cell.harm is Harm.MISSING and cell.flow.unlinks, checks.believing,
        "StackOne's word on an id is taken; if it was wrong, the next run unlinks the account",
    ),
    Ending(
        "an account that was replaced is gone",
        lambda cell: cell.kind is Kind.SHOW and cell.harm is Harm.MISSING and cell.flow.replaces,
        checks.honest,
        "that StackOne does not know its id is true once it is unlinked; before, the listing tells",
    ),
    Ending(
        "an account that is never shown under its id is changed if the listing shows it",
        lambda cell: cell.kind is Kind.SHOW and cell.harm is Harm.MISSING and cell.for_ever and cell.flow.many and cell.flow.edits,
        checks.honest,
        "a list is read from the listing, and confirmed by it",
    ),
    Ending(
        "an account that is not shown yet is waited for",
        lambda cell: cell.kind is Kind.SHOW
        and cell.harm is Harm.MISSING
        and not cell.for_ever
        and not (cell.flow.pins and cell.hit.call == 1),
        checks.green,
        "StackOne may show it later than it made it",
    ),
    Ending(
        "a creating answer that is lost is looked for",
        lambda cell: cell.kind is Kind.CREATE and cell.harm in _LOST and not cell.for_ever, checks.green,
        "a listing shows whether the account was made",
    ),
    Ending(
        "where no action can be found or run, the proxy shows who calls", has_another_way, checks.green,
        "what an action would prove, the proxy proves as well",
    ),
    Ending("what could not be done is a failure", lambda _cell: True, checks.red, "green means that all is as declared"),
)  # fmt: skip
"""The first row that applies to a cell decides."""


def broken(seen: Seen) -> Iterator[str]:
    """Yield what is wrong with a run."""
    for rule in ALWAYS:
        if rule.applies(seen):
            yield from (f"{rule.name}: {problem}" for problem in rule.check(seen))
    if seen.cell:
        ending = ending_of(seen.cell)
        yield from (f"{ending.name}: {problem}" for problem in ending.check(seen))
        yield from (f"a failure is called what it is: {problem}" for problem in checks.called(seen, seen.cell))


def ending_of(cell: Cell) -> Ending:
    """Return how the run of a cell must end."""
    return next(ending for ending in ENDINGS if ending.applies(cell))
