# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from email.utils import formatdate

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._retry import (
    Retry,
    RetryLog,
    backoff,
    error_delay,
    parse_retry_after,
    status_delay,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._transport_errors import TransportError, TransportKind

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 1.5 ", 1.5),
        (formatdate(NOW + 30, usegmt=True), 30),
        ("2023-11-14T22:13:50Z", 30),
        ("2023-11-14T22:13:50+00:00", 30),
        ("2023-11-14T22:13:50", 30),
        ("2001-01-01T00:00:00Z", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
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
