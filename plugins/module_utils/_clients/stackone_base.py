# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the platform API and the Hub API share: one host, one error body, one way to say what went wrong."""

from __future__ import annotations

from typing import Any

from .._core.clock import Clock
from .._core.failure import Failed, FailureCode
from .._core.text import Scrubber
from .._http.errors import TransportError, TransportKind
from .._http.quota import Quota
from .._http.retry import Told
from .._http.session import Answer, Http, Request, Service
from .profiles import ProfileCache
from .provider_errors import (
    flat_words,
    nested_body,
    provider_error,
)

_BY_STATUS = {
    401: (
        FailureCode.STACKONE_KEY_REFUSED,
        "StackOne refused the StackOne API key.",
        "Check stackone_api_key: in StackOne's dashboard, under API Keys, it must exist in this project.",
    ),
    403: (
        FailureCode.STACKONE_FORBIDDEN,
        "the StackOne API key may not do this.",
        "Give the key the Platform scope (read and write) in StackOne's dashboard, under API Keys.",
    ),
    429: (
        FailureCode.STACKONE_RATE_LIMITED,
        "StackOne's quota of requests is used up.",
        "Run again in a minute, or set requests_per_minute below what other users of the key leave over.",
    ),
}


OPENING = "open a connect session"
UNQUOTED = frozenset({OPENING})
"""Requests whose answers hold a secret, a connect session's token, perhaps where nobody expects it."""
PROXY_PATH = "/unified/proxy"
"""Where StackOne waits for a tenant before it answers."""
UNSHOWN = "its text is not shown, because it may hold a token"


class StackOneApi:
    """Sends to StackOne's host, within its quota, and turns what is no success into a Failed."""

    def __init__(self, http: Http, url: str, quota: Quota | None = None) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self.quota = quota
        self.profile_properties = ["integration_id", "connector_profile_id"]
        """The two names of the same property of a connect session (S50), the one that was taken first."""
        self.proxy_paths = ["/agents/me", "/api/v2/agents/me"]
        """Where the connector may have C(agents/me) (S71), the one that was found first."""
        self.answered = False
        """Whether this run has seen that it is StackOne's API that answers: accounts came as StackOne gives them."""
        self.profiles = ProfileCache()
        """The connector profiles by provider, as far as they were asked for (S60)."""

    @property
    def scrubber(self) -> Scrubber:
        """Return what knows the secrets of the run; whoever obtains one adds it."""
        return self._http.scrubber

    @property
    def clock(self) -> Clock:
        """Return the clock of all requests."""
        return self._http.clock

    def send(self, method: str, path: str, **request: Any) -> Answer:
        """Return the answer, whatever its status. Raises TransportError."""
        sent = Request(Service.STACKONE, method, f"{self._url}{path}", told=told_by_provider, **request)
        return self._http.send(sent, self.quota)

    def send_known(self, method: str, path: str, **request: Any) -> Answer:
        """As C(send), for requests after whose loss nothing is uncertain. Raises Failed."""
        try:
            return self.send(method, path, **request)
        except TransportError as error:
            raise unreachable(error, waits_for_tenant=path == PROXY_PATH) from None


def told_by_provider(answer: Answer) -> Told | None:
    """Return what the provider behind StackOne answered, which decides about a repetition (H17, S80, S82b)."""
    error = provider_error(answer.masked, answer.line)
    return Told(error.decisive_status, error.retry_after, passed_on=True) if error else None


def unreachable(error: TransportError, waits_for_tenant: bool = False) -> Failed:
    """StackOne gave no answer, or none that was complete."""
    hung = error.kind is TransportKind.TIMEOUT and not waits_for_tenant
    if error.sent:
        return Failed(
            FailureCode.STACKONE_UNREACHABLE,
            f"StackOne gave no complete answer: {error}.",
            "Run again later; if it stays, see StackOne's status page, and check the proxy between here and StackOne.",
            retriable=True,
            hung=hung,
        )
    return Failed(
        FailureCode.STACKONE_UNREACHABLE,
        f"StackOne could not be reached: {error}.",
        "Check stackone_url, the network, the proxy and the certificates; then run again.",
        retriable=True,
        hung=hung,
    )


def refused(answer: Answer, doing: str) -> Failed:
    """StackOne answered, but with no success."""
    words = words_for(answer, doing)
    details = {"doing": doing, "answer": words}
    if answer.status in _BY_STATUS:
        code, message, remediation = _BY_STATUS[answer.status]
        return Failed(
            code, message, remediation, http_status=answer.status, retriable=answer.status == 429, details=details
        )
    if answer.status >= 500 or answer.status == 408:
        return Failed(
            FailureCode.STACKONE_UNAVAILABLE,
            f"StackOne could not {doing} (HTTP {answer.status}: {words}).",
            "Run again later; if it stays, see StackOne's status page.",
            http_status=answer.status,
            retriable=True,
            details=details,
        )
    if answer.status < 400 or not is_stackones(answer):
        return unexpected(answer, doing)
    return Failed(
        FailureCode.STACKONE_REJECTED,
        f"StackOne would not {doing} (HTTP {answer.status}: {words}).",
        "Correct what it names, then run again.",
        http_status=answer.status,
        details=details,
    )


def is_stackones(answer: Answer) -> bool:
    """Return whether an error has the form of StackOne's own (S80); a proxy's page or JSON has not."""
    body = answer.data if isinstance(answer.data, dict) else {}
    return body.get("statusCode") == answer.status and isinstance(body.get("message"), (str, list))


def unexpected(answer: Answer, doing: str) -> Failed:
    """Return the failure of an answer that does not hold what StackOne's API is known to give.

    An answer to a request that gives out secrets is not quoted, whatever it looks like.
    """
    words = UNSHOWN if doing in UNQUOTED else answer.excerpt or "no text"
    return Failed(
        FailureCode.UNEXPECTED_ANSWER,
        f"unexpected response to the request to {doing} (HTTP {answer.status}: {words}); it does not look like"
        " StackOne's API.",
        "Check stackone_url, and that no proxy or login page answers in its place.",
        http_status=answer.status,
        details={"doing": doing, "answer": None if doing in UNQUOTED else answer.excerpt},
    )


def words_for(answer: Answer, doing: str) -> str:
    """Return what an error says, where it may be shown.

    Where a secret is asked for these are StackOne's own words alone, as they are: what stands for a secret in them is
    known by the way in which it is written there.
    """
    if doing not in UNQUOTED:
        return error_words(answer)
    said = answer.data["message"] if is_stackones(answer) else UNSHOWN
    return answer.line(said if isinstance(said, str) else "; ".join(map(str, said)))


def error_words(answer: Answer) -> str:
    """Return what StackOne, or the provider behind it, says of an error (S80, H13): the provider's words first."""
    error = provider_error(answer.masked, answer.line)
    body = nested_body(answer.masked)
    errors = body.get("errors")
    listed = "; ".join(str(item) for item in errors) if isinstance(errors, list) else None
    for words in (error.words if error else None, listed, flat_words(body.get("message"))):
        if words:
            return answer.line(words)
    return answer.excerpt or "no text"
