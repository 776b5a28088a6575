# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP session for both services: TLS, proxies, time-outs, retries, pacing, errors."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Callable
from urllib.parse import urlsplit
from urllib.request import getproxies

from ansible_collections.tenantlink.stackone.plugins.module_utils._connections import WIRE, TlsAdapter, proxies_for
from ansible_collections.tenantlink.stackone.plugins.module_utils._quota import Quota
from ansible_collections.tenantlink.stackone.plugins.module_utils._retry import (
    MOST_REFUSALS,
    QUOTA_PATIENCE,
    TOO_MANY,
    Retry,
    RetryLog,
    Told,
    backoff,
    status_delay,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import (
    NO_SECRETS,
    READ_LIMIT,
    Scrubber,
    valid_unicode,
    without_markup,
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


class TransportKind(str, Enum):
    """Why a request got no answer."""

    DNS = "dns"
    DNS_TEMPORARY = "dns_temporary"
    REFUSED = "refused"
    TLS = "tls"
    PROXY = "proxy"
    TIMEOUT = "timeout"
    DROPPED = "dropped"
    BODY = "body"


_KIND_TEXT = {
    TransportKind.DNS: "the host name does not resolve",
    TransportKind.DNS_TEMPORARY: "the host name could not be resolved at this time",
    TransportKind.REFUSED: "no connection could be made",
    TransportKind.TLS: "the TLS connection failed",
    TransportKind.PROXY: "the proxy failed",
    TransportKind.TIMEOUT: "no answer came in time",
    TransportKind.DROPPED: "the connection broke before the answer was complete",
    TransportKind.BODY: "the answer was too large or could not be decoded",
}

_NEVER_PASSING = frozenset({TransportKind.DNS, TransportKind.TLS, TransportKind.BODY})

_CONNECTING = frozenset(
    {
        TransportKind.DNS,
        TransportKind.DNS_TEMPORARY,
        TransportKind.REFUSED,
        TransportKind.TLS,
        TransportKind.PROXY,
    }
)
"""What can only go wrong before the request is written."""

_CERTIFICATE_ALERTS = frozenset(
    {
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "TLSV1_ALERT_UNKNOWN_CA",
    }
)
"""C(ssl.SSLError.reason) where the server does not accept our certificate. In TLS 1.3 this comes after the request
was written."""


class TransportError(Exception):
    """No answer. C(sent) is true where the request may have reached the server and been carried out."""

    def __init__(self, kind: TransportKind, host: str, detail: str, sent: bool) -> None:
        self.kind = kind
        self.host = host
        self.sent = sent
        self.detail = detail
        super().__init__(f"{host}: {_KIND_TEXT[kind]} ({self.detail})")


@dataclass(frozen=True)
class HttpOptions:
    """How to reach both services. C(timeout) in seconds, for connecting and for each read.

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
        return self.line(without_markup(self.text[:READ_LIMIT]))

    def line(self, words: str) -> str:
        """Words of this answer for a message: on one line, scrubbed, then cut."""
        return self.scrubber.line(words)


class Stopped(Exception):
    """The run was told to stop while this thread was waiting."""


class Clock:
    """The time, so that tests can bring their own. C(sleep) and C(check) may raise Stopped."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    def check(self) -> None:
        """Raise Stopped where no further request may be sent."""


class Http:
    """Sends requests; repeats what may be repeated; raises TransportError where no answer came.

    Threads share it, with one pool of connections and one TLS context.
    """

    def __init__(self, options: HttpOptions, clock: Clock | None = None, scrubber: Scrubber = NO_SECRETS) -> None:
        self.options = options
        self.clock = clock or Clock()
        self.scrubber = scrubber
        self.retry_log = RetryLog()
        self.sent = dict.fromkeys(Service, 0)
        self._lock = threading.Lock()
        self._adapter = _adapter(options)
        self._proxied = bool(options.proxy or getproxies())

    def send(self, request: Request, quota: Quota | None = None) -> Answer:
        """Return the last answer, whatever its status. Raises TransportError.

        Waiting for a quota that others use as well is not a failed attempt: it is bounded by time, not by `retries`.
        """
        attempt, waited = 0, 0.0
        while True:
            try:
                answer = self._counted(request, quota)
            except TransportError as error:
                delay = error_delay(error, attempt, request.repeatable)
                if delay is None or attempt >= self.options.retries:
                    raise
                self._pause(request, _KIND_TEXT[error.kind], delay)
            else:
                told = _told(request, answer)
                delay = status_delay(told.status, told.retry_after, attempt, request.repeatable, self.clock.now())
                if delay is None or attempt >= self.options.retries:
                    return answer
                limited = told.status == TOO_MANY and not told.passed_on and request.service is Service.STACKONE
                self._pause(request, f"HTTP {answer.status}", delay, quota if limited else None)
                waited += max(delay, QUOTA_PATIENCE / MOST_REFUSALS) if limited else 0.0
                if limited and waited <= QUOTA_PATIENCE:
                    continue
            attempt += 1

    def _counted(self, request: Request, quota: Quota | None) -> Answer:
        with quota or nullcontext():
            self.clock.check()
            with self._lock:
                self.sent[request.service] += 1
            return self._once(request)

    def _pause(self, request: Request, reason: str, delay: float, quota: Quota | None = None) -> None:
        """Wait before a repetition; where a quota is used up, all who share it wait for their next slot instead.

        What workers wait for together is logged once.
        """
        waited = quota.hold(delay) if quota else delay
        self.retry_log.retries.append(Retry(request.title, reason, waited))
        if not quota:
            self.clock.sleep(delay)

    def _once(self, request: Request) -> Answer:
        """Send a request by itself. A C(requests.Session) would add cookies, redirects and the password in .netrc,
        of which none is wanted, and cost as much again as the request."""
        host = urlsplit(request.url).netloc
        WIRE.written = False
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
                proxies=proxies_for(self.options.proxy, request.url) if self._proxied else None,
            )
            with response:
                raw = self._read(response.raw)
                return replace(_answer(response, raw), scrubber=self.scrubber)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            raise _transport_error(error, host, WIRE.written, self.scrubber) from None

    def _read(self, raw: Any) -> bytes:
        """The whole body, within one time-out and one size: a server that drips must not hold a run."""
        deadline = self.clock.monotonic() + self.options.timeout
        body = bytearray()
        while True:
            chunk = raw.read1(CHUNK, decode_content=True) if hasattr(raw, "read1") else raw.read(1024)
            if not chunk:
                return bytes(body)
            body += chunk
            if len(body) > BODY_LIMIT:
                raise urllib3.exceptions.DecodeError(f"more than {BODY_LIMIT} bytes")
            if getattr(raw, "length_remaining", None) == 0:
                return bytes(body)
            if self.clock.monotonic() > deadline:
                raise urllib3.exceptions.TimeoutError("the answer did not end")


def _told(request: Request, answer: Answer) -> Told:
    """Return what decides about a repetition: the error that the answer passes on, else its own status."""
    passed_on = request.told(answer) if request.told and not answer.ok else None
    return passed_on or Told(answer.status, answer.headers.get("Retry-After"))


def error_delay(error: TransportError, attempt: int, repeatable: bool) -> float | None:
    """Seconds to wait before repeating a request that got no answer; C(None): do not."""
    if error.kind in _NEVER_PASSING or (error.sent and not repeatable):
        return None
    return backoff(attempt)


def _adapter(options: HttpOptions) -> TlsAdapter:
    # Tenants' hosts come and go while StackOne's connections must stay: pools for more than all at once.
    return TlsAdapter(_tls_context(options), pool_connections=2 * options.workers + 8, pool_maxsize=options.workers)


def _tls_context(options: HttpOptions) -> ssl.SSLContext:
    """One context for all hosts: making one costs more than a whole request."""
    context = ssl.create_default_context(cafile=options.ca_path or requests.utils.DEFAULT_CA_BUNDLE_PATH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not options.validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    if options.client_cert:
        context.load_cert_chain(options.client_cert, options.client_key)
    return context


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


def _transport_error(error: Exception, host: str, written: bool, scrubber: Scrubber = NO_SECRETS) -> TransportError:
    """Judge why no answer came. C(written) is whether any of the request may have reached the server."""
    causes = _causes(error)
    kind = next(filter(None, map(_classify, causes)), TransportKind.DROPPED)
    if any(isinstance(cause, ssl.SSLEOFError) for cause in causes) or (written and _is_late(kind, causes)):
        kind = TransportKind.DROPPED
    return TransportError(kind, host, scrubber.line(_reason(causes)), sent=written)


def _is_late(kind: TransportKind, causes: list[BaseException]) -> bool:
    """Return whether what goes by this name, and happens while connecting, broke a connection that stood."""
    return kind in _CONNECTING and not any(getattr(cause, "reason", None) in _CERTIFICATE_ALERTS for cause in causes)


def _causes(error: Exception) -> list[BaseException]:
    """The exception and all it wraps, outermost first: requests and urllib3 nest them in C(args) and C(reason)."""
    found: list[BaseException] = []
    queue: list[Any] = [error]
    while queue:
        current = queue.pop(0)
        if not isinstance(current, BaseException) or current in found:
            continue
        found.append(current)
        queue += [getattr(current, "reason", None), *current.args, current.__cause__, current.__context__]
    return found


def _classify(cause: BaseException) -> TransportKind | None:
    """Return what one exception in the chain says; None means that the inner ones tell."""
    if isinstance(cause, (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError)):
        return TransportKind.PROXY
    if isinstance(cause, (requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError)):
        return TransportKind.TLS
    if isinstance(cause, socket.gaierror):
        return TransportKind.DNS_TEMPORARY if cause.errno == socket.EAI_AGAIN else TransportKind.DNS
    if isinstance(cause, UnicodeError):
        return TransportKind.DNS
    if isinstance(cause, urllib3.exceptions.NewConnectionError):
        return _unless_unresolved(cause, TransportKind.REFUSED)
    if isinstance(cause, (requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError)):
        return _unless_unresolved(cause, TransportKind.TIMEOUT)
    if isinstance(cause, (requests.exceptions.ReadTimeout, urllib3.exceptions.TimeoutError)):
        return TransportKind.TIMEOUT
    if isinstance(cause, urllib3.exceptions.DecodeError):
        return TransportKind.BODY
    if isinstance(cause, urllib3.exceptions.ProtocolError):
        return TransportKind.DROPPED
    return None


def _unless_unresolved(cause: BaseException, kind: TransportKind) -> TransportKind:
    for inner in _causes(cause):  # type: ignore[arg-type]
        if isinstance(inner, socket.gaierror):
            return TransportKind.DNS_TEMPORARY if inner.errno == socket.EAI_AGAIN else TransportKind.DNS
    return kind


def _reason(causes: list[BaseException]) -> str:
    """Return the innermost exception's words: the outer ones repeat the URL.

    An exception of the parser quotes what the server sent, which may be a token: it is only named.
    """
    inner = causes[-1]
    own_words = (OSError, urllib3.exceptions.TimeoutError, urllib3.exceptions.DecodeError)
    # The request's own values, such as a token, are quoted by the exceptions of requests, which are OSErrors as well.
    quotes = isinstance(inner, requests.RequestException)
    shown = isinstance(inner, own_words) and not quotes and str(inner)
    return f"{type(inner).__name__}: {inner}" if shown else type(inner).__name__
