# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP session for both services: TLS, proxies, time-outs, retries, pacing, errors."""

from __future__ import annotations

import json
import re
import ssl
import threading
import traceback
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Callable
from urllib.parse import urlsplit

from .._core.clock import Clock, Stopped
from .._core.text import (
    NO_SECRETS,
    READ_LIMIT,
    Scrubber,
    valid_unicode,
    without_markup,
)
from .._core.words import kind_of_request
from .certificates import tls_context
from .connections import TlsAdapter
from .deadlines import Watch
from .errors import (
    KIND_TEXT,
    TransportError,
    TransportKind,
    cut_error,
    transport_error,
)
from .proxies import Proxies
from .quota import Quota
from .retry import (
    PASSING,
    TOO_MANY,
    Attempts,
    Pause,
    Retry,
    RetryLog,
    Told,
    Troubles,
)

try:
    import requests
    import urllib3
except Exception:
    # Whatever it is that a broken or half-installed library raises.
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

HEADERS = {"User-Agent": "ansible-tenantlink.stackone", "Accept": "application/json"}
BODY_LIMIT = 8 * 1024 * 1024
CHUNK = 64 * 1024

_HALF_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
"""Half of a surrogate pair, as JSON spells it; most often the other half follows."""


class Service(str, Enum):
    """Whose request it is, for counting."""

    FRESHSERVICE = "freshservice"
    STACKONE = "stackone"


@dataclass(frozen=True)
class HttpOptions:
    """How to reach both services. C(timeout) in seconds, for a whole request from the resolution of the name to the last
    byte of the answer.

    C(workers) is how many threads send at the same time.
    """

    validate_certs: bool = True
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    proxy: str | None = None
    timeout: float = 30.0
    retries: int = 3
    workers: int = 1


@dataclass(frozen=True)
class Request:
    """One request. C(repeatable) is false for what would exist twice if it were sent twice.

    C(told) reads who refused it out of the body of an error answer, before the status decides about a repetition.
    """

    service: Service
    method: str
    url: str
    auth: tuple[str, str] | None = None
    headers: Mapping[str, str] | None = None
    params: Mapping[str, Any] | None = None
    body: Any = None
    repeatable: bool = True
    told: Callable[[Answer], Told | None] | None = None

    @property
    def title(self) -> str:
        """Method and path, as retries are reported: no query, no credentials."""
        return f"{self.method} {urlsplit(self.url).path}"

    @property
    def host(self) -> str:
        """The host and port that it is sent to."""
        return urlsplit(self.url).netloc

    @property
    def kind(self) -> tuple[str, str]:
        """The host, and what is asked of it for whichever account."""
        return self.host, kind_of_request(self.title)

    @property
    def changes(self) -> bool:
        """Whether it may change something there."""
        return self.method != "GET"


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status. C(data) is the parsed JSON, C(None) where there is none.

    What is shown of it to a person goes through C(line) or C(excerpt), which know the run's secrets.
    """

    status: int
    headers: Mapping[str, str]
    text: str
    data: Any = None
    scrubber: Scrubber = field(default=NO_SECRETS, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the status says success; a redirect is none, because none is followed."""
        return 200 <= self.status < 300

    @property
    def excerpt(self) -> str:
        """The first readable words of the body."""
        # A secret that holds a "<" is not recognised any more where the markup is taken away.
        return self.line(without_markup(self.scrubber.scrub(self.text[:READ_LIMIT])))

    @property
    def masked(self) -> Any:
        """The parsed JSON without secrets, to take words for a message from."""
        return self.scrubber.scrub(self.data)

    def line(self, words: str) -> str:
        """Words of this answer for a message: on one line, scrubbed, then cut."""
        return self.scrubber.line(words)


class Http:
    """Sends requests; repeats what may be repeated; raises TransportError where no answer came.

    Threads share it, with one pool of connections and one TLS context.
    """

    def __init__(self, options: HttpOptions, clock: Clock | None = None, scrubber: Scrubber = NO_SECRETS) -> None:
        self.options = options
        self.clock = clock or Clock()
        self.scrubber = scrubber
        self.retry_log = RetryLog()
        self.requests_sent = dict.fromkeys(Service, 0)
        self._lock = threading.Lock()
        self._adapter = _adapter(options)
        self._proxies = Proxies(options.proxy)
        self._watch = Watch(options.timeout, self.clock.given_up)
        self._troubles = Troubles()
        self._silent: set[tuple[str, str]] = set()
        """Hosts with the kind of request to which they gave no answer in time, however often, and none since."""

    @property
    def waiting_for(self) -> tuple[str, float] | None:
        """What the run waits for besides the quota, and for how many seconds from now; C(None) where for nothing."""
        pause = self.retry_log.longest_pause
        return (f"{pause.request}: {pause.reason}", max(0.0, pause.until - self.clock.monotonic())) if pause else None

    def send(self, request: Request, quota: Quota | None = None) -> Answer:
        """Return the last answer, whatever its status. Raises TransportError.

        Waiting for a quota that others use as well is not a failed attempt: it is bounded by time, not by `retries`.
        """
        attempts = Attempts(self.options.retries)
        while True:
            try:
                answer = self._counted(request, quota)
            except TransportError as error:
                self._wait_after_error(request, error, attempts)
            else:
                self._silent.discard(request.kind)
                if not self._waits_after_answer(request, answer, attempts, quota):
                    return answer

    def _counted(self, request: Request, quota: Quota | None) -> Answer:
        with quota or nullcontext():
            self.clock.check()
            with self._lock:
                self.requests_sent[request.service] += 1
            return self._once(request)

    def _wait_after_error(self, request: Request, error: TransportError, attempts: Attempts) -> None:
        """Wait until the request is sent once more. Raises the error where it is not, and Stopped.

        Whoever is stopped after a change was sent learns what came of that: nobody knows.
        """
        try:
            if error.kind is TransportKind.STOPPED:
                self.clock.check()
            delay = attempts.delay_after_error(error, request.repeatable, request.kind in self._silent)
            if delay is None and error.kind is TransportKind.TIMEOUT:
                self._silent.add(request.kind)
            if delay is None or not self._is_worth_waiting(request, delay):
                raise error
            self._pause(request, KIND_TEXT[error.kind], delay)
        except Stopped:
            if error.sent and request.changes:
                raise error from None
            raise

    def _waits_after_answer(self, request: Request, answer: Answer, attempts: Attempts, quota: Quota | None) -> bool:
        """Return whether the request is sent once more; then it is time to. Raises Stopped."""
        told = _told(request, answer)
        own_quota = told.status == TOO_MANY and not told.passed_on and request.service is Service.STACKONE
        if told.status != TOO_MANY and told.status not in PASSING:
            self._troubles.none(request.host)
        delay = attempts.delay_after_answer(told, own_quota, request.repeatable, self.clock.now())
        if delay is None or not self._is_worth_waiting(request, delay):
            return False
        self._pause(request, f"HTTP {answer.status}", delay, quota if own_quota else None)
        return True

    def _is_worth_waiting(self, request: Request, delay: float) -> bool:
        return self._troubles.allow(request.host, delay, self.clock.monotonic())

    def _pause(self, request: Request, reason: str, delay: float, quota: Quota | None = None) -> None:
        """Wait before a repetition; where a quota is used up, all who share it wait for their next slot instead.

        What workers wait for together is logged once.
        """
        waited = quota.hold(delay) if quota else delay
        self.retry_log.retries.append(Retry(request.title, reason, waited))
        if not quota:
            with self.retry_log.pausing(Pause(request.title, reason, self.clock.monotonic() + delay)):
                self.clock.sleep(delay)

    def _once(self, request: Request) -> Answer:
        """Send a request by itself. A C(requests.Session) would add cookies, redirects and the password in .netrc,
        of which none is wanted, and cost as much again as the request."""
        with self._watch.call() as call:
            try:
                prepared = requests.Request(
                    request.method,
                    request.url,
                    auth=request.auth,
                    headers={**HEADERS, **(request.headers or {})},
                    params=request.params,
                    json=request.body,
                ).prepare()
                response = self._adapter.send(
                    prepared,
                    stream=True,
                    timeout=self.options.timeout,
                    verify=self.options.validate_certs,
                    proxies=self._proxies.for_url(request.url),
                )
                with response:
                    raw = _read(response.raw)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise transport_error(error, request.host, call, self.scrubber) from None
            if call.cut:
                # Where no length is given, a connection that was shut down looks like the end of the answer.
                raise cut_error(request.host, call)
            return replace(_answer(response, raw), scrubber=self.scrubber)


def _read(raw: Any) -> bytes:
    """The whole body, within one size. The connections of urllib3 before 2 do not tell of a body that ends too soon."""
    body = bytearray()
    for chunk in raw.stream(CHUNK, decode_content=True):
        body += chunk
        if len(body) > BODY_LIMIT:
            raise urllib3.exceptions.DecodeError(f"more than {BODY_LIMIT} bytes")
    if raw.length_remaining:
        raise urllib3.exceptions.ProtocolError("the answer ended too soon")
    return bytes(body)


def _told(request: Request, answer: Answer) -> Told:
    """Return what decides about a repetition: the error that the answer passes on, else its own status."""
    passed_on = request.told(answer) if request.told and not answer.ok else None
    return passed_on or Told(answer.status, answer.headers.get("Retry-After"))


def _adapter(options: HttpOptions) -> TlsAdapter:
    context = proxy_context = _tls_context(options)
    if urllib3.__version__.startswith("1."):  # type: ignore[attr-defined]
        # It compares the names of servers itself, and never tells OpenSSL of one that is an IP address; of proxies
        # it does not.
        context = _tls_context(options)
        context.check_hostname = False
    # Tenants' hosts come and go while StackOne's connections must stay: pools for more than all at once.
    return TlsAdapter(context, proxy_context, pool_connections=2 * options.workers + 8, pool_maxsize=options.workers)


def _tls_context(options: HttpOptions) -> ssl.SSLContext:
    return tls_context(options.validate_certs, options.ca_path, options.client_cert, options.client_key)


def _answer(response: requests.Response, raw: bytes) -> Answer:
    text = raw.decode("utf-8", errors="replace")
    data = None
    if "json" in response.headers.get("Content-Type", "").lower():
        try:
            data = json.loads(text)
            if _HALF_ESCAPED.search(text):
                data = valid_unicode(data)
        except (ValueError, RecursionError):
            data = None
    return Answer(response.status_code, response.headers, text, data)
