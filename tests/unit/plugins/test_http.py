# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each broken connection proves: above all, whether the request may have been carried out; and what is sent again."""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import replace

import pytest
import requests
import urllib3

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.clock import Clock, Stopped
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.causes import _judged
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportError, TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.messages import Answer, Request, Service
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.retry import Retry, RetryFacts
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.session import Http, HttpOptions

EOF = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
LATER = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def caused(error, cause):
    error.__cause__ = cause
    return error


def failed_to_connect(cause):
    error = caused(urllib3.exceptions.NewConnectionError(None, "failed"), cause)
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", error))


RESET = urllib3.exceptions.ProtocolError("aborted", ConnectionResetError())
CERTIFICATE_WANTED = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required")
CERTIFICATE_WANTED.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"


@pytest.mark.parametrize(
    ("error", "before", "after"),
    [
        (requests.exceptions.SSLError(urllib3.exceptions.SSLError(EOF)), "dropped", "dropped"),
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError("self-signed")), "tls", "dropped"),
        (requests.exceptions.SSLError(urllib3.exceptions.SSLError(CERTIFICATE_WANTED)), "tls", "tls"),
        (RESET, "dropped", "dropped"),
        (requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted")), "dropped", "dropped"),
        *((error(), "timeout", "timeout") for error in (requests.ReadTimeout, requests.ConnectTimeout)),
        (urllib3.exceptions.ReadTimeoutError(None, "/", "slow"), "timeout", "timeout"),
        (urllib3.exceptions.ConnectTimeoutError("slow"), "timeout", "timeout"),
        (caused(urllib3.exceptions.ConnectTimeoutError("slow"), UNKNOWN), "dns", "dropped"),
        (caused(urllib3.exceptions.ConnectTimeoutError("slow"), LATER), "dns_temporary", "dropped"),
        (failed_to_connect(ConnectionRefusedError()), "refused", "dropped"),
        *((made(UNKNOWN), "dns", "dropped") for made in (failed_to_connect, requests.ConnectionError)),
        *((made(LATER), "dns_temporary", "dropped") for made in (failed_to_connect, requests.ConnectionError)),
        (caused(requests.ConnectionError(OSError("inner")), UNKNOWN), "dns", "dropped"),
        (UnicodeError("label too long"), "dns", "dropped"),
        *(
            (made(OSError(errno.EMFILE, "x")), "no_files", "dropped")
            for made in (failed_to_connect, requests.ConnectionError)
        ),
        (OSError(errno.ENFILE, "x"), "no_files", "dropped"),
        (failed_to_connect(socket.gaierror(socket.EAI_SYSTEM, "x")), "dns_temporary", "dropped"),
        (failed_to_connect(socket.gaierror(socket.EAI_MEMORY, "x")), "dns_temporary", "dropped"),
        (requests.exceptions.ProxyError(OSError("tunnel")), "proxy", "dropped"),
        (urllib3.exceptions.ProxyError("tunnel", OSError()), "proxy", "dropped"),
        (requests.exceptions.ProxyError(failed_to_connect(ConnectionRefusedError())), "proxy", "dropped"),
        (urllib3.exceptions.SSLError("handshake"), "tls", "dropped"),
        (ssl.SSLError("handshake"), "tls", "dropped"),
        (urllib3.exceptions.DecodeError("gzip"), "body", "body"),
        (ConnectionResetError(), "dropped", "dropped"),
    ],
)
def test_transport_errors_before_and_after_the_request_was_written(error, before, after):
    for written, kind in ((False, before), (True, after)):
        found = _judged(error, "host:443", written)
        assert (found.kind.value, found.sent) == (kind, written)
        assert str(found).startswith("host:443: ")


def while_handling(cause):
    try:
        try:
            raise cause
        except OSError:
            raise requests.ConnectionError("https://host/?secret=1")  # noqa: B904
    except requests.ConnectionError as error:
        return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (failed_to_connect(ConnectionRefusedError("refused it")), "(ConnectionRefusedError: refused it)"),
        (requests.ConnectionError("https://host/?secret=1", OSError("no route")), "(OSError: no route)"),
        (while_handling(OSError("no route")), "(OSError: no route)"),
        (urllib3.exceptions.ProtocolError("aborted", ConnectionResetError()), "(ConnectionResetError)"),
    ],
)
def test_the_innermost_cause_is_told_because_the_outer_ones_repeat_the_url(error, words):
    assert str(_judged(error, "host:443", False)).endswith(words)


def test_causes_that_name_each_other_end():
    first, second = OSError("first"), OSError("second")
    first.__context__, second.__context__ = second, first
    assert _judged(first, "host", False).detail == "OSError: second"


REFUSED, LOST, UNKNOWN_HOST, LATE = (
    TransportError(TransportKind.REFUSED, "host", "x", False),
    TransportError(TransportKind.DROPPED, "host", "x", True),
    TransportError(TransportKind.DNS, "host", "x", False),
    TransportError(TransportKind.TIMEOUT, "host", "x", True),
)
NO_CONNECTION = "no connection could be made"


def answer(status, **headers):
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, "")


class Waiting(Clock):
    """Sleeps for no time, and remembers for how long it should have."""

    def __init__(self):
        self.slept = []

    now = staticmethod(lambda: 1_700_000_000.0)

    def sleep(self, seconds):
        self.slept.append(round(seconds))


class Held:
    """A quota that is never used up by itself."""

    def __init__(self):
        self.entered, self.held = 0, []

    def __enter__(self):
        self.entered += 1

    def __exit__(self, *_args):
        pass

    def hold(self, seconds):
        self.held.append(seconds)
        return seconds


def sending(monkeypatch, outcomes, retries=3):
    """An Http whose requests end one after the other as given."""
    http = Http(HttpOptions(retries=retries), Waiting())
    left = list(outcomes)

    def once(_request):
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(http, "_once", once)
    return http


def request(repeatable=True):
    return Request(Service.STACKONE, "POST", "https://host/hub/accounts?token=secret", repeatable=repeatable)


@pytest.mark.parametrize(("method", "status", "last"), [("PATCH", 504, 504), ("PATCH", 429, None), ("GET", 504, None)])
def test_a_run_that_stops_before_a_repetition_keeps_the_answer_of_a_change_that_may_be_made(
    monkeypatch, method, status, last
):
    """History 3552 of `make simulate`: a change was made, and the run that was stopped then did not say that it may be."""
    http = sending(monkeypatch, [answer(status, Retry_After="7")])

    def stop(_seconds):
        raise Stopped("by SIGTERM")

    monkeypatch.setattr(http.clock, "sleep", stop)
    asked = replace(request(), method=method)
    if last:
        assert http.send(asked).status == last
    else:
        with pytest.raises(Stopped):
            http.send(asked)


@pytest.mark.parametrize(
    ("outcomes", "repeatable", "status", "slept"),
    [
        ([answer(200)], True, 200, []),
        ([answer(403)], True, 403, []),
        ([answer(503, Retry_After="7"), answer(200)], True, 200, [7]),
        ([answer(503, Retry_After="7")], False, 503, []),
        ([answer(429), answer(200)], False, 200, [60]),
        ([answer(429, Retry_After="Tue, 14 Nov 2023 22:14:00 GMT"), answer(200)], False, 200, [40]),
        ([REFUSED, answer(200)], False, 200, [1]),
        ([LOST, answer(200)], True, 200, [1]),
        ([LOST], False, "dropped", []),
        ([UNKNOWN_HOST], True, "dns", []),
        ([LATE, LATE], True, "timeout", [1]),
        ([LATE, answer(200)], True, 200, [1]),
        ([answer(429, Retry_After="60")] * 5 + [answer(200)], False, 200, [60] * 5),
        ([answer(503, Retry_After="110")] * 3, True, 503, [110, 110]),
        ([REFUSED, answer(503, Retry_After="7"), answer(429), answer(200)], True, 200, [1, 7, 60]),
        ([answer(503, Retry_After="7")] * 4, True, 503, [7, 7, 7]),
        ([answer(500), REFUSED, answer(500), REFUSED], True, "refused", [1, 1, 2]),
    ],
)
def test_what_is_sent_again_and_after_how_long(monkeypatch, outcomes, repeatable, status, slept):
    monkeypatch.setattr("random.uniform", lambda _least, most: most)
    http = sending(monkeypatch, outcomes)
    if isinstance(status, int):
        assert http.send(request(repeatable)).status == status
    else:
        with pytest.raises(TransportError) as caught:
            http.send(request(repeatable))
        assert caught.value.kind.value == status
    assert http.clock.slept == slept
    assert http.requests_sent[Service.STACKONE] == len(slept) + 1


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_no_more_retries_than_allowed(monkeypatch, retries):
    http = sending(monkeypatch, [answer(503, Retry_After="0")] * 9, retries)
    assert http.send(request()).status == 503
    assert http.requests_sent[Service.STACKONE] == retries + 1
    lost = sending(monkeypatch, [REFUSED] * 9, retries)
    with pytest.raises(TransportError):
        lost.send(request())
    assert lost.requests_sent[Service.STACKONE] == retries + 1


class Passing(Waiting):
    """Time that passes while somebody sleeps."""

    def monotonic(self):
        return 1000.0 + sum(self.slept)


def test_a_run_does_not_wait_for_a_host_again_and_again(monkeypatch):
    """All tenants of a list would wait for it, one after the other. Another host is waited for, and this one too once it
    works."""
    http = sending(monkeypatch, [answer(503, Retry_After="120")] * 9)
    http.clock = Passing()
    elsewhere = Request(Service.FRESHSERVICE, "GET", "https://elsewhere/")
    for sent in (request(), request(), elsewhere):
        http.send(sent)
    assert http.clock.slept == [120, 120, 120, 120]
    monkeypatch.setattr(http, "_once", lambda _request: answer(404))
    http.send(request())
    outcomes = [answer(503, Retry_After="120"), answer(200)]
    monkeypatch.setattr(http, "_once", lambda _request: outcomes.pop(0))
    assert http.send(request()).ok


def test_what_hangs_for_one_is_not_tried_twice_for_the_next_until_it_answers(monkeypatch):
    http = sending(monkeypatch, [LATE, LATE, LATE, LATE, answer(200), answer(200), LATE, answer(200)])
    other = Request(Service.STACKONE, "POST", "https://other/hub/accounts")
    for expected in (2, 1):
        before = http.requests_sent[Service.STACKONE]
        with pytest.raises(TransportError):
            http.send(request())
        assert http.requests_sent[Service.STACKONE] == before + expected
    assert http.send(other).ok
    assert http.send(request()).ok
    assert http.send(request()).ok


def test_what_is_waited_for_is_told_meanwhile(monkeypatch):
    http, told = sending(monkeypatch, [answer(503, Retry_After="7"), answer(200)]), []
    monkeypatch.setattr(http.clock, "sleep", lambda _seconds: told.append(http.waiting_for))
    http.clock.monotonic = lambda: 1000.0
    http.send(request())
    assert told == [("POST /hub/accounts: HTTP 503", 7.0)]
    assert http.waiting_for is None


def test_retries_are_logged_without_query_and_the_last_answer_is_given_back(monkeypatch):
    monkeypatch.setattr("random.uniform", lambda least, _most: least)
    http = sending(monkeypatch, [REFUSED, answer(503, Retry_After="7"), answer(200)])
    http.send(request())
    request_line = "POST /hub/accounts"
    assert http.retry_log.retries == [Retry(request_line, NO_CONNECTION, 0.5), Retry(request_line, "HTTP 503", 7.0)]


@pytest.mark.parametrize(
    ("outcome", "held", "slept", "waited"),
    [
        (answer(429, Retry_After="9"), [9.0], [], 9.0),
        (answer(503, Retry_After="9"), [], [9], 9),
        (REFUSED, [], [1], 0.625),
    ],
)
def test_a_429_slows_all_who_share_the_quota(monkeypatch, outcome, held, slept, waited):
    monkeypatch.setattr("random.uniform", lambda _least, most: most)
    quota, http = Held(), sending(monkeypatch, [outcome, answer(200)])
    assert http.send(request(), quota).status == 200
    assert (quota.held, quota.entered) == (held, 2)
    assert http.clock.slept == slept
    assert http.retry_log.waited == waited


@pytest.mark.parametrize(
    ("told", "slept", "tries"),
    [
        (RetryFacts(401, passed_on=True), [], 1),
        (RetryFacts(400, "7", passed_on=True), [], 1),
        (RetryFacts(429, "9", passed_on=True), [9], 2),
        (RetryFacts(429, None, passed_on=True), [60], 2),
        (RetryFacts(503, "7", passed_on=True), [7], 2),
        (RetryFacts(429, "1521", passed_on=True), [], 1),
        (None, [1], 2),
    ],
)
def test_what_an_answer_passes_on_decides_before_its_status(monkeypatch, told, slept, tries):
    """And a quota is not held for another service's limit."""
    monkeypatch.setattr("random.uniform", lambda _least, most: most)
    quota, http = Held(), sending(monkeypatch, [answer(502), answer(200)])
    http.send(replace(request(), provider_facts=lambda _answer: told), quota)
    assert (http.clock.slept, http.requests_sent[Service.STACKONE], quota.held) == (slept, tries, [])


def test_a_success_is_not_asked_what_it_passes_on(monkeypatch):
    http = sending(monkeypatch, [answer(200)])
    assert (
        http.send(replace(request(), provider_facts=lambda _answer: RetryFacts(503, "0", passed_on=True))).status == 200
    )


def test_the_environments_netrc_is_not_read(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    seen = []

    def send(prepared, **_options):
        seen.append(prepared.headers.get("Authorization"))
        raise requests.ConnectionError("enough")

    http = Http(HttpOptions(retries=0))
    monkeypatch.setattr(http._adapter, "send", send)
    with pytest.raises(Exception, match=r"127\.0\.0\.1"):
        http.send(Request(Service.STACKONE, "GET", "http://127.0.0.1:9/hub/settings"))
    assert seen == [None]
