# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which requests are repeated, and when. Pure: no I/O, and no clock of its own."""

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
from .errors import NEVER_PASSING, TransportError, TransportKind

TOO_MANY = 429
PASSING = frozenset({408, 500, 502, 503, 504})

QUOTA_WINDOW = 60.0
"""Seconds to wait after a 429 that does not say how long: both services count by the minute (F60, S82)."""

LONGEST_WAIT = 120.0
"""The longest single wait in seconds. If a longer one is asked for, the answer is returned instead."""

PATIENCE = 300.0
"""The total seconds that a request waits for its repetitions, and that a run waits for a host that only fails or asks to
wait. After that, the answer or the failure is returned."""

QUOTA_PATIENCE = 600.0
"""The same for a request that is refused because others use up the quota of our own key."""

FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 30.0
_DOUBLINGS = 6
"""After this number of doublings, the longest pause is reached."""

TIMEOUTS = 2
"""How often a request may time out: a server that hangs twice usually hangs a third time, and each attempt costs the
whole time-out."""


@dataclass(frozen=True)
class RetryFacts:
    """The facts that decide whether a request is repeated: a status with its `Retry-After`, and where they come from.

    `passed_on` is true if they come from a service behind the one that was asked, which passed on its error.
    """

    status: int
    retry_after: str | None = None
    passed_on: bool = False


def status_delay(status: int, retry_after: str | None, attempt: int, repeatable: bool, now: float) -> float | None:
    """Return the seconds to wait before repeating a request that got this `status`, or `None` not to repeat it.

    A request that got a 429 was not processed, so even one that creates something may be repeated (S82). A request that
    got a 401 or 403 is never repeated, because Freshservice locks out after repeated failures (F21).
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
    """Return the seconds to wait before repeating a request that got no answer, or `None` not to repeat it."""
    if error.kind in NEVER_PASSING or (error.sent and not repeatable):
        return None
    return backoff(attempt)


def backoff(attempt: int) -> float:
    """Return the seconds to wait after failure number `attempt`, counted from 0.

    They double from half a second to half a minute, with jitter so that workers spread.
    """
    return min(LONGEST_BACKOFF, FIRST_BACKOFF * float(2 ** min(attempt, _DOUBLINGS))) * random.uniform(1.0, 1.25)


@dataclass
class Attempts:
    """The attempts of one request so far, which decide whether and when it is repeated.

    A refusal because others use the quota too is not a failed attempt: only the total waiting time is limited.
    """

    retries: int
    failed: int = 0
    refused: int = 0
    timeouts: int = 0
    waited: float = 0.0

    def delay_after_error(self, error: TransportError, repeatable: bool, silent: bool = False) -> float | None:
        """Return the seconds to wait after an error, or `None` to give up.

        `silent` is true if similar requests were given up because they timed out.
        """
        self.timeouts += error.kind is TransportKind.TIMEOUT
        if self.timeouts >= TIMEOUTS or (self.timeouts and silent):
            return None
        return self._counted(error_delay(error, self.failed, repeatable))

    def delay_after_answer(self, facts: RetryFacts, own_quota: bool, repeatable: bool, now: float) -> float | None:
        """Return the seconds to wait before repeating an answered request, or `None` to accept the answer.

        `own_quota` is true if it was refused because of the quota of our own key.
        """
        delay = status_delay(facts.status, facts.retry_after, self.failed, repeatable, now)
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
    """Hosts that have only failed or asked to wait, and since when.

    Without this, each of a thousand tenants would wait while StackOne asks all of them to.
    """

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def none(self, host: str) -> None:
        """Record that a host works."""
        self._since.pop(host, None)

    def allow(self, host: str, delay: float, now: float) -> bool:
        """Return whether a wait of this length for the host is still allowed."""
        return now + delay - self._since.setdefault(host, now) <= PATIENCE


def parse_retry_after(text: str | None, now: float) -> float | None:
    """Return the seconds from `now` (epoch) for a `Retry-After` in seconds, as an HTTP date or as an ISO date (F61)."""
    if text is None:
        return None
    text = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        return float(text)
    moment = parse_date(text)
    return None if moment is None else max(0.0, moment - now)


@dataclass(frozen=True)
class Retry:
    """One repeated request: method and path, the reason, and the seconds waited for it.

    If workers wait together, only the first of them has the seconds.
    """

    request: str
    reason: str
    waited: float


@dataclass(frozen=True, eq=False)
class Pause:
    """A request that waits to be repeated: method and path, the reason, and the monotonic time at which the wait ends."""

    request: str
    reason: str
    until: float


@dataclass
class RetryLog:
    """All repeated requests of a run, for the user."""

    retries: list[Retry] = field(default_factory=list)
    _pauses: set[Pause] = field(default_factory=set, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False, compare=False)

    @contextmanager
    def pausing(self, pause: Pause) -> Iterator[None]:
        """Record that a request waits in this context."""
        with self._lock:
            self._pauses.add(pause)
        try:
            yield
        finally:
            with self._lock:
                self._pauses.discard(pause)

    @property
    def longest_pause(self) -> Pause | None:
        """Return the current wait that ends last, or `None` if no request waits."""
        with self._lock:
            return max(self._pauses, key=lambda pause: pause.until, default=None)

    @property
    def waited(self) -> float:
        """Return the total seconds waited."""
        return sum(retry.waited for retry in self.retries)

    def summary(self) -> str | None:
        """Return one line for the user, or `None` if nothing was repeated."""
        if not self.retries:
            return None
        counts: dict[str, int] = {}
        for retry in self.retries:
            what = f"{kind_of_request(retry.request)}: {retry.reason}"
            counts[what] = counts.get(what, 0) + 1
        listed = "; ".join(what if count == 1 else f"{what} ({count} times)" for what, count in counts.items())
        noun = "request" if len(self.retries) == 1 else "requests"
        return f"Repeated {len(self.retries)} {noun} ({listed}); waited {self.waited:.1f} s in all."
