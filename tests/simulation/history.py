# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens in a history, as data: what is there, who runs what and when, what goes wrong, and what people do meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

LINK = "freshservice_link"
LINKS = "freshservice_links"
CONFIRM = 6.0


@dataclass(frozen=True)
class Link:
    """What is declared of one tenant, and the account that StackOne stores of it before."""

    number: int
    owner: str
    domain: str
    label: str | None = None
    name: str | None = None
    type: str | None = None
    absent: bool = False
    several: bool = False
    wrong_key: bool = False
    previous: str | None = None
    replaced: bool = False
    """Whether it is declared under the main profile, and an account under another one is to be replaced."""
    stored: dict[str, Any] | None = None
    """How its account differs from the declaration; `None` if it has none."""

    def __str__(self) -> str:
        about = [
            f"{name}={getattr(self, name)}" for name in ("label", "name", "type", "previous") if getattr(self, name)
        ]
        about += [name for name in ("absent", "several", "wrong_key", "replaced") if getattr(self, name)]
        stored = "no account" if self.stored is None else f"account {self.stored or 'as declared'}"
        return f"link{self.number}: {self.owner} on {self.domain} {' '.join(about)}; {stored}"


@dataclass(frozen=True)
class RunPlan:
    """One run: when it begins, what it is told, and what happens to it."""

    number: int
    start: float = 0.0
    module: str = LINKS
    only: int = 0
    """Which link a run for one tenant is for."""
    label: str | None = None
    """A label that this run declares for every link, in place of their own."""
    name: str | None = None
    check: bool = False
    concurrency: int = 1
    retries: int = 1
    timeout: float = 30.0
    purge: bool = False
    call: bool = False
    rpm: int = 1000
    fingerprints: bool = False
    skew: float = 0.0
    """By how many seconds this machine's clock is wrong, from the fifth request on."""
    killed: tuple[int, bool] | None = None
    """At which request it is killed, and whether only after it was answered."""
    stopped: int | None = None
    echo: tuple[int, int, int] | None = None
    """Which request is answered with its own words and secrets, the status, and how many signs stand before these."""
    stalls: tuple[tuple[int, float], ...] = ()
    """Which requests arrive late, by so many seconds."""

    def __str__(self) -> str:
        said = {name: getattr(self, name) for name in _OPTIONAL if getattr(self, name) != getattr(_PLAIN, name)}
        words = " ".join(f"{name}={value}" for name, value in said.items())
        what = f"links link{self.only} alone" if self.module == LINK else "links all"
        return f"run{self.number}: at {self.start:.1f} s, {what} {words}".rstrip()


_OPTIONAL = (
    *("label", "name", "check", "concurrency", "retries", "timeout", "purge", "call", "rpm", "fingerprints", "skew"),
    *("killed", "stopped", "echo", "stalls"),
)
_PLAIN = RunPlan(0)


@dataclass(frozen=True)
class Event:
    """Something that a person does: `what` to the link of that number."""

    number: int
    time: float
    what: str
    link: int

    def __str__(self) -> str:
        return f"event{self.number}: at {self.time:.1f} s, somebody does {self.what!r} to link{self.link}"


@dataclass(frozen=True)
class FaultPlan:
    """A fault of the emulator's (tests/emulator/README.md)."""

    number: int
    properties: dict[str, Any]

    def __str__(self) -> str:
        return f"fault{self.number}: {' '.join(f'{name}={value}' for name, value in self.properties.items())}"


@dataclass(frozen=True)
class History:
    """One history. `kind` is what it is about; `calm` means that all requests take the same time."""

    seed: int
    kind: str
    links: tuple[Link, ...]
    runs: tuple[RunPlan, ...]
    events: tuple[Event, ...] = ()
    faults: tuple[FaultPlan, ...] = ()
    switches: dict[str, Any] = field(default_factory=dict)
    strangers: bool = True
    calm: bool = False
    without: tuple[str, ...] = ()
    """What was left out, in the words of `pieces`."""

    @property
    def name(self) -> str:
        """How it is replayed."""
        return "/".join([str(self.seed), *self.without])

    def __str__(self) -> str:
        switches = " ".join(f"{name}={value}" for name, value in self.switches.items()) or "as usual"
        calm = ", all requests take the same time" if self.calm else ""
        head = f"history {self.name} ({self.kind}): StackOne is {switches}{calm}"
        return "\n  ".join([head, *map(str, (*self.links, *self.runs, *self.events, *self.faults))])


def pieces(history: History) -> list[str]:
    """Return the names of everything that can be left out."""
    found = [f"run{run.number}" for run in history.runs] if len(history.runs) > 1 else []
    found += [f"link{link.number}" for link in history.links] if len(history.links) > 1 else []
    found += [f"fault{fault.number}" for fault in history.faults]
    found += [f"event{event.number}" for event in history.events]
    found += [f"switch.{name}" for name in history.switches]
    for run in history.runs:
        found += [f"run{run.number}.{name}" for name in _OPTIONAL if getattr(run, name) != getattr(_PLAIN, name)]
    for link in history.links:
        found += [f"link{link.number}.{name}" for name in ("label", "name", "type") if getattr(link, name)]
    return found + ([] if history.calm else ["jitter"]) + (["strangers"] if history.strangers else [])


def left_out(history: History, *names: str) -> History:
    """Return a history without these pieces."""
    for name in names:
        history = _without(history, name)
    return replace(history, without=(*history.without, *names))


def _without(history: History, name: str) -> History:
    what, _dot, detail = name.partition(".")
    if name == "jitter":
        return replace(history, calm=True)
    if name == "strangers":
        return replace(history, strangers=False)
    if what == "switch":
        return replace(history, switches={key: value for key, value in history.switches.items() if key != detail})
    part = {"r": "runs", "l": "links", "f": "faults", "e": "events"}[what[0]]
    number = int("".join(sign for sign in what if sign.isdigit()))
    kept = [_plainer(each, detail) if each.number == number else each for each in getattr(history, part)]
    if not detail:
        kept = [each for each in kept if each.number != number]
    return replace(history, **{part: tuple(kept)})


def _plainer(each: Any, detail: str) -> Any:
    return replace(each, **{detail: getattr(_PLAIN, detail, None)}) if detail else each
