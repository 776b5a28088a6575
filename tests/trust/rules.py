# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may come of a fault: computed from the kind of the request and the kind of the fault, never said cell by cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import FailureCode as Code
from ansible_collections.tenantlink.stackone.plugins.module_utils._failure import Phase
from tests.support.module_runner import ACCOUNT_INFO, AUTH_LINK, AUTH_LINKS
from tests.trust.faults import Fault, Harm
from tests.trust.flows import Flow


class Kind(str, Enum):
    """What a request is for."""

    AGENT = "agent"
    SETTLE = "settle"
    TEST = "test"
    LIST = "list"
    SHOW = "show"
    PATCH = "patch"
    DELETE = "delete"
    SESSION = "session"
    PROXY = "proxy"
    SETTINGS = "settings"
    PROFILES = "profiles"
    DEFAULT = "default"
    FORM = "form"
    VIEW = "view"
    CREATE = "create"
    EDIT = "edit"


_KINDS = {
    ("freshservice", "GET", "/api/v2/agents/me"): Kind.AGENT,
    ("freshservice", "GET", "/api/v2/agents"): Kind.SETTLE,
    ("stackone", "GET", "/accounts"): Kind.LIST,
    ("stackone", "GET", "/accounts/*"): Kind.SHOW,
    ("stackone", "PATCH", "/accounts/*"): Kind.PATCH,
    ("stackone", "DELETE", "/accounts/*"): Kind.DELETE,
    ("stackone", "POST", "/connect_sessions"): Kind.SESSION,
    ("stackone", "POST", "/unified/proxy"): Kind.PROXY,
    ("stackone", "GET", "/auth_configs"): Kind.DEFAULT,
    ("hub", "GET", "/hub/settings"): Kind.SETTINGS,
    ("hub", "GET", "/hub/connectors"): Kind.PROFILES,
    ("hub", "GET", "/hub/connectors/*"): Kind.FORM,
    ("hub", "GET", "/hub/accounts/*"): Kind.VIEW,
    ("hub", "POST", "/hub/accounts"): Kind.CREATE,
    ("hub", "PATCH", "/hub/accounts/*"): Kind.EDIT,
}
_IDENTIFIED = ("/accounts/", "/hub/connectors/", "/hub/accounts/")

WRITES = frozenset({Kind.PATCH, Kind.DELETE, Kind.CREATE, Kind.EDIT})


@dataclass(frozen=True, order=True)
class Target:
    """The n-th request of a kind in a run, as the emulator's faults name it."""

    service: str
    method: str
    path: str
    caller: str
    call: int

    @property
    def kind(self) -> Kind:
        """What the request is for."""
        kind = _KINDS[self.service, self.method, self.path]
        return Kind.TEST if kind in (Kind.AGENT, Kind.SETTLE) and self.caller == "stackone" else kind

    @property
    def id(self) -> str:
        """How a report names it."""
        return f"{self.kind.value}{self.call}"

    def match(self) -> dict[str, str]:
        """How a fault names all requests of its kind."""
        return {"service": self.service, "method": self.method, "path": self.path, "caller": self.caller}


def target(row: dict[str, str], call: int = 0) -> Target:
    """The target that a request in the journal is."""
    path = next((f"{prefix}*" for prefix in _IDENTIFIED if row["path"].startswith(prefix)), row["path"])
    return Target(row["service"], row["method"], path, row["caller"], call)


def targets(rows: list[dict[str, str]]) -> list[Target]:
    """The requests of a run, each with its number among those of its kind."""
    found: list[Target] = []
    for row in rows:
        one = target(row)
        call = sum((other.match() == one.match()) for other in found) + 1
        found.append(target(row, call))
    return found


_FRESHSERVICE = {
    Harm.UNREACHED: {Code.UNREACHABLE},
    Harm.UNREADABLE: {Code.UNREACHABLE},
    Harm.UNAVAILABLE: {Code.UNREACHABLE},
    Harm.LIMITED: {Code.RATE_LIMITED},
    Harm.UNAUTHORIZED: {Code.KEY_REFUSED},
    Harm.FORBIDDEN: {Code.ACCESS_DENIED},
    Harm.MISSING: {Code.DOMAIN_NOT_FOUND},
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
    Harm.MISSING: {Code.STACKONE_REJECTED},
    # Somebody answers in StackOne's place.
    Harm.STRANGE_404: {Code.UNEXPECTED_ANSWER},
    Harm.REDIRECT: {Code.UNEXPECTED_ANSWER},
    Harm.NO_JSON: {Code.UNEXPECTED_ANSWER},
    Harm.WRONG_JSON: {Code.UNEXPECTED_ANSWER},
}
_HUB = {**_STACKONE, Harm.UNAUTHORIZED: {Code.SESSION_REFUSED}, Harm.FORBIDDEN: {Code.SESSION_REFUSED}}


def _each(harms: Iterable[Harm], codes: Iterable[Code]) -> dict[Harm, set[Code]]:
    return {harm: set(codes) for harm in harms}


_NO_HUB = _each((Harm.MISSING, Harm.STRANGE_404), {Code.HUB_UNAVAILABLE})
_REFUSED = _each((Harm.UNAUTHORIZED, Harm.FORBIDDEN), {Code.CREDENTIALS_REFUSED})
_LOST = (Harm.UNREACHED, Harm.UNREADABLE, Harm.UNAVAILABLE, Harm.NO_JSON, Harm.WRONG_JSON)

# While StackOne waits for Freshservice, we wait for StackOne.
_SLOW = (Code.STACKONE_UNREACHABLE, Code.STACKONE_UNAVAILABLE, Code.CREATE_UNCERTAIN)

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
    Kind.SESSION: _STACKONE,
    Kind.PROXY: {
        **_STACKONE,
        **_each((Harm.MISSING, Harm.NO_JSON, Harm.WRONG_JSON), {Code.LINK_NOT_VERIFIED}),
        Harm.REDIRECT: {Code.UNEXPECTED_ANSWER},
    },
    Kind.SETTINGS: {**_HUB, **_NO_HUB},
    Kind.PROFILES: {**_HUB, **_NO_HUB, Harm.WRONG_JSON: {Code.UNEXPECTED_ANSWER, Code.CONNECTOR_PROFILE_MISSING}},
    # Which profile is the default, where nothing else tells: without it none is guessed.
    Kind.DEFAULT: _each(Harm, {Code.CONNECTOR_PROFILE_MISSING}),
    Kind.FORM: {**_HUB, Harm.WRONG_JSON: {Code.UNEXPECTED_ANSWER, Code.FIELD_UNFILLED}},
    Kind.VIEW: {**_HUB, Harm.WRONG_JSON: {Code.UNEXPECTED_ANSWER, Code.AMBIGUOUS_ACCOUNT}},
    # Whose redirect it is, and what StackOne did before, nobody knows.
    Kind.CREATE: {**_HUB, **_each((*_LOST, Harm.REDIRECT), {Code.CREATE_UNCERTAIN}), **_REFUSED},
    # StackOne says yes, and still shows the old domain or key.
    Kind.EDIT: {**_HUB, **_REFUSED, **_each((Harm.NO_JSON, Harm.WRONG_JSON), {Code.UNEXPECTED_ANSWER, Code.CHANGE_NOT_KEPT})},
}  # fmt: skip

_CONFIRMING = frozenset({Code.CHANGE_NOT_KEPT, Code.ACCOUNT_NOT_ACTIVE, Code.ACCOUNT_NOT_FOUND, Code.LINK_MISMATCH})
_FOR_ALL = frozenset(
    {Code.STACKONE_RATE_LIMITED, Code.STACKONE_KEY_REFUSED, Code.STACKONE_FORBIDDEN, Code.HUB_UNAVAILABLE}
)


class Outcome(str, Enum):
    """Whether a run must end green or red, or may end either way. C(settled) is red with the verdicts of a clean run."""

    GREEN = "green"
    RED = "red"
    EITHER = "either"
    SETTLED = "settled"


@dataclass(frozen=True)
class Expected:
    """What may come of a cell. C(failures) are the pairs of code and phase that a failure may have."""

    outcome: Outcome
    failures: frozenset[tuple[Code, Phase]]


def expected(flow: Flow, hit: Target, fault: Fault, for_ever: bool) -> Expected:
    """What may come of a fault in a flow."""
    codes = _CODES[hit.kind][fault.harm]
    if flow.hidden and hit.kind is Kind.EDIT:
        # That the key was not taken is seen only by who answers a call.
        codes = codes | {Code.LINK_MISMATCH}
    pairs = {(code, phase) for code in codes for phase in _phases(flow, hit, code)}
    if flow.refusals:
        return _of_refused(flow, hit, fault, for_ever, pairs)
    # Three tenants in a row for whom StackOne hangs end the run for the others.
    if flow.many and (codes & _FOR_ALL or fault.late):
        pairs.add((Code.STOPPED, Phase.APPLY))
    return Expected(_outcome(flow, hit, fault, for_ever), frozenset(pairs))


def _of_refused(flow: Flow, hit: Target, fault: Fault, for_ever: bool, pairs: set[tuple[Code, Phase]]) -> Expected:
    """Where a key is not good: it stays so, and if nothing is in the way, the admin's key tells why."""
    verdicts = {(code, Phase.KEY_CHECK) for code in flow.refusals.values()}
    # Whatever it is that refuses a key, the admin's key is asked.
    own_status = fault.effect and fault.harm in (Harm.NO_JSON, Harm.WRONG_JSON)
    asked = hit.kind is Kind.AGENT and (own_status or fault.harm in (Harm.UNAUTHORIZED, Harm.FORBIDDEN))
    if (fault.passing and not for_ever) or (asked and not flow.many):
        return Expected(Outcome.SETTLED, frozenset(verdicts))
    if not flow.many:
        return Expected(Outcome.RED, frozenset(pairs))
    # Others are hit by the fault than those whose keys are not good.
    wrong = {(Code.KEY_REFUSED, Phase.KEY_CHECK)} if asked else set()
    return Expected(Outcome.RED, frozenset(pairs | verdicts | wrong))


def unprovable(flow: Flow, hit: Target, fault: Fault) -> bool:
    """Whether nothing tells that a re-link was not carried out: its answer is good, no key is shown, no call made."""
    answered_well = not fault.effect and fault.harm in (Harm.NO_JSON, Harm.WRONG_JSON)
    return flow.hidden and flow.remembers and hit.kind is Kind.EDIT and answered_well


def _outcome(flow: Flow, hit: Target, fault: Fault, for_ever: bool) -> Outcome:
    kind = hit.kind
    if fault.late and kind is Kind.CREATE and not fault.effect:
        # StackOne may be at it still: only the next run may try again.
        return Outcome.RED
    if fault.passing and not for_ever and kind is not Kind.TEST:
        return Outcome.GREEN
    if flow.hidden and kind is Kind.EDIT:
        return Outcome.EITHER
    if fault.effect and kind in WRITES:
        # Carried out, and what is looked at shows it.
        return Outcome.GREEN
    if kind in (Kind.VIEW, Kind.SHOW, Kind.TEST, Kind.EDIT, Kind.PROXY, Kind.SETTINGS) or kind in WRITES:
        return _of_special(flow, hit, fault, for_ever)
    return Outcome.RED


def _of_special(flow: Flow, hit: Target, fault: Fault, for_ever: bool) -> Outcome:
    kind = hit.kind
    if kind is Kind.TEST:
        # It is Freshservice's answer to StackOne that is spoilt, which StackOne may take for good or bad.
        return Outcome.EITHER
    if kind is Kind.VIEW and fault.harm is Harm.WRONG_JSON:
        # Nothing can be told of what is stored, and it is said so.
        return Outcome.EITHER
    if kind is Kind.SETTINGS and fault.harm is Harm.WRONG_JSON:
        return Outcome.EITHER
    if kind is Kind.SHOW and fault.harm is Harm.MISSING:
        # An account that was unlinked must be gone; others are waited for.
        looked_for = flow.pins and hit.call == 1
        return Outcome.GREEN if flow.unlinks or not (for_ever or looked_for) else Outcome.RED
    if kind is Kind.CREATE and not for_ever and fault.harm in (Harm.UNREACHED, Harm.UNREADABLE, Harm.UNAVAILABLE):
        return Outcome.GREEN
    return Outcome.RED


def _phases_of_listing(flow: Flow, hit: Target) -> set[Phase]:
    """Who is to be linked is looked for twice, and a list reads every listing until a page is empty."""
    if flow.many and hit.call > 1:
        return {Phase.OBSERVE, Phase.CONFIRM}
    return {Phase.OBSERVE} if hit.call <= 1 + flow.creates else {Phase.CONFIRM}


def _phases(flow: Flow, hit: Target, code: Code) -> set[Phase]:
    if flow.pins and hit.kind is Kind.SHOW and hit.call == 1:
        # The account that is named by its id is looked for.
        return {Phase.OBSERVE}
    if code is Code.CHANGE_NOT_KEPT and hit.kind is Kind.EDIT:
        return {Phase.APPLY}
    if code in _CONFIRMING:
        return {Phase.CONFIRM}
    if flow.module == ACCOUNT_INFO:
        return {Phase.OBSERVE}
    if flow.module in (AUTH_LINK, AUTH_LINKS):
        # To make the session is all that they do.
        return {Phase.APPLY} if hit.kind is Kind.SESSION else {Phase.OBSERVE}
    looks = {Phase.OBSERVE} if flow.edits else set()
    links = {Phase.APPLY} if flow.creates else set()
    return {
        Kind.AGENT: {Phase.KEY_CHECK},
        Kind.SETTLE: {Phase.KEY_CHECK},
        Kind.TEST: {Phase.OBSERVE, Phase.APPLY, Phase.CONFIRM},
        # Who is to be linked is looked for twice.
        Kind.LIST: _phases_of_listing(flow, hit),
        # An account is seen once more right before it is unlinked.
        Kind.SHOW: {Phase.CONFIRM, *([Phase.APPLY] if flow.unlinks else [])},
        Kind.SESSION: looks | links,
        Kind.PROXY: {Phase.OBSERVE, Phase.CONFIRM},
        Kind.VIEW: {Phase.OBSERVE},
    }.get(hit.kind, {Phase.APPLY})
