# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an error answer of StackOne tells of the provider: the body before the status (H13, H17, S80, S82b)."""

from __future__ import annotations

import json

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.hub import Sent, _submission
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.provider_errors import (
    ProviderError,
    flat_words,
    nested_body,
    provider_error,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.stackone_base import (
    error_words,
    facts_of_provider,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.text import READ_LIMIT
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.messages import Answer
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.retry import RetryFacts

RAW = {"code": "invalid_credentials", "message": "You have to be logged in."}
OVER = {"message": "The API rate limit allotted for your Freshservice domain has been exhausted"}
AFTER_7 = {"Retry-After": 7}
STATUSES = (400, 401, 403, 409, 422, 429, 500, 502, 503, 504)


def answer(status, data):
    return Answer(status, {}, json.dumps(data), data)


def entry(status, *raw, **more):
    return {"url": "/api/v2/agents", "status": status, "raw": raw[0] if raw else RAW, **more}


def told(*entries):
    return {"provider_errors": list(entries)}


FORMS = {
    "list": told(entry(401)),
    "list_of_digits": told(entry("401")),
    "list_with_an_empty_body": {**told(entry(401, "")), "provider_response": json.dumps(RAW)},
    "list_after_a_broken_one": told("words", {"status": None}, {"raw": RAW}, entry(401)),
    "list_after_a_busy_one": told(entry(429), entry(503), entry(401)),
    "in_data": {"statusCode": 502, "message": "x", "data": told(entry(401))},
    "in_the_message": {"message": json.dumps({"message": "x", **told(entry(401))})},
    "in_the_data_of_the_message": {"message": json.dumps({"message": "x", "data": told(entry(401))})},
    "text": {"message": "x", "provider_response": json.dumps(RAW)},
    "json": {"message": "x", "provider_response": RAW},
    "text_in_the_message": {"message": json.dumps({"message": "x", "provider_response": json.dumps(RAW)})},
    "both": {"provider_response": json.dumps(RAW), **told(entry(401))},
    "stackones_name": {"message": "You have to be logged in.", "errorCode": "AccountInvalidCredentialsError"},
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("body", FORMS.values(), ids=FORMS)
def test_a_refused_key_is_final_in_every_form_and_under_every_status(status, body):
    told_by = facts_of_provider(answer(status, body))
    assert told_by.passed_on
    assert told_by.status in (400, 401)
    submission = _submission(answer(status, body))
    assert submission.sent is Sent.REFUSED
    failure = submission.error.failure
    assert (failure.code.value, failure.retriable, failure.http_status) == ("credentials_refused", False, status)
    assert "You have to be logged in." in failure.message
    assert error_words(answer(status, body)) == "You have to be logged in."


@pytest.mark.parametrize("stackones", [400, 429, 500, 502])
@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        (told(entry(429, OVER)), "rate_limited", 429),
        ({"provider_response": json.dumps(OVER)}, "rate_limited", 429),
        ({"message": json.dumps({"provider_response": OVER})}, "rate_limited", 429),
        (told(entry(408, "")), "unreachable", 408),
        (told(entry(500)), "unreachable", 500),
        (told(entry(503, "<h1>Down for maintenance</h1>")), "unreachable", 503),
        (told(entry(503), entry(429)), "unreachable", 503),
    ],
)
def test_a_busy_or_broken_provider_is_not_a_refused_key(stackones, body, code, status):
    assert facts_of_provider(answer(stackones, body)).status == status
    submission = _submission(answer(stackones, body))
    # The provider answered: nothing was made, and nothing is uncertain (S82b).
    assert submission.sent is Sent.REFUSED
    failure = submission.error.failure
    assert (failure.code.value, failure.retriable) == (code, True)
    assert "could not test the domain and key" in failure.message
    assert "<h1>" not in failure.message


@pytest.mark.parametrize(
    ("status", "final"),
    [
        *((status, True) for status in (300, 302, 400, 401, 403, 404, 409, 410, 422, 499, 200)),
        *((status, False) for status in (408, 429, 500, 502, 503, 504, 599)),
    ],
)
def test_what_is_final_and_what_passes(status, final):
    assert ProviderError(status).final is final


NOTHING = [
    *(None, [], "words", {}, {"message": "x"}),
    *({"provider_errors": errors} for errors in ([], {}, None, ["words"], [{}], [{"status": None, "raw": RAW}])),
    *({"provider_errors": [{"status": status}]} for status in (True, 0, "soon", 4010)),
    *({"provider_response": response} for response in ("", None, 7)),
    *({"errorCode": code} for code in ("AnotherError", ["AccountInvalidCredentialsError"])),
    *({"message": "[" * 40_000}, {"message": "{" * 40_000}),
    {"data": [told(entry(401))]},
]


@pytest.mark.parametrize("body", NOTHING, ids=lambda body: str(body)[:60])
def test_where_no_provider_is_told_of_the_status_decides(body):
    assert provider_error(body) is None
    assert facts_of_provider(answer(502, body)) is None
    assert _submission(answer(502, body)).sent is Sent.UNCERTAIN
    assert _submission(answer(401, body)).sent is Sent.ACCEPTED
    refusal = {"statusCode": 401, "message": "No", **(body if isinstance(body, dict) else {})}
    assert _submission(answer(401, refusal)).sent is Sent.SESSION_REFUSED


@pytest.mark.parametrize(
    ("headers", "retry_after"),
    [
        ({"Retry-After": "7"}, "7"),
        ({"retry-after": 7}, "7"),
        ({"RETRY-AFTER": "Wed, 25 Nov 2026 10:00:00 GMT"}, "Wed, 25 Nov 2026 10:00:00 GMT"),
        *((headers, None) for headers in ({"Retry-After": ["7"]}, {}, None, [["Retry-After", "7"]])),
    ],
)
def test_the_providers_own_retry_after(headers, retry_after):
    body = told(entry(429, OVER, headers=headers))
    assert facts_of_provider(answer(502, body)) == RetryFacts(429, retry_after, passed_on=True)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("plain words", "plain words"),
        ('{"description": "Validation failed"}', "Validation failed"),
        ({"errors": [{"code": "access_denied", "message": "No"}]}, "No"),
        ({"errors": []}, '{"errors": []}'),
        ({"errors": ["words"]}, '{"errors": ["words"]}'),
        ({"message": "", "description": "Validation failed"}, "Validation failed"),
        ("x" * (READ_LIMIT + 1), "x" * READ_LIMIT),
        ("<html><title>A</title><p>B</p></html>", "A B"),
        ("", None),
        ("{}", "{}"),
        (7, None),
    ],
)
def test_the_readable_words(raw, words):
    found = flat_words(raw)
    assert (" ".join(found.split()) if found else found) == words


@pytest.mark.parametrize(
    ("body", "read"),
    [
        # The raw body is of this very answer; `provider_response` only stands in where there is none.
        ({**told(entry(401)), "provider_response": OVER}, ProviderError(401, RAW)),
        ({**told(entry(401, json.dumps(RAW)))}, ProviderError(401, RAW)),
        ({**told(entry(401, "")), "provider_response": RAW}, ProviderError(401, RAW)),
        ({**told(entry(503, None, headers=AFTER_7)), "provider_response": RAW}, ProviderError(503, RAW, "7")),
        ({"errorCode": "AccountExpiredCredentialsError", "provider_response": RAW}, ProviderError(401, RAW)),
        ({"message": "\n " + json.dumps(told(entry(403)))}, ProviderError(403, RAW)),
        ({"message": json.dumps({"message": json.dumps(told(entry(401)))})}, ProviderError(401, RAW)),
        (told(entry(200)), ProviderError(200, RAW)),
        (told(entry(599)), ProviderError(599, RAW)),
        (told(entry(199)), None),
        (told(entry(600)), None),
    ],
)
def test_what_is_read_of_the_provider(body, read):
    assert provider_error(body) == read


@pytest.mark.parametrize("nest", [lambda body: {"data": body}, lambda body: {"message": json.dumps(body)}])
def test_a_body_is_read_three_deep_and_no_deeper(nest):
    body = told(entry(401))
    assert provider_error(nest(nest(body)))
    assert provider_error(nest(nest(nest(body)))) is None


def test_a_body_that_nests_without_end_is_no_defect():
    body = told(entry(401))
    for _level in range(5000):
        body = {"data": body}
    assert provider_error(body) is None


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"message": "x", "code": 1}, {"message": "x", "code": 1}),
        ({"message": json.dumps({"message": "y"}), "code": 1}, {"message": "y", "code": 1}),
        ({"message": json.dumps({"code": 2}), "code": 1}, {"message": json.dumps({"code": 2}), "code": 2}),
        *((data, {}) for data in ("words", None, [1])),
    ],
)
def test_what_the_json_in_a_message_says_counts(data, body):
    assert nested_body(data) == body


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"statusCode": 401, "message": "Unauthorized", "headers": {}}},
        {"data": json.dumps({"statusCode": 401, "message": "Unauthorized"})},
        {"provider_errors": {"status": 401, "raw": "Unauthorized"}},
        {"provider_errors": [{"status": 401.0, "raw": "Unauthorized"}]},
    ],
)
def test_a_refusal_in_a_form_that_is_less_usual_is_final_as_well(body):
    error = provider_error({"statusCode": 502, "message": "Bad gateway", **body})
    assert (error.status, error.final, error.words) == (401, True, "Unauthorized")


@pytest.mark.parametrize(("status", "known"), [(399, False), (400, True), (503, True)])
def test_the_status_and_the_headers_in_the_data_of_an_error(status, known):
    body = {"statusCode": 502, "message": "x", "data": {"statusCode": status, "message": "y", "headers": AFTER_7}}
    facts = facts_of_provider(answer(502, body))
    assert (facts and (facts.status, facts.retry_after)) == ((status, "7") if known else None)
