# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests are sent again, and when. Pure: no I/O, no clock of its own."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .._core.times import parse_date
from .._core.words import kind_of_request
from .errors import (
    NEVER_PASSING,
    TransportError,
    TransportKind,
)

TOO_MANY = 429
PASSING = frozenset({408, 500, 502, 503, 504})

QUOTA_WINDOW = 60.0
"""Seconds to wait after a 429 that does not say how long: both services count by the minute (F60, S82)."""

LONGEST_WAIT = 120.0
"""Seconds beyond which an answer is given back instead of waited for: nobody watches a play that long."""

PATIENCE = 300.0
"""Seconds that a request waits in all between its repetitions, and that a run waits for a host that gives nothing but
answers and failures of this kind. Then they are given back."""

QUOTA_PATIENCE = 600.0
"""The same for a request whose own key's quota others use up, while other requests of the run get through."""

FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 30.0
_DOUBLINGS = 6
"""After so many, the longest pause is reached."""

TIMEOUTS = 2
"""How often a request may get no answer in time: whoever hangs twice hangs a third time too, and each costs the whole
time-out."""


@dataclass(frozen=True)
class Told:
    """What decides whether a request is repeated: a status with its `Retry-After`, and whose they are.

    `passed_on`: they come from a service behind the one that was asked, whose error it passed on.
    """

    status: int
    retry_after: str | None = None
    passed_on: bool = False


def status_delay(status: int, retry_after: str | None, attempt: int, repeatable: bool, now: float) -> float | None:
    """Seconds to wait before repeating a request that was answered with C(status); C(None): do not.

    A 429 was refused before it was processed, so even a creating request may be repeated (S82).
    401 and 403 never are: Freshservice locks out after repeated failures (F21).
    """
    if status == TOO_MANY:
        stated = parse_retry_after(retry_after, now)
        delay = QUOTA_WINDOW if stated is None else stated
    elif status in PASSING and repeatable:
        stated = parse_retry_after(retry_after, now)
        delay = backoff(attempt) if stated is None else stated
    else:
        return None
    return delay if delay <= LONGEST_WAIT else None


def error_delay(error: TransportError, attempt: int, repeatable: bool) -> float | None:
    """Seconds to wait before repeating a request that got no answer; C(None): do not."""
    if error.kind in NEVER_PASSING or (error.sent and not repeatable):
        return None
    return backoff(attempt)


def backoff(attempt: int) -> float:
    """Seconds before try C(attempt)+2: doubling from half a second to half a minute, with jitter so that workers spread."""
    return min(LONGEST_BACKOFF, FIRST_BACKOFF * float(2 ** min(attempt, _DOUBLINGS))) * random.uniform(1.0, 1.25)


@dataclass
class Attempts:
    """What a request has been through, and whether and when it is sent once more.

    Being refused for a quota that others use as well is not a failed attempt: only the waiting is bounded.
    """

    retries: int
    failed: int = 0
    refused: int = 0
    timeouts: int = 0
    waited: float = 0.0

    def delay_after_error(self, error: TransportError, repeatable: bool, silent: bool = False) -> float | None:
        """Seconds to wait after no answer; C(None): give up. `silent`: others like it were given up for their time-outs."""
        self.timeouts += error.kind is TransportKind.TIMEOUT
        if self.timeouts >= TIMEOUTS or (self.timeouts and silent):
            return None
        return self._counted(error_delay(error, self.failed, repeatable))

    def delay_after_answer(self, told: Told, own_quota: bool, repeatable: bool, now: float) -> float | None:
        """Seconds to wait after an answer; C(None): take it. `own_quota`: it was refused for the quota of our own key."""
        delay = status_delay(told.status, told.retry_after, self.failed, repeatable, now)
        if not own_quota or delay is None:
            return self._counted(delay)
        self.refused += 1
        return self._affordable(max(delay, backoff(self.refused - 1)), QUOTA_PATIENCE)

    def _counted(self, delay: float | None) -> float | None:
        if delay is None or self.failed >= self.retries:
            return None
        self.failed += 1
        return self._affordable(delay)

    def _affordable(self, delay: float, patience: float = PATIENCE) -> float | None:
        self.waited += delay
        return delay if self.waited <= patience else None


class Troubles:
    """How long hosts have given nothing but answers and failures after which one waits.

    Without this, each of a thousand tenants would wait for a StackOne that says "later" to all of them.
    """

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def none(self, host: str) -> None:
        """Note that a host works."""
        self._since.pop(host, None)

    def allow(self, host: str, delay: float, now: float) -> bool:
        """Return whether this host may be waited for so long from now on."""
        return now + delay - self._since.setdefault(host, now) <= PATIENCE


def parse_retry_after(text: str | None, now: float) -> float | None:
    """Seconds from C(now) (epoch) for a C(Retry-After) in seconds, as HTTP date or as ISO date (F61)."""
    if text is None:
        return None
    text = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        return float(text)
    moment = parse_date(text)
    return None if moment is None else max(0.0, moment - now)


@dataclass(frozen=True)
class Retry:
    """One repeated request: what (method and path), why, and the seconds waited for it.

    Where workers wait together, only the first of them has the seconds.
    """

    request: str
    reason: str
    waited: float


@dataclass(frozen=True, eq=False)
class Pause:
    """A request that waits for its repetition: what (method and path), why, and until when on the clock."""

    request: str
    reason: str
    until: float


@dataclass
class RetryLog:
    """Every repetition of a run, for the user."""

    retries: list[Retry] = field(default_factory=list)
    _pauses: set[Pause] = field(default_factory=set, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False, compare=False)

    @contextmanager
    def pausing(self, pause: Pause) -> Iterator[None]:
        """Show that a request waits meanwhile."""
        with self._lock:
            self._pauses.add(pause)
        try:
            yield
        finally:
            with self._lock:
                self._pauses.discard(pause)

    @property
    def longest_pause(self) -> Pause | None:
        """The wait of the present that ends last; C(None) where no request waits."""
        with self._lock:
            return max(self._pauses, key=lambda pause: pause.until, default=None)

    @property
    def waited(self) -> float:
        """Seconds waited in all."""
        return sum(retry.waited for retry in self.retries)

    def summary(self) -> str | None:
        """One line for the user, or C(None) where nothing was repeated."""
        if not self.retries:
            return None
        counts: dict[str, int] = {}
        for retry in self.retries:
            what = f"{kind_of_request(retry.request)}: {retry.reason}"
            counts[what] = counts.get(what, 0) + 1
        listed = "; ".join(what if count == 1 else f"{what} ({count} times)" for what, count in counts.items())
        noun = "request" if len(self.retries) == 1 else "requests"
        return f"Repeated {len(self.retries)} {noun} ({listed}); waited {self.waited:.1f} s in all."
