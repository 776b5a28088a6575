# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress of a run: counted here, written to a file, and turned into a line for people."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .._core.files import NotAFile, read_file, refuse_other_than_file, replace_file
from .._core.words import kind_of_request

if TYPE_CHECKING:
    from .._core.clock import Clock
    from .._http.quota import Quota
    from .._http.session import Http

INTERVAL = 0.5

WORTH_TELLING = 5.0
"""The wait in seconds from which people wonder what a run waits for."""

ENOUGH = 10
"""The number of tenants from which a pace can be estimated: after the first one, an estimate is off by any factor."""


@dataclass
class Progress:
    """The counts of a run, and its seconds. It holds no names and no secrets."""

    total: int
    done: int = 0
    changed: int = 0
    failed: int = 0
    elapsed: float = 0.0
    quota_wait: float = 0.0
    """Seconds for which workers are still going to wait for the quota."""
    waiting_for: str = ""
    """The other reason to wait: which request is repeated, and why."""
    wait_left: float = 0.0
    """Seconds until it is repeated."""

    @property
    def line(self) -> str:
        """Return the line for people: `412/1000  398 ok  9 changed  5 failed  6.6 tenants/s  about 1 min 30 s left`."""
        parts = [
            f"{self.done}/{self.total}",
            f"{self.done - self.failed} ok",
            f"{self.changed} changed",
            f"{self.failed} failed",
        ]
        rate = self.done / self.elapsed if self.elapsed > 0 and self.done >= ENOUGH else 0.0
        if rate:
            parts.append(f"{rate:.1f} tenants/s")
        if self.quota_wait >= 1:
            parts.append(f"waiting for quota {duration(self.quota_wait)}")
        if self.waiting_for:
            parts.append(f"waiting {duration(self.wait_left)} to repeat {self.waiting_for}")
        if rate and self.done < self.total:
            left = max((self.total - self.done) / rate, self.quota_wait, self.wait_left)
            parts.append(f"about {duration(left)} left")
        return "  ".join(parts)


def duration(seconds: float) -> str:
    """Return a duration for people: `12 s`, `1 min 30 s`, `2 h 5 min`."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


@dataclass(frozen=True)
class Waiting:
    """The things that a run waits for: seconds for the quota; which repetition, and seconds until it is due."""

    quota: float = 0.0
    request: str = ""
    seconds: float = 0.0


NOTHING = Waiting()


def waiting(http: Http, quota: Quota | None) -> Waiting:
    """Return what a run waits for, as far as that is worth showing."""
    request, seconds = http.waiting_for or ("", 0.0)
    repetition = (kind_of_request(request), seconds) if seconds >= WORTH_TELLING else ("", 0.0)
    return Waiting(quota.wait_left if quota else 0.0, *repetition)


class ProgressFile:
    """Counts what workers finish, and keeps one line of JSON up to date for whoever watches."""

    def __init__(self, path: str | None, total: int, clock: Clock) -> None:
        self.progress = Progress(total)
        self.problem: str | None = None
        self._path = path
        self._clock = clock
        self._started = clock.monotonic()
        self._written = 0.0
        self._lock = threading.Lock()
        self._refuse_other_than_file()

    def count(self, changed: bool, failed: bool) -> int:
        """Count one more finished tenant; return how many have failed so far."""
        with self._lock:
            self.progress.done += 1
            self.progress.changed += changed
            self.progress.failed += failed
            return self.progress.failed

    def write(self, waits: Waiting = NOTHING, last: bool = False) -> None:
        """Update the file, at most every half second except for the last time. The run does not fail if it cannot."""
        now = self._clock.monotonic()
        if not self._path or (now - self._written < INTERVAL and not last):
            return
        self._written = now
        self.progress.elapsed, self.progress.quota_wait = now - self._started, waits.quota
        self.progress.waiting_for, self.progress.wait_left = waits.request, waits.seconds
        with contextlib.suppress(OSError):
            replace_file(self._path, json.dumps(asdict(self.progress)))

    def _refuse_other_than_file(self) -> None:
        try:
            refuse_other_than_file(self._path or "")
        except NotAFile as error:
            self.problem = f"no progress is written to {self._path}: {error.strerror}."
            self._path = None
        except OSError:
            # Treated like a file that cannot be written.
            pass


def read(path: str) -> Progress | None:
    """Return what a progress file says, `None` if there is none yet."""
    try:
        return Progress(**json.loads(read_file(path)))
    except (OSError, ValueError, TypeError):
        return None
