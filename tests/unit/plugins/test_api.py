# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What StackOne's answers mean where they are no success, and how requests reach it."""

from __future__ import annotations

import json

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.stackone_base import (
    OPENING,
    StackOneApi,
    error_words,
    facts_of_provider,
    from_elsewhere,
    is_stackones,
    refused,
    unexpected,
    unreachable,
    words_for,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportError, TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.messages import Answer, Service
from tests.support.hub_client import failed
from tests.support.services_in_memory import error, reply

HTML = "<html><p>Please log in</p></html>"
DOING = "list the accounts"


class Recorder:
    """Stands for `Http`: notes what is sent, and with which quota."""

    def __init__(self, broken=None):
        self.sent, self.broken = [], broken

    def send(self, request, quota):
        self.sent.append((request, quota))
        if self.broken:
            raise self.broken
        return reply(200, {})


def test_a_request_goes_to_stackones_host_within_its_quota():
    http, quota = Recorder(), object()
    api = StackOneApi(http, "https://api.stackone.example/", quota, "acmeinc-27270")
    assert api.project_id == "acmeinc-27270"
    body, headers = {"a": 1}, {"b": "c"}
    assert api.send("POST", "/accounts", body=body, headers=headers, repeatable=False) == reply(200, {})
    ((request, used),) = http.sent
    assert used is quota is api.quota
    assert (request.method, request.url) == ("POST", "https://api.stackone.example/accounts")
    assert (request.service, request.body, request.headers) == (Service.STACKONE, body, headers)
    assert (request.repeatable, request.provider_facts) == (False, facts_of_provider)


def test_the_path_of_the_url_is_kept():
    http = Recorder()
    StackOneApi(http, "https://proxy.example/X//").send("GET", "/accounts")
    assert http.sent[0][0].url == "https://proxy.example/X/accounts"


def test_a_new_run_knows_nothing_yet():
    api = StackOneApi(Recorder(), "https://api.stackone.example")
    assert (api.answered, api.quota) == (False, None)
    assert api.profile_properties == ["integration_id", "connector_profile_id"]
    assert api.preferred_route is None
    assert api.profiles.get("freshservice", list) == []
    assert api.routes.get("freshservice", list) == []


@pytest.mark.parametrize(
    ("sent", "message"),
    [(True, "StackOne gave no complete answer: h: the"), (False, "StackOne could not be reached: h: the")],
)
def test_no_answer_is_a_failure_that_may_pass(sent, message):
    lost = TransportError(TransportKind.DROPPED, "h", "x", sent)
    api = StackOneApi(Recorder(lost), "https://api.stackone.example")
    with pytest.raises(TransportError):
        api.send("GET", "/accounts")
    with pytest.raises(Failed) as caught:
        api.send_known("GET", "/accounts", params={"page": 1})
    failure = caught.value.failure
    assert failure == unreachable(lost).failure
    assert (failure.code.value, failure.retriable, failure.http_status) == ("stackone_unreachable", True, None)
    assert failure.message.startswith(message)
    assert failure.remediation
    assert caught.value.__cause__ is None
    ((request, _quota), (again, _same)) = api._http.sent
    assert (
        (request.method, request.url) == (again.method, again.url) == ("GET", "https://api.stackone.example/accounts")
    )
    assert again.params == {"page": 1}


@pytest.mark.parametrize(
    ("answer", "code", "retriable"),
    [
        (error(401, "no"), "stackone_key_refused", False),
        (error(403, "no"), "stackone_forbidden", False),
        *((reply(status, HTML), "unexpected_answer", False) for status in (401, 403)),
        *((reply(401, data), "stackone_key_refused", False) for data in ({"message": "no"}, None)),
        (error(429, "no"), "stackone_rate_limited", True),
        (reply(429, HTML), "stackone_rate_limited", True),
        (error(408, "no"), "stackone_unavailable", True),
        (error(500, "no"), "stackone_unavailable", True),
        (reply(503, HTML), "stackone_unavailable", True),
        *((error(status, "no"), "stackone_rejected", False) for status in (400, 404, 499)),
        (error(422, ["no"]), "stackone_rejected", False),
        # Only what has the form of StackOne's own errors is StackOne's refusal.
        *((reply(400, data), "unexpected_answer", False) for data in ({"message": "no"}, {"statusCode": 400}, ["no"])),
        (reply(400, {"statusCode": 404, "message": "no"}), "unexpected_answer", False),
        *((other, "unexpected_answer", False) for other in (reply(404, HTML), reply(302, HTML), reply(399))),
        (error(399, "no"), "unexpected_answer", False),
    ],
)
def test_what_an_answer_without_success_means(answer, code, retriable):
    failure = refused(answer, DOING).failure
    assert (failure.code.value, failure.retriable, failure.http_status) == (code, retriable, answer.status)
    words = answer.excerpt if code == "unexpected_answer" else error_words(answer)
    assert failure.details == {"doing": DOING, "answer": words}
    assert failure.message
    assert failure.remediation
    if code in ("stackone_unavailable", "stackone_rejected", "unexpected_answer"):
        assert f"{DOING} (HTTP {answer.status}: {words or 'no text'})" in failure.message


@pytest.mark.parametrize("data", [HTML, {"message": "no"}, None])
def test_a_status_that_means_the_same_from_everybody(data):
    assert [
        status for status in range(100, 600) if not 200 <= status < 300 and not from_elsewhere(reply(status, data))
    ] == [
        *(408, 429),
        *range(500, 600),
    ]


def test_a_refusal_of_a_session_shows_no_token():
    """A gateway may repeat what StackOne answered."""
    failure = refused(reply(403, {"message": "token-of-somebody"}), OPENING).failure
    assert failure.details == {"doing": OPENING, "answer": "its text is not shown, because it may contain a token"}


@pytest.mark.parametrize(
    ("answer", "own"),
    [
        (error(404, "no"), True),
        (error(404, ["no"]), True),
        (reply(404, {"statusCode": 404, "message": None}), False),
        (reply(404, {"statusCode": "404", "message": "no"}), False),
        (reply(404, {"statusCode": 400, "message": "no"}), False),
        *((reply(404, *data), False) for data in ([{"message": "no"}], [[404]], [HTML], [])),
    ],
)
def test_what_has_the_form_of_stackones_own_errors(answer, own):
    assert is_stackones(answer) is own


def test_an_answer_that_may_hold_a_token_is_never_quoted():
    failure = unexpected(reply(201, {"tokn": "secret-token"}), OPENING).failure
    assert "secret-token" not in str(failure)
    assert "its text is not shown, because it may contain a token" in failure.message
    assert failure.details == {"doing": OPENING, "answer": None}
    failure = unexpected(reply(201, HTML), DOING).failure
    assert failure.details == {"doing": DOING, "answer": "Please log in"}
    assert "(HTTP 201: Please log in)" in failure.message
    assert "(HTTP 204: no text)" in unexpected(reply(204), DOING).failure.message
    assert failure.http_status == 201
    assert failure.remediation


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"message": "plain"}, "plain"),
        ({"message": "plain", "errors": ["first", 2]}, "first; 2"),
        *(({"message": "plain", "errors": errors}, "plain") for errors in ([], {"a": 1})),
        ({"message": json.dumps({"message": "inner"})}, "inner"),
        ({"message": "x", "errors": ["y"], "provider_errors": [{"status": 401, "raw": {"message": "z"}}]}, "z"),
        ({"message": "x", "provider_errors": [{"status": 401, "raw": ""}]}, "x"),
        ({"message": "two\n lines"}, "two lines"),
        ({"errors": ["two\n lines"]}, "two lines"),
        ({"message": ""}, '{"message": ""}'),
        ({"code": 1}, '{"code": 1}'),
        ("<p>A page</p>", "A page"),
        (None, "no text"),
    ],
)
def test_the_words_of_an_error(data, words):
    assert error_words(reply(502, data)) == words


def test_long_words_are_cut():
    assert len(error_words(Answer(502, {}, "", {"message": "x" * 1000}))) == 200


@pytest.mark.parametrize(
    ("kind", "path", "hung"),
    [
        (TransportKind.TIMEOUT, "/connect_sessions", True),
        (TransportKind.DROPPED, "/connect_sessions", False),
        (TransportKind.TIMEOUT, "/unified/proxy", False),
        (TransportKind.TIMEOUT, "/actions/rpc", False),
    ],
)
@pytest.mark.parametrize("sent", [True, False])
def test_who_waits_for_a_tenant_does_not_hang_by_itself(kind, path, hung, sent):
    error = TransportError(kind, "host", "", sent)
    api = StackOneApi(Recorder(error), "https://api.stackone.example")
    assert failed(api.send_known, "POST", path).hung is hung
    assert unreachable(error).failure.hung is (kind is TransportKind.TIMEOUT)


def test_what_is_advised_if_a_request_could_not_be_sent():
    advice = {kind: unreachable(TransportError(kind, "host", "", False)).failure.remediation for kind in TransportKind}
    assert advice[TransportKind.NO_FILES].startswith("Raise the limit of open files")
    assert advice[TransportKind.REFUSED].startswith("Check stackone_url, the network, the proxy")


@pytest.mark.parametrize(
    ("doing", "answer", "words"),
    [
        (OPENING, error(400, "No such profile"), "No such profile"),
        (OPENING, reply(400, {"statusCode": 400, "message": ["one", "two"]}), "one; two"),
        (
            OPENING,
            reply(400, {"message": "token-of-somebody"}),
            "its text is not shown, because it may contain a token",
        ),
        (DOING, reply(400, {"message": "No such profile"}), "No such profile"),
    ],
)
def test_the_words_of_an_answer_that_may_hold_a_token(doing, answer, words):
    assert words_for(answer, doing) == words


def test_a_cut_off_write_is_stopped_and_worth_repeating():
    failure = unreachable(TransportError(TransportKind.STOPPED, "api.example", "x", True)).failure
    assert (failure.code.value, failure.retriable) == ("stopped", True)
    assert failure.message == "the run was stopped before StackOne's answer was complete."
