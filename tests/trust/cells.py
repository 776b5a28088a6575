# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests a flow sends, and the cells of the fault matrix: one fault at one of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tests.trust.faults import Fault, Harm
from tests.trust.flows import Flow
from tests.trust.share import SHARE, chosen


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
    ACTIONS = "actions"
    ACTION = "action"
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
    ("stackone", "POST", "/actions/rpc"): Kind.ACTION,
    ("stackone", "GET", "/actions"): Kind.ACTIONS,
    ("stackone", "GET", "/auth_configs"): Kind.DEFAULT,
    ("hub", "GET", "/hub/settings"): Kind.SETTINGS,
    ("hub", "GET", "/hub/connectors"): Kind.PROFILES,
    ("hub", "GET", "/hub/connectors/*"): Kind.FORM,
    ("hub", "GET", "/hub/accounts/*"): Kind.VIEW,
    ("hub", "POST", "/hub/accounts"): Kind.CREATE,
    ("hub", "PATCH", "/hub/accounts/*"): Kind.EDIT,
}
_IDENTIFIED = ("/accounts/", "/hub/connectors/", "/hub/accounts/")

RARER = 4 * SHARE
"""One of this many cases is run of what `tests/simulation` has as well."""

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


@dataclass(frozen=True)
class Cell:
    """One fault at one request of one flow: at this request alone, or at all of its kind from there on."""

    flow: Flow
    hit: Target
    fault: Fault
    for_ever: bool

    @property
    def id(self) -> str:
        """Return how a report names it."""
        return f"{self.flow.name}/{self.hit.id}/{self.fault.name}/{'for_ever' if self.for_ever else 'once'}"

    @property
    def kind(self) -> Kind:
        """Return what the request is for."""
        return self.hit.kind

    @property
    def harm(self) -> Harm:
        """Return what a client can tell of the fault."""
        return self.fault.harm

    @property
    def passes(self) -> bool:
        """Return whether the same request would be answered well the next time."""
        return self.fault.passing and not self.for_ever


def in_turn(flow: Flow, name: str, simulated: bool = False) -> bool:
    """Return whether one of the things that are done to a flow is done: half of them for one tenant, a share for a list.

    What is `simulated` as well is done less often to the flows that histories take.
    """
    return chosen(f"{flow.name}/{name}", RARER if simulated and flow.simulated else SHARE if flow.many else 2)
