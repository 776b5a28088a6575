# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from email.utils import formatdate

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportError, TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.retry import (
    PATIENCE,
    QUOTA_PATIENCE,
    Attempts,
    Pause,
    Retry,
    RetryFacts,
    RetryLog,
    Troubles,
    backoff,
    error_delay,
    parse_retry_after,
    status_delay,
)

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 1.5 ", 1.5),
        (formatdate(NOW + 30, usegmt=True), 30),
        *((text, 30) for text in ("2023-11-14T22:13:50Z", "2023-11-14T22:13:50+00:00", "2023-11-14T22:13:50")),
        ("2001-01-01T00:00:00Z", 0),
        ("1000000000", 1_000_000_000),
        ("1" * 500, float("inf")),
        *((text, None) for text in ("soon", "-5", "", None)),
    ],
)
def test_retry_after_in_all_its_forms(text, seconds):
    assert parse_retry_after(text, NOW) == seconds


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize(("header", "delay"), [("5", 5), (None, 60), ("120", 120), ("121", None)])
def test_a_429_is_repeated_for_every_request_unless_the_wait_is_too_long(header, delay, repeatable):
    assert status_delay(429, header, 0, repeatable, NOW) == delay


@pytest.mark.parametrize("status", [429, 503])
def test_a_date_to_wait_for_counts_from_now(status):
    assert status_delay(status, formatdate(NOW + 30, usegmt=True), 0, True, NOW) == 30


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_what_may_pass_is_repeated_only_where_that_is_harmless(status):
    assert 0.5 <= status_delay(status, None, 0, True, NOW) <= 0.625
    assert 2 <= status_delay(status, None, 2, True, NOW) <= 2.5
    assert status_delay(status, "9", 0, True, NOW) == 9
    assert status_delay(status, "121", 0, True, NOW) is None
    assert status_delay(status, None, 0, False, NOW) is None


@pytest.mark.parametrize("status", [200, 201, 301, 400, 401, 403, 404, 409, 422, 501])
def test_all_else_is_final(status):
    assert status_delay(status, "1", 0, True, NOW) is None


def test_backoff_doubles_and_spreads_workers():
    assert 0.5 <= backoff(0) <= 0.625
    assert 4 <= backoff(3) <= 5
    assert len({backoff(0) for _worker in range(9)}) > 1


@pytest.mark.parametrize(
    ("kind", "sent", "repeatable", "again"),
    [
        (TransportKind.REFUSED, False, False, True),
        (TransportKind.DROPPED, True, True, True),
        (TransportKind.DROPPED, True, False, False),
        (TransportKind.TIMEOUT, True, False, False),
        (TransportKind.DNS_TEMPORARY, False, False, True),
        (TransportKind.DNS, False, True, False),
        (TransportKind.TLS, False, True, False),
        (TransportKind.BODY, True, True, False),
    ],
)
def test_a_lost_answer_is_only_asked_for_again_where_that_cannot_do_it_twice(kind, sent, repeatable, again):
    assert (error_delay(TransportError(kind, "host", "x", sent), 0, repeatable) is not None) is again


def test_a_lost_answer_is_asked_for_again_later_each_time():
    error = TransportError(TransportKind.REFUSED, "host", "x", False)
    assert 0.5 <= error_delay(error, 0, True) <= 0.625
    assert 4 <= error_delay(error, 3, True) <= 5


def test_a_pause_is_never_longer_than_half_a_minute():
    assert 30 <= backoff(6) <= 37.5
    assert 30 <= backoff(2000) <= 37.5
    assert error_delay(TransportError(TransportKind.REFUSED, "host", "x", False), 10**9, True) <= 37.5


def lost(kind):
    return TransportError(kind, "host", "x", kind is TransportKind.TIMEOUT)


def test_who_gets_no_answer_in_time_tries_once_more():
    attempts = Attempts(retries=9)
    assert attempts.delay_after_error(lost(TransportKind.TIMEOUT), True) is not None
    assert attempts.delay_after_error(lost(TransportKind.REFUSED), True) is not None
    assert attempts.delay_after_error(lost(TransportKind.TIMEOUT), True) is None


@pytest.mark.parametrize("kind", [TransportKind.STOPPED, TransportKind.UNUSABLE_PROXY, TransportKind.UNSENDABLE])
def test_what_is_the_same_each_time_is_tried_once(kind):
    assert Attempts(retries=9).delay_after_error(lost(kind), True) is None


def test_where_others_got_no_answer_in_time_none_is_waited_for_twice():
    late = lost(TransportKind.TIMEOUT)
    assert Attempts(retries=9).delay_after_error(late, True)
    assert Attempts(retries=9).delay_after_error(late, True, silent=True) is None
    assert Attempts(retries=9).delay_after_error(lost(TransportKind.REFUSED), True, silent=True)


def delays(attempts, count, told, own_quota=False):
    """So many answers in a row, and the waits between them."""
    return [attempts.delay_after_answer(told, own_quota, True, NOW) for _answer in range(count)]


def test_a_request_waits_five_minutes_in_all():
    assert delays(Attempts(retries=9), 4, RetryFacts(503, "120")) == [120, 120, None, None]
    lost_ones = [Attempts(retries=2000).delay_after_error(lost(TransportKind.REFUSED), True)] * 2
    assert all(lost_ones)
    attempts, waited = Attempts(retries=2000), 0.0
    while (delay := attempts.delay_after_error(lost(TransportKind.REFUSED), True)) is not None:
        waited += delay
    assert waited <= PATIENCE == 300


@pytest.mark.parametrize("retries", [0, 3])
def test_a_quota_that_others_use_up_is_no_failed_attempt(retries):
    attempts = Attempts(retries)
    assert delays(attempts, 11, RetryFacts(429, "60"), own_quota=True) == [*[60] * 10, None]
    assert attempts.failed == 0


def test_a_quota_that_says_at_once_is_asked_less_and_less_often():
    waits = [delay for delay in delays(Attempts(retries=0), 50, RetryFacts(429, "0"), own_quota=True) if delay]
    assert 20 < len(waits) < 30
    assert sum(waits) <= QUOTA_PATIENCE
    assert waits[-1] > 20


def test_a_limit_that_is_another_services_counts():
    assert delays(Attempts(retries=2), 3, RetryFacts(429, "7", passed_on=True)) == [7, 7, None]


class TestTroubles:
    """How long a run waits for a host."""

    def test_for_all_requests_together(self):
        troubles = Troubles()
        assert troubles.allow("host", 120, NOW)
        assert troubles.allow("host", 120, NOW + 180)
        assert not troubles.allow("host", 120, NOW + 181)
        assert troubles.allow("other", 120, NOW + 181)

    def test_anew_once_it_works(self):
        troubles = Troubles()
        troubles.allow("host", 1, NOW)
        troubles.none("host")
        troubles.none("never in trouble")
        assert troubles.allow("host", 120, NOW + 1000)


def test_the_pause_that_ends_last_is_told():
    log, short, long = RetryLog(), Pause("GET /a", "HTTP 503", 10.0), Pause("GET /b", "HTTP 503", 20.0)
    assert log.longest_pause is None
    with log.pausing(long), log.pausing(short):
        assert log.longest_pause is long
    assert log.longest_pause is None


LISTING, LINKING = Retry("GET /accounts", "HTTP 503", 0.5), Retry("POST /hub/accounts", "HTTP 429", 60.0)


@pytest.mark.parametrize(
    ("retries", "summary"),
    [
        ([], None),
        ([LISTING], "Repeated 1 request (GET /accounts: HTTP 503); waited 0.5 s in all."),
        ([LISTING] * 2, "Repeated 2 requests (GET /accounts: HTTP 503 (2 times)); waited 1.0 s in all."),
        (
            [LISTING, LINKING, LISTING],
            "Repeated 3 requests (GET /accounts: HTTP 503 (2 times); POST /hub/accounts: HTTP 429); waited 61.0 s in all.",
        ),
    ],
)
def test_the_summary_says_what_and_how_long(retries, summary):
    assert RetryLog(retries).summary() == summary


@pytest.mark.parametrize(
    ("paths", "kind"),
    [
        (["/stackone/accounts/45320976103598426371", "/stackone/accounts/Abc_d-"], "/stackone/accounts/{id}"),
        (["/hub/connectors/bWFpbi1wcm9maWxl", "/hub/connectors/other"], "/hub/connectors/{id}"),
        (["/api/v2/agents/17", "/api/v2/agents/21"], "/api/v2/agents/{id}"),
        (["/api/v2/agents/me"] * 2, "/api/v2/agents/me"),
        (["/accounts"] * 2, "/accounts"),
    ],
)
def test_the_summary_groups_what_differs_in_an_id_alone(paths, kind):
    """A run over a thousand tenants may have repeated a request for each."""
    summary = RetryLog([Retry(f"GET {path}", "HTTP 503", 0.5) for path in paths]).summary()
    assert summary == f"Repeated 2 requests (GET {kind}: HTTP 503 (2 times)); waited 1.0 s in all."
