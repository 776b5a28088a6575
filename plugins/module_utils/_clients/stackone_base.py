# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of the platform API and the Hub API: requests to one host, and failures from their error bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._core.clock import Clock
from .._core.failure import Failed, FailureCode, cut_off
from .._core.shared import Shared
from .._core.text import Scrubber
from .._http.errors import ADVICE, TransportError, TransportKind
from .._http.messages import Answer, Request, Service
from .._http.quota import Quota
from .._http.retry import RetryFacts
from .calls import THROUGH_ACCOUNTS, Route
from .profiles import ProfileCache
from .provider_errors import flat_words, nested_body, provider_error

if TYPE_CHECKING:
    from .._http.session import Http

_BY_STATUS = {
    401: (
        FailureCode.STACKONE_KEY_REFUSED,
        "StackOne refused the StackOne API key.",
        "Check stackone_api_key, or STACKONE_API_KEY in the environment: in StackOne's dashboard, under API Keys, the key must exist in this project.",
    ),
    403: (
        FailureCode.STACKONE_FORBIDDEN,
        "the StackOne API key is not allowed to do this.",
        "Give the key the Platform scope (read and write) in StackOne's dashboard, under API Keys.",
    ),
    429: (
        FailureCode.STACKONE_RATE_LIMITED,
        "StackOne's request quota is used up.",
        "Run again in a minute, or lower requests_per_minute to leave room for other users of the key.",
    ),
}


NOT_ITS_WORDS = (
    "The answer does not have the form of StackOne's errors, so check stackone_url as well, and that no proxy or login page"
    " answers in its place."
)
OPENING = "open a connect session"
UNQUOTED = frozenset({OPENING})
"""Requests whose answers contain a secret, a connect session's token, possibly in an unexpected place."""
UNSHOWN = "its text is not shown, because it may contain a token"


class StackOneApi:
    """Send requests to StackOne within its quota, and share what is learned about it in a run."""

    def __init__(self, http: Http, url: str, quota: Quota | None = None, project_id: str | None = None) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self.quota = quota
        self.project_id = project_id
        """The project that the key must belong to, if one is declared."""
        self.profile_properties = ["integration_id", "connector_profile_id"]
        """The two names of the same property of a connect session (S50), the accepted one first."""
        self.routes = Shared()
        """The ways to call a provider through an account, by provider."""
        self.preferred_route: Route | None = None
        """The way that worked."""
        self.answered = False
        """True once an answer with accounts has proved that StackOne's API answers, and not a proxy."""
        self.profiles = ProfileCache()
        """The connector profiles that were fetched so far, by provider (S60)."""

    @property
    def scrubber(self) -> Scrubber:
        """Return the scrubber of the run. Code that obtains a secret must add it."""
        return self._http.scrubber

    @property
    def clock(self) -> Clock:
        """Return the clock that all requests use."""
        return self._http.clock

    def send(self, method: str, path: str, **request: Any) -> Answer:
        """Return the answer, whatever its status. Raise TransportError."""
        sent = Request(Service.STACKONE, method, f"{self._url}{path}", provider_facts=facts_of_provider, **request)
        return self._http.send(sent, self.quota)

    def send_known(self, method: str, path: str, **request: Any) -> Answer:
        """Send a request that can be lost without leaving anything uncertain. Raise Failed if there is no answer."""
        try:
            return self.send(method, path, **request)
        except TransportError as error:
            raise unreachable(error, waits_for_tenant=path in THROUGH_ACCOUNTS) from None


def facts_of_provider(answer: Answer) -> RetryFacts | None:
    """Return the answer of the provider behind StackOne, which decides on a repetition (H17, S80, S82b)."""
    error = provider_error(answer.masked, answer.line)
    return RetryFacts(error.decisive_status, error.retry_after, passed_on=True) if error else None


def unreachable(error: TransportError, waits_for_tenant: bool = False) -> Failed:
    """Return the failure if StackOne gave no answer, or an incomplete one."""
    if error.kind is TransportKind.STOPPED:
        return cut_off()
    hung = error.kind is TransportKind.TIMEOUT and not waits_for_tenant
    if error.sent:
        return Failed(
            FailureCode.STACKONE_UNREACHABLE,
            f"StackOne gave no complete answer: {error}.",
            "Run again later; if this persists, see StackOne's status page, and check the proxy between here and StackOne.",
            retriable=True,
            hung=hung,
        )
    return Failed(
        FailureCode.STACKONE_UNREACHABLE,
        f"StackOne could not be reached: {error}.",
        ADVICE.get(error.kind, "Check stackone_url, the network, the proxy and the certificates; then run again."),
        retriable=True,
        hung=hung,
    )


def refused(answer: Answer, doing: str) -> Failed:
    """Return the failure for an answer of StackOne without a success status."""
    words = words_for(answer, doing)
    details = {"doing": doing, "answer": words}
    if answer.status in (401, 403) and is_page(answer):
        return unexpected(answer, doing)
    if answer.status in _BY_STATUS:
        code, message, remediation = _BY_STATUS[answer.status]
        remediation = f"{remediation} {NOT_ITS_WORDS}" if from_elsewhere(answer) else remediation
        return Failed(
            code,
            message,
            remediation,
            http_status=answer.status,
            retriable=answer.status == 429,
            details=details,
        )
    if answer.status >= 500 or answer.status == 408:
        return Failed(
            FailureCode.STACKONE_UNAVAILABLE,
            f"StackOne could not {doing} (HTTP {answer.status}: {words}).",
            "Run again later; if this persists, see StackOne's status page.",
            http_status=answer.status,
            retriable=True,
            details=details,
        )
    if from_elsewhere(answer):
        return unexpected(answer, doing)
    return Failed(
        FailureCode.STACKONE_REJECTED,
        f"StackOne rejected the request to {doing} (HTTP {answer.status}: {words}).",
        "Fix the problem it reports, then run again.",
        http_status=answer.status,
        details=details,
    )


def from_elsewhere(answer: Answer) -> bool:
    """Return whether an answer without a success status is from something between here and StackOne.

    Whether StackOne carried out the request is then unknown. A status of 5xx, 408 or 429 has its own meaning, whoever
    answers.
    """
    if answer.status in (408, 429) or answer.status >= 500:
        return False
    return answer.status < 400 or not is_stackones(answer)


def is_stackones(answer: Answer) -> bool:
    """Return whether an error has the format of StackOne's own (S80), which a proxy's page or JSON does not have."""
    body = answer.data if isinstance(answer.data, dict) else {}
    return body.get("statusCode") == answer.status and isinstance(body.get("message"), (str, list))


def is_page(answer: Answer) -> bool:
    """Return whether an answer is a text that is not JSON: a page of something between here and StackOne."""
    return bool(answer.text.strip()) and not isinstance(answer.data, (dict, list))


def unexpected(answer: Answer, doing: str) -> Failed:
    """Return the failure for an answer without the content that StackOne's API is known to return.

    An answer to a request that returns secrets is never quoted.
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
    """Return the text of an error, as far as it may be shown.

    If a secret was asked for, that is only the message of StackOne's own error, unparsed: a secret in it is recognised
    by the exact way in which it is written there.
    """
    if doing not in UNQUOTED:
        return error_words(answer)
    said = answer.data["message"] if is_stackones(answer) else UNSHOWN
    return answer.line(said if isinstance(said, str) else "; ".join(map(str, said)))


def error_words(answer: Answer) -> str:
    """Return the text of an error (S80, H13): the provider's, else StackOne's."""
    error = provider_error(answer.masked, answer.line)
    body = nested_body(answer.masked)
    errors = body.get("errors")
    listed = "; ".join(str(item) for item in errors) if isinstance(errors, list) else None
    for words in (error.words if error else None, listed, flat_words(body.get("message"))):
        if words:
            return answer.line(words)
    return answer.excerpt or "no text"
