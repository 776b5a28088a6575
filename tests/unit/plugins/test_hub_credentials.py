# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Hub client: what an account stores, and what became of credentials that were sent."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.hub import (
    AccountView,
    Sent,
    Submission,
    credentials_refused,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import FailureCode
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportKind
from tests.support.hub_client import HTML, failed
from tests.support.services_in_memory import answers, breaks, error, refuses, reply

CREDENTIALS = {"domain": "acme", "apiKey": "key-of-an-agent"}
FORM = {"authConfigKey": "one", "environment": "live"}
OTHERS_ERROR = {"message": "no", "error": "no route"}
FOREIGN = [
    *((200, []), (200, HTML), (302, HTML), (300,), (399,), (199,)),
    *((status, HTML) for status in (400, 401, 403, 404, 413)),
    *(
        (400,),
        (401,),
        (401, {"message": "no"}),
        (403,),
        (403, {"message": "no"}),
        (404, OTHERS_ERROR),
        (422, {"message": "no", "statusCode": 404}),
    ),
]
"""What an answer that is not the Hub's can be: statuses, some with data."""


def paths(services):
    return [path for _verb, path, _request in services.log]


@pytest.mark.parametrize("data", [HTML, [], None])
def test_what_is_no_answer_about_settings(services, hub, session, data):
    services.on("GET", "/hub/settings", answers(200, data))
    failure = failed(hub.existing_account_id, session)
    assert failure.details["doing"] == "read the Hub's settings"


class TestView:
    @pytest.mark.parametrize(
        ("data", "view"),
        [
            ({"setupInformation": {"domain": "a"}}, AccountView({"domain": "a"})),
            ({"setupInformation": None, "secrets": None}, AccountView()),
            ({"setupInformation": [], "secrets": []}, AccountView()),
            (
                {"setupInformation": {}, "secrets": {"k": "v"}, "integrationId": 7, **FORM},
                AccountView({}, {"k": "v"}, "7", "one", "live"),
            ),
            ({"setupInformation": {}, "integrationId": "", "authConfigKey": [], "environment": None}, AccountView()),
        ],
    )
    def test_what_an_account_stores(self, services, hub, session, data, view):
        services.on("GET", "/hub/accounts/a1", answers(200, data))
        assert hub.view(session, "a1") == view
        assert services.requests("GET", "/hub/accounts/a1")[0].headers["x-hub-session-token"] == session.token

    @pytest.mark.parametrize("data", [HTML, [], None, {}, {"secrets": {}}])
    def test_what_is_no_view(self, services, hub, session, data):
        services.on("GET", "/hub/accounts/a1", answers(200, data))
        failure = failed(hub.view, session, "a1")
        assert failure.code is FailureCode.UNEXPECTED_ANSWER
        assert failure.details["doing"] == "show what the account stores"

    def test_other_refusals_do_not_ask_for_the_settings(self, services, hub, session):
        services.on("GET", "/hub/accounts/a1", refuses(500, "no"))
        assert failed(hub.view, session, "a1").code is FailureCode.STACKONE_UNAVAILABLE
        assert "/hub/settings" not in paths(services)

    def test_an_id_that_leads_elsewhere_is_never_asked_for(self, services, hub, session):
        assert failed(hub.view, session, "../x").code is FailureCode.ACCOUNT_MISMATCH


class TestSubmission:
    def test_what_is_empty_is_left_out(self, services, hub, session):
        hub.create(session, "p1", {**CREDENTIALS, "region": ""})
        (post,) = services.requests("POST", "/hub/accounts")
        assert post.body == {"integration_id": "p1", "credentials": CREDENTIALS}
        assert post.headers == {"x-hub-session-token": session.token, "x-hub-version": "1.11.4"}
        assert post.repeatable is False

    def test_an_edit_may_be_repeated(self, services, hub, session):
        services.on("PATCH", "/hub/accounts/a1", answers(200, {"id": "a1"}))
        services.shown["a1"] = ("freshservice", "1")
        assert hub.edit(session, "a1", "p1", CREDENTIALS) == Submission(Sent.ACCEPTED, "a1", 200)
        (edit,) = services.requests("PATCH")
        assert (edit.body, edit.repeatable) == ({"integration_id": "p1", "credentials": CREDENTIALS}, True)

    @pytest.mark.parametrize(
        ("kind", "was_sent", "sent", "late"),
        [
            (TransportKind.DROPPED, True, Sent.UNCERTAIN, False),
            (TransportKind.TIMEOUT, True, Sent.UNCERTAIN, True),
            (TransportKind.REFUSED, False, Sent.REFUSED, False),
        ],
    )
    def test_no_answer(self, services, hub, session, kind, was_sent, sent, late):
        services.on("POST", "/hub/accounts", breaks(kind, sent=was_sent))
        submission = hub.create(session, "p1", CREDENTIALS)
        assert (submission.sent, submission.late, submission.foreign) == (sent, late, False)
        assert (submission.account_id, submission.http_status) == (None, None)
        assert submission.words.startswith("api.stackone.com: ")
        assert submission.error.failure.code is FailureCode.STACKONE_UNREACHABLE

    @pytest.mark.parametrize(
        ("answer", "sent", "account_id", "foreign", "code"),
        [
            (reply(200, {"id": "a1"}), Sent.ACCEPTED, "a1", False, None),
            (reply(201, {"id": 17}), Sent.ACCEPTED, "17", False, None),
            *((reply(200, {"id": id_}), Sent.ACCEPTED, None, False, "unexpected_answer") for id_ in ("a/b", None)),
            (reply(204), Sent.ACCEPTED, None, False, "unexpected_answer"),
            *((reply(*other), Sent.ACCEPTED, None, True, "unexpected_answer") for other in FOREIGN),
            *((error(status, "no"), Sent.SESSION_REFUSED, None, False, "credentials_refused") for status in (401, 403)),
            *((error(status, "no"), Sent.REFUSED, None, False, "credentials_refused") for status in (400, 422)),
            *((error(status, "no"), Sent.REFUSED, None, False, "stackone_rejected") for status in (404, 409, 413)),
            (error(429, "no"), Sent.REFUSED, None, False, "stackone_rate_limited"),
            (reply(429, HTML), Sent.REFUSED, None, False, "stackone_rate_limited"),
            *((error(status, "no"), Sent.UNCERTAIN, None, False, "stackone_unavailable") for status in (408, 500)),
            (reply(502, HTML), Sent.UNCERTAIN, None, False, "stackone_unavailable"),
        ],
    )
    def test_what_became_of_the_credentials(self, services, hub, session, answer, sent, account_id, foreign, code):
        services.on("POST", "/hub/accounts", lambda _request, _perform: answer)
        submission = hub.create(session, "p1", CREDENTIALS)
        assert (submission.sent, submission.account_id, submission.foreign) == (sent, account_id, foreign)
        assert (submission.http_status, submission.late) == (answer.status, False)
        failure = submission.error and submission.error.failure
        assert (failure and failure.code.value) == code
        assert failure is None or failure.http_status == answer.status
        if answer.status >= 300 and answer.text:
            unclear = submission.sent in (Sent.UNCERTAIN, Sent.ACCEPTED)
            words = "no" if isinstance(answer.data, dict) else "Please log in"
            assert submission.words == (f"HTTP {answer.status}: {words}" if unclear else words)
        if code == "unexpected_answer":
            assert failure.details["doing"] == "accept the credentials"
            assert "accept the credentials" in failure.message
        if code in ("stackone_unavailable", "stackone_rate_limited"):
            assert failure.details["doing"] == "accept the credentials"
        if code == "credentials_refused":
            assert failure.message == "StackOne tested the domain and key and refused them (no)."
            assert failure.details == {"answer": "no"}

    @pytest.mark.parametrize(
        ("answer", "words"), [(reply(204), "HTTP 204: no text"), (reply(200, HTML), "HTTP 200: Please log in")]
    )
    def test_an_answer_that_names_no_account_is_quoted(self, services, hub, session, answer, words):
        services.on("POST", "/hub/accounts", lambda _request, _perform: answer)
        assert hub.create(session, "p1", CREDENTIALS).words == words

    @pytest.mark.parametrize(
        ("told", "code", "message", "details"),
        [
            ({"status": 401, "raw": {"message": "No"}}, "credentials_refused", "refused them (No).", ("No", 401)),
            ({"status": 403, "raw": ""}, "credentials_refused", "refused them (HTTP 403).", ("HTTP 403", 403)),
            ({"status": 429, "raw": {"message": "Busy"}}, "rate_limited", "calls (HTTP 429: Busy).", ("Busy", 429)),
            ({"status": 503, "raw": "Down"}, "unreachable", "an error (HTTP 503: Down).", ("Down", 503)),
        ],
    )
    def test_what_the_provider_said(self, services, hub, session, told, code, message, details):
        services.on("POST", "/hub/accounts", refuses(502, "x", provider_errors=[told]))
        submission = hub.create(session, "p1", CREDENTIALS)
        failure = submission.error.failure
        assert (submission.sent, submission.http_status) == (Sent.REFUSED, 502)
        assert submission.words == (details[0] if told["raw"] else "x")
        assert (failure.code.value, failure.http_status) == (code, 502)
        assert failure.message.endswith(message)
        assert failure.details == dict(zip(("answer", "provider_status"), details))
        assert failure.retriable is (code != "credentials_refused")
        assert failure.remediation

    def test_words_alone_are_a_refusal_without_a_status(self, services, hub, session):
        services.on("POST", "/hub/accounts", refuses(400, "x", provider_response="No such key"))
        failure = hub.create(session, "p1", CREDENTIALS).error.failure
        assert failure.details == {"answer": "No such key"}
        assert failure == credentials_refused(400, "No such key").failure
