# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP session for both services: TLS, proxies, time-outs, retries, quota and errors."""

from __future__ import annotations

import json
import re
import ssl
import threading
import traceback
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from .._core.clock import Clock, Stopped
from .._core.text import NO_SECRETS, Scrubber, valid_unicode
from .causes import cut_error, transport_error
from .certificates import tls_context
from .connections import TlsAdapter
from .deadlines import Watch
from .errors import KIND_TEXT, TransportError, TransportKind
from .messages import Answer, Request, Service
from .prepared import prepared
from .proxies import Proxies
from .quota import Quota
from .retry import PASSING, TOO_MANY, Attempts, Pause, Retry, RetryFacts, RetryLog, Troubles
from .whole import ends_in_headers, ends_in_json

try:
    import requests
    import urllib3
except Exception:
    # A broken or half-installed library can raise anything.
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

HEADERS = {"User-Agent": "ansible-tenantlink.stackone", "Accept": "application/json"}
BODY_LIMIT = 8 * 1024 * 1024
CHUNK = 64 * 1024
CUT = "the answer ended too soon"

_HALF_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
"""One half of a surrogate pair as JSON escapes it, which is usually followed by the other half."""


@dataclass(frozen=True)
class HttpOptions:
    """How to reach both services.

    `timeout` is in seconds, for a whole request from name resolution to the last byte of the answer. `workers` is the
    number of threads that send at the same time.
    """

    validate_certs: bool = True
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    proxy: str | None = None
    timeout: float = 30.0
    retries: int = 3
    workers: int = 1


class Http:
    """Send requests, repeat them if they may be repeated, and raise TransportError if there is no answer.

    It is shared by all threads, with one pool of connections and one TLS context.
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
        """Hosts and kinds of requests that timed out until they were given up, and were not answered since."""
        self._lossy: set[str] = set()
        """Hosts that left a request unanswered on a connection that had carried others: a device on the way may have
        forgotten such connections. Their repetitions, and what could be done twice, go on new connections."""

    @property
    def waiting_for(self) -> tuple[str, float] | None:
        """Return what the run waits for other than the quota, and for how many more seconds; `None` if for nothing."""
        pause = self.retry_log.longest_pause
        return (f"{pause.request}: {pause.reason}", max(0.0, pause.until - self.clock.monotonic())) if pause else None

    def send(self, request: Request, quota: Quota | None = None) -> Answer:
        """Return the last answer, whatever its status. Raise TransportError.

        Waiting for a quota that others use too is not a failed attempt: it is limited by time, not by `retries`.
        """
        attempts = Attempts(self.options.retries)
        while True:
            try:
                answer = self._counted(request, quota, repeated=attempts.failed > 0)
            except TransportError as error:
                self._wait_after_error(request, error, attempts)
            else:
                self._silent.discard(request.kind)
                if not self._waits_after_answer(request, answer, attempts, quota):
                    return answer

    def _counted(self, request: Request, quota: Quota | None, repeated: bool) -> Answer:
        with quota or nullcontext():
            self.clock.check()
            with self._lock:
                self.requests_sent[request.service] += 1
            if request.host in self._lossy and (repeated or request.changes):
                request = replace(request, new_connection=True)
            return self._once(request)

    def _wait_after_error(self, request: Request, error: TransportError, attempts: Attempts) -> None:
        """Wait until the request should be repeated. Raise the error if it should not, or Stopped.

        If the run is stopped after a change was sent, raise the error, which says that the result is unknown.
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
        """Return whether the request should be repeated, after waiting until it is time to. Raise Stopped.

        If the run is stopped after a change that may have been carried out, its answer is the last one.
        """
        facts = _facts_of(request, answer)
        own_quota = facts.status == TOO_MANY and not facts.passed_on and request.service is Service.STACKONE
        if facts.status != TOO_MANY and facts.status not in PASSING:
            self._troubles.none(request.host)
        delay = attempts.delay_after_answer(facts, own_quota, request.repeatable, self.clock.now())
        if delay is None or not self._is_worth_waiting(request, delay):
            return False
        try:
            self._pause(request, f"HTTP {answer.status}", delay, quota if own_quota else None)
        except Stopped:
            if request.changes and facts.status in PASSING:
                # It may have been carried out. The answer says so, and the exception would not.
                return False
            raise
        return True

    def _is_worth_waiting(self, request: Request, delay: float) -> bool:
        return self._troubles.allow(request.host, delay, self.clock.monotonic())

    def _pause(self, request: Request, reason: str, delay: float, quota: Quota | None = None) -> None:
        """Wait before a repetition. If a quota is used up, hold it instead, so that all workers wait for their next slot.

        A wait that workers share is logged once.
        """
        if quota:
            self.retry_log.retries.append(Retry(request.title, reason, quota.hold(delay)))
            return
        with self.retry_log.pausing(Pause(request.title, reason, self.clock.monotonic() + delay)):
            self.clock.sleep(delay)
        self.retry_log.retries.append(Retry(request.title, reason, delay))

    def _once(self, request: Request) -> Answer:
        """Send a request without a `requests.Session`.

        A session would add cookies, redirects and the password in .netrc, all unwanted, and take as long again as the
        request itself.
        """
        with self._watch.call(request.new_connection) as call:
            try:
                response = self._adapter.send(
                    _prepared(request),
                    stream=True,
                    timeout=self.options.timeout,
                    verify=self.options.validate_certs,
                    proxies=self._proxies.for_url(request.url),
                )
                with response:
                    raw = _read(response.raw)
                answer = _answer(response, raw, self.scrubber)
                if _is_cut(request, response, answer):
                    raise urllib3.exceptions.ProtocolError(CUT)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                if call.written and not call.connected:
                    self._lossy.add(request.host)
                raise transport_error(error, request.host, call, self.scrubber) from None
            if call.cut:
                # Without a length, a connection that was shut down looks like the end of the answer.
                raise cut_error(request.host, call)
            return answer


def _prepared(request: Request) -> requests.PreparedRequest:
    headers = {**HEADERS, **(request.headers or {})}
    return prepared(request.method, request.url, headers, request.auth, request.params, request.body)


def _read(raw: Any) -> bytes:
    """Return the whole body. Raise an error of urllib3 if it is too large or incomplete, which version 1 does not detect."""
    body = bytearray()
    for chunk in raw.stream(CHUNK, decode_content=True):
        body += chunk
        if len(body) > BODY_LIMIT:
            raise urllib3.exceptions.DecodeError(f"more than {BODY_LIMIT} bytes")
    if raw.length_remaining:
        raise urllib3.exceptions.ProtocolError(CUT)
    return bytes(body)


def _is_cut(request: Request, response: requests.Response, answer: Answer) -> bool:
    """Return whether the connection was closed too soon. A change may be answered by nothing at all (H10)."""
    if not answer.text:
        return not request.changes and ends_in_headers(response.raw.version, answer.status, response.headers)
    return answer.data is None and _is_json(response) and ends_in_json(response.headers, answer.text)


def _is_json(response: requests.Response) -> bool:
    return "json" in response.headers.get("Content-Type", "").lower()


def _facts_of(request: Request, answer: Answer) -> RetryFacts:
    """Return what decides on a repetition: the error that the answer passes on, else its own status."""
    passed_on = request.provider_facts(answer) if request.provider_facts and not answer.ok else None
    return passed_on or RetryFacts(answer.status, answer.headers.get("Retry-After"))


def _adapter(options: HttpOptions) -> TlsAdapter:
    context = proxy_context = _tls_context(options)
    if urllib3.__version__.startswith("1."):  # type: ignore[attr-defined]
        # Version 1 checks the names of servers itself, and does not pass IP addresses to OpenSSL. It does not check
        # the names of proxies.
        context = _tls_context(options)
        context.check_hostname = False
    # Tenants' hosts come and go, and must not push out the pool of StackOne: keep more pools than are used at once.
    return TlsAdapter(context, proxy_context, pool_connections=2 * options.workers + 8, pool_maxsize=options.workers)


def _tls_context(options: HttpOptions) -> ssl.SSLContext:
    return tls_context(options.validate_certs, options.ca_path, options.client_cert, options.client_key)


def _answer(response: requests.Response, raw: bytes, scrubber: Scrubber) -> Answer:
    text = raw.decode("utf-8", errors="replace")
    data = None
    if _is_json(response):
        try:
            data = json.loads(text)
            if _HALF_ESCAPED.search(text):
                data = valid_unicode(data)
        except (ValueError, RecursionError):
            data = None
    return Answer(response.status_code, response.headers, text, data, scrubber)
