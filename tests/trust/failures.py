# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failure may be called, and when it may be told: by the kind of the request and the kind of the fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode as Code
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Phase
from tests.support.module_runner import ACCOUNT_INFO, AUTH_LINK, AUTH_LINKS
from tests.trust.cells import Cell, Kind
from tests.trust.faults import Harm
from tests.trust.flows import Flow

_FRESHSERVICE = {
    Harm.UNREACHED: {Code.UNREACHABLE},
    Harm.UNREADABLE: {Code.UNREACHABLE},
    Harm.UNAVAILABLE: {Code.UNREACHABLE},
    Harm.LIMITED: {Code.RATE_LIMITED},
    Harm.UNAUTHORIZED: {Code.KEY_REFUSED},
    Harm.FORBIDDEN: {Code.ACCESS_DENIED},
    Harm.BARE_401: {Code.KEY_REFUSED},
    Harm.BARE_403: {Code.ACCESS_DENIED},
    Harm.STRANGE_403: {Code.ACCESS_DENIED},
    Harm.MISSING: {Code.DOMAIN_NOT_FOUND},
    Harm.REJECTED: {Code.NOT_FRESHSERVICE},
    Harm.STRANGE_404: {Code.DOMAIN_NOT_FOUND},
    Harm.REDIRECT: {Code.DOMAIN_NOT_FOUND},
    Harm.NO_JSON: {Code.NOT_FRESHSERVICE},
    Harm.WRONG_JSON: {Code.NOT_FRESHSERVICE},
}
_STACKONE = {
    Harm.UNREACHED: {Code.STACKONE_UNREACHABLE},
    Harm.UNREADABLE: {Code.STACKONE_UNREACHABLE},
    Harm.UNAVAILABLE: {Code.STACKONE_UNAVAILABLE},
    Harm.LIMITED: {Code.STACKONE_RATE_LIMITED},
    Harm.UNAUTHORIZED: {Code.STACKONE_KEY_REFUSED},
    Harm.FORBIDDEN: {Code.STACKONE_FORBIDDEN},
    Harm.BARE_401: {Code.STACKONE_KEY_REFUSED},
    Harm.BARE_403: {Code.STACKONE_FORBIDDEN},
    Harm.MISSING: {Code.STACKONE_REJECTED},
    Harm.REJECTED: {Code.STACKONE_REJECTED},
    # Somebody answers in StackOne's place.
    Harm.STRANGE_403: {Code.UNEXPECTED_ANSWER},
    Harm.STRANGE_404: {Code.UNEXPECTED_ANSWER},
    Harm.REDIRECT: {Code.UNEXPECTED_ANSWER},
    Harm.NO_JSON: {Code.UNEXPECTED_ANSWER},
    Harm.WRONG_JSON: {Code.UNEXPECTED_ANSWER},
}


def _each(harms: Iterable[Harm], codes: Iterable[Code]) -> dict[Harm, set[Code]]:
    return {harm: set(codes) for harm in harms}


BARE = (Harm.BARE_401, Harm.BARE_403)
_HUB = {**_STACKONE, **_each((Harm.UNAUTHORIZED, Harm.FORBIDDEN, *BARE), {Code.SESSION_REFUSED})}

_NO_HUB = _each((Harm.MISSING, Harm.STRANGE_404), {Code.HUB_UNAVAILABLE})
_REFUSED = _each((Harm.UNAUTHORIZED, Harm.FORBIDDEN, Harm.REJECTED), {Code.CREDENTIALS_REFUSED})
_STRANGE = (*BARE, Harm.STRANGE_403, Harm.STRANGE_404, Harm.REDIRECT)
_LOST = (Harm.UNREACHED, Harm.UNREADABLE, Harm.UNAVAILABLE, Harm.NO_JSON, Harm.WRONG_JSON)

# While StackOne waits for Freshservice, we wait for StackOne.
_SLOW = (Code.STACKONE_UNREACHABLE, Code.STACKONE_UNAVAILABLE, Code.CREATE_UNCERTAIN)

_NO_ACTION = (
    Harm.FORBIDDEN,
    Harm.BARE_403,
    Harm.STRANGE_403,
    Harm.MISSING,
    Harm.REJECTED,
    Harm.STRANGE_404,
    Harm.NO_JSON,
    Harm.WRONG_JSON,
)
"""The harms after which the proxy is asked instead of an action."""

_CODES = {
    Kind.AGENT: _FRESHSERVICE,
    # The key stays refused; only why is not known then.
    Kind.SETTLE: _each(Harm, {Code.KEY_REFUSED}),
    # Where Freshservice fails StackOne's own call, StackOne says what it answered: refused, busy, or out of order.
    Kind.TEST: {
        **_each(Harm, {Code.CREDENTIALS_REFUSED, Code.LINK_NOT_VERIFIED, Code.LINK_MISMATCH, *_SLOW}),
        Harm.LIMITED: {Code.RATE_LIMITED, Code.LINK_NOT_VERIFIED, *_SLOW},
        Harm.UNAVAILABLE: {Code.UNREACHABLE, Code.LINK_NOT_VERIFIED, *_SLOW},
    },
    Kind.LIST: _STACKONE,
    # An account that is not shown is waited for.
    Kind.SHOW: {**_STACKONE, Harm.MISSING: {Code.ACCOUNT_NOT_FOUND}},
    Kind.PATCH: _STACKONE,
    Kind.DELETE: {
        **_STACKONE,
        **_each((Harm.NO_JSON, Harm.WRONG_JSON), {Code.UNEXPECTED_ANSWER, Code.CHANGE_NOT_KEPT}),
    },
    # A session that does not tell its project does not confirm it.
    Kind.SESSION: {**_STACKONE, Harm.WRONG_JSON: {Code.UNEXPECTED_ANSWER, Code.PROJECT_MISMATCH}},
    Kind.PROXY: {
        **_STACKONE,
        **_each((Harm.MISSING, Harm.NO_JSON, Harm.WRONG_JSON), {Code.LINK_NOT_VERIFIED}),
        # StackOne hands on the provider's status: a 404 may be Freshservice's, or of something in between.
        Harm.STRANGE_404: {Code.LINK_NOT_VERIFIED, Code.UNEXPECTED_ANSWER},
        Harm.REDIRECT: {Code.UNEXPECTED_ANSWER},
    },
    # Where no action can be found or run, the proxy is asked.
    Kind.ACTIONS: _each(Harm, ()),
    Kind.ACTION: {**_STACKONE, **_each(_NO_ACTION, ())},
    Kind.SETTINGS: {**_HUB, **_NO_HUB},
    Kind.PROFILES: {**_HUB, **_NO_HUB, Harm.WRONG_JSON: {Code.UNEXPECTED_ANSWER, Code.CONNECTOR_PROFILE_MISSING}},
    # Which profile is the default, where nothing else tells: without it none is guessed.
    Kind.DEFAULT: _each(Harm, {Code.CONNECTOR_PROFILE_MISSING}),
    Kind.FORM: {**_HUB, Harm.WRONG_JSON: {Code.UNEXPECTED_ANSWER, Code.FIELD_UNFILLED}},
    Kind.VIEW: {**_HUB, Harm.WRONG_JSON: {Code.UNEXPECTED_ANSWER, Code.AMBIGUOUS_ACCOUNT}},
    # Whose redirect or page it is, and what StackOne did before, nobody knows.
    Kind.CREATE: {**_HUB, **_each((*_LOST, *_STRANGE), {Code.CREATE_UNCERTAIN}), **_REFUSED},
    # StackOne says yes, and still shows the old domain or key.
    Kind.EDIT: {
        **_HUB,
        **_REFUSED,
        **_each(BARE, {Code.UNEXPECTED_ANSWER}),
        **_each((Harm.NO_JSON, Harm.WRONG_JSON), {Code.UNEXPECTED_ANSWER, Code.CHANGE_NOT_KEPT}),
    },
}  # fmt: skip

_CONFIRMING = frozenset({Code.CHANGE_NOT_KEPT, Code.ACCOUNT_NOT_ACTIVE, Code.ACCOUNT_NOT_FOUND, Code.LINK_MISMATCH})
_FOR_ALL = frozenset(
    {Code.STACKONE_RATE_LIMITED, Code.STACKONE_KEY_REFUSED, Code.STACKONE_FORBIDDEN, Code.HUB_UNAVAILABLE}
)


@dataclass(frozen=True)
class During:
    """The phases in which a failure may be told, for the cells that a condition picks."""

    applies: Callable[[Cell, Code], bool]
    phases: Callable[[Flow], set[Phase]]
    why: str


def _is(*phases: Phase) -> Callable[[Flow], set[Phase]]:
    return lambda _flow: set(phases)


def _at(*kinds: Kind) -> Callable[[Cell, Code], bool]:
    return lambda cell, _code: cell.kind in kinds


# The first row that applies decides.
_PHASES = (
    During(
        lambda cell, _code: cell.flow.pins and cell.kind is Kind.SHOW and cell.hit.call == 1, _is(Phase.OBSERVE),
        "an account that is named by its id is looked for first",
    ),
    During(
        lambda cell, code: code is Code.CHANGE_NOT_KEPT and cell.kind is Kind.EDIT, _is(Phase.APPLY),
        "what StackOne still shows after it said yes is seen at once",
    ),
    During(
        lambda cell, code: code is Code.ACCOUNT_NOT_FOUND and cell.kind is Kind.SHOW and cell.flow.edits,
        _is(Phase.APPLY, Phase.CONFIRM), "an account that is not seen right before it is changed is left alone",
    ),
    During(lambda _cell, code: code in _CONFIRMING, _is(Phase.CONFIRM), "these are told by who looks once more"),
    During(lambda cell, _code: cell.flow.module == ACCOUNT_INFO, _is(Phase.OBSERVE), "to look is all that it does"),
    During(
        lambda cell, _code: cell.flow.module in (AUTH_LINK, AUTH_LINKS) and cell.kind is Kind.SESSION,
        _is(Phase.APPLY), "the session is what is made",
    ),
    During(lambda cell, _code: cell.flow.module in (AUTH_LINK, AUTH_LINKS), _is(Phase.OBSERVE), "the rest is looking"),
    During(_at(Kind.AGENT, Kind.SETTLE), _is(Phase.KEY_CHECK), "Freshservice is asked for the key check alone"),
    During(_at(Kind.TEST), _is(Phase.OBSERVE, Phase.APPLY, Phase.CONFIRM), "StackOne tests whenever it likes"),
    During(
        lambda cell, _code: cell.flow.replaces and cell.kind in (Kind.LIST, Kind.VIEW, Kind.SESSION),
        _is(Phase.OBSERVE, Phase.APPLY, Phase.CONFIRM),
        "the new account is looked for, and its profile is looked at, before the former one is unlinked",
    ),
    During(
        lambda cell, _code: cell.kind is Kind.LIST and cell.flow.many and cell.hit.call > 1,
        _is(Phase.OBSERVE, Phase.CONFIRM), "a list reads every listing until a page is empty, before and after",
    ),
    During(
        lambda cell, _code: cell.kind is Kind.LIST and cell.hit.call <= 1 + cell.flow.creates + 2 * cell.flow.moves,
        _is(Phase.OBSERVE),
        "who is to be linked is looked for twice, and then a former owner's account",
    ),
    During(_at(Kind.LIST), _is(Phase.CONFIRM), "any later listing confirms"),
    During(
        _at(Kind.SHOW), lambda flow: {Phase.CONFIRM, Phase.APPLY} if flow.edits else {Phase.CONFIRM},
        "an account is seen once more right before it is changed, linked again or unlinked",
    ),
    During(
        _at(Kind.SESSION),
        lambda flow: {*([Phase.OBSERVE] if flow.edits else []), *([Phase.APPLY] if flow.creates else [])},
        "a session is opened to look at an account, or to link one",
    ),
    During(_at(Kind.PROXY, Kind.ACTION), _is(Phase.OBSERVE, Phase.CONFIRM), "a link is called before and after it is changed"),
    During(_at(Kind.VIEW), _is(Phase.OBSERVE), "the Hub's view is asked for what is stored"),
    During(lambda _cell, _code: True, _is(Phase.APPLY), "everything else is asked in order to change something"),
)  # fmt: skip


def failures_of(cell: Cell) -> set[tuple[Code, Phase]]:
    """Return the pairs of code and phase that a failure may have where a fault hits a run."""
    codes = _CODES[cell.kind][cell.harm]
    if cell.flow.hidden and cell.kind is Kind.EDIT:
        # That the key was not taken is seen only by who answers a call.
        codes = codes | {Code.LINK_MISMATCH}
    pairs = {(code, phase) for code in codes for phase in _phases(cell, code)}
    if not cell.flow.refusals:
        # Three tenants in a row for whom StackOne hangs end the run for the others.
        stops = cell.flow.many and (codes & _FOR_ALL or cell.fault.late)
        return pairs | ({(Code.STOPPED, Phase.APPLY)} if stops else set())
    verdicts = {(code, Phase.KEY_CHECK) for code in cell.flow.refusals.values()}
    if is_told_why(cell):
        return verdicts
    if not cell.flow.many:
        return pairs
    # Others are hit by the fault than those whose keys are not good.
    return pairs | verdicts | ({(Code.KEY_REFUSED, Phase.KEY_CHECK)} if asks_the_admin(cell) else set())


def is_told_why(cell: Cell) -> bool:
    """Return whether nothing keeps the admin's key from telling why a key is refused."""
    return bool(cell.flow.refusals) and (cell.passes or (asks_the_admin(cell) and not cell.flow.many))


def has_another_way(cell: Cell) -> bool:
    """Return whether a fault hits a request that the proxy makes unnecessary."""
    return cell.kind is Kind.ACTIONS or (cell.kind is Kind.ACTION and cell.harm in _NO_ACTION)


def asks_the_admin(cell: Cell) -> bool:
    """Return whether a fault refuses a key itself, so that the admin's key is asked why."""
    own_status = cell.fault.effect and cell.harm in (Harm.NO_JSON, Harm.WRONG_JSON)
    return cell.kind is Kind.AGENT and (
        own_status or cell.harm in (Harm.UNAUTHORIZED, Harm.FORBIDDEN, *BARE, Harm.STRANGE_403)
    )


def _phases(cell: Cell, code: Code) -> set[Phase]:
    return next(row for row in _PHASES if row.applies(cell, code)).phases(cell.flow)
