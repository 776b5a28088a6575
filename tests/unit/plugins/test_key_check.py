# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every answer that Freshservice is known or suspected to give, and the verdict on it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.freshservice import (
    _unanswered,
    cause_of_refusal,
    classify,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.key_status import KeyStatus
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.stackone_base import unreachable
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.errors import TransportError, TransportKind
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.messages import Answer
from tests.support.services_in_memory import KEY, answers


def answer(status, data=None, text=None, **headers):
    return Answer(status, headers, json.dumps(data) if text is None else text, data)


CLAIM = (
    "<html><body><h1>We could not find desk.example.</h1>Maybe this is still fresh! You can claim it now at"
    ' <a href="https://www.example/signup">https://www.example/signup</a></body></html>'
)
CLAIM_ONLY = "<p>The host could not be found.</p><p>Claim this host: <a href='/sign-up'>Sign up</a></p>"


def error(code):
    return {"code": code, "message": "words"}


@pytest.mark.parametrize(
    ("given_answer", "verdict"),
    [
        (answer(200, {"agent": {"id": 21001074604, "email": "a@x"}}), "valid"),
        (answer(200, {"agent": {"id": 1, "api_key_enabled": False}}), "key_disabled"),
        (answer(200, {"agent": {"id": 1, "api_key_enabled": True}}), "valid"),
        *((answer(200, data), "not_freshservice") for data in ({"agent": {}}, {"agent": None}, [])),
        (answer(200, None, "<h1>Welcome</h1>"), "not_freshservice"),
        *((answer(status, None, ""), "not_freshservice") for status in (204, 405)),
        (answer(401, error("invalid_credentials")), "key_refused"),
        (answer(401, {"errors": [error("invalid_credentials")]}), "key_refused"),
        (answer(401, None, ""), "key_refused"),
        (answer(403, {"errors": [error("account_suspended")]}), "tenant_suspended"),
        (answer(401, error("account_suspended")), "tenant_suspended"),
        (answer(403, None, "<h1>Account suspended</h1>"), "tenant_suspended"),
        (answer(403, None, "<h1>Forbidden</h1>"), "access_denied"),
        *((answer(403, error(code)), "access_denied") for code in ("access_denied", "password_lockout")),
        *((answer(403, error(code)), "access_denied") for code in ("require_feature", "ssl_required")),
        (answer(404, None, "<h1>Not found</h1>"), "domain_not_found"),
        *((answer(status, {}), "domain_not_found") for status in (404, 410)),
        (answer(302, None, "", Location="https://login.example/x?secret=1"), "domain_not_found"),
        *((answer(302, None, "", Location=odd), "domain_not_found") for odd in ("http://[bad", "//[", "\x00", "::")),
        (answer(429, {"message": "exhausted"}), "rate_limited"),
        (answer(408, None, ""), "unreachable"),
        (answer(500, error("internal_error")), "unreachable"),
        (answer(503, None, "<h1>Maintenance</h1>"), "unreachable"),
        (answer(400, {"description": "Validation failed", "errors": []}), "not_freshservice"),
        (answer(410, None, "<h1>Gone</h1>"), "domain_not_found"),
        (answer(200, None, "<h1>Sign up</h1> to submit a claim"), "not_freshservice"),
        (answer(503, None, "<h1>Claim desk</h1> <a href='/signup'>Sign up</a>"), "unreachable"),
        *((answer(status, None, CLAIM), "domain_not_found") for status in (200, 302, 400, 403, 404, 410, 500, 503)),
        *((answer(status, None, CLAIM_ONLY), "domain_not_found") for status in (200, 404, 410)),
        (answer(200, CLAIM, CLAIM), "domain_not_found"),
        (answer(200, None, "<p>This host could not be found. May be still\n fresh!</p>"), "domain_not_found"),
        (answer(302, None, "", Location="https://www.example/signup"), "domain_not_found"),
        (answer(200, {"agent": {"id": 1, "job_title": "still fresh"}}), "valid"),
        *((answer(200, {"agent": {"id": id_}}), "not_freshservice") for id_ in (True, False, 0, -1, 1.5, "1", [1])),
        (answer(200, {"agent": {"id": None}}), "not_freshservice"),
    ],
)
def test_verdicts(given_answer, verdict):
    check = classify(given_answer)
    assert check.status.value == verdict
    assert check.http_status == given_answer.status
    assert check.evidence
    assert bool(check.remediation) is (verdict != "valid")


@pytest.mark.parametrize(
    ("given_answer", "words"),
    [
        (answer(500, error("internal_error")), "Freshservice answered with an error (HTTP 500: words)."),
        (answer(503, None, "<h1>Maintenance</h1>"), "Freshservice answered with an error (HTTP 503: Maintenance)."),
        (answer(408, None, ""), "Freshservice answered with an error (HTTP 408: no text)."),
    ],
)
def test_an_error_of_freshservice_is_not_called_a_lost_connection(given_answer, words):
    check = classify(given_answer)
    assert (check.message, check.retriable) == (words, True)
    assert "Run again later: Freshservice has a problem" in check.remediation
    assert "network" not in check.remediation


@pytest.mark.parametrize("kind", [kind for kind in TransportKind if kind is not TransportKind.STOPPED])
@pytest.mark.parametrize("sent", [True, False])
def test_no_answer_and_half_an_answer_are_told_apart(kind, sent):
    error_of = TransportError(kind, "acme.example", "detail", sent)
    check, failure = _unanswered(error_of), unreachable(error_of).failure
    assert check.http_status is None
    if check.status is KeyStatus.DOMAIN_NOT_FOUND:
        return
    for message in (check.message, failure.message):
        assert ("gave no complete answer" in message) is sent
        assert ("could not be reached" in message) is not sent
        assert str(error_of) in message
    assert check.remediation.startswith("Run again later") is sent
    assert failure.remediation.startswith("Run again later") is sent


def test_a_redirect_shows_its_host_alone():
    check = classify(answer(302, None, "", Location="https://login.example/x?secret=1"))
    assert "login.example" in check.evidence
    assert "secret" not in check.evidence


def test_agents_that_may_stop_are_warned_of():
    record = {"id": 1, "email": "a@x", "active": False, "occasional": True}
    assert len(classify(answer(200, {"agent": record})).warnings) == 2


REFUSED = classify(answer(401, error("invalid_credentials")))
RECORD = {"id": 1, "email": "A@x", "active": True}


@pytest.mark.parametrize(
    ("agents", "verdict", "evidence"),
    [
        ([{**RECORD, "active": False}], "agent_deactivated", "active: false"),
        ([{**RECORD, "api_key_enabled": False}], "key_disabled", "api_key_enabled: false"),
        ([{**RECORD, "api_key_enabled": True}], "key_refused", "is enabled"),
        ([RECORD], "key_refused", "does not show"),
        *((agents, "key_refused", "no agent has") for agents in ([], None, [None, 3])),
        ([{**RECORD, "email": "b@x", "active": False}], "key_refused", "no agent has"),
    ],
)
def test_an_admins_view_settles_why(agents, verdict, evidence):
    check = cause_of_refusal(REFUSED, agents, "a@x")
    assert check.status.value == verdict
    assert evidence in check.evidence


@pytest.mark.parametrize(
    ("record", "possible"),
    [
        ({"active": True, "api_key_enabled": True}, {"wrong": True, "off": False, "gone": False}),
        ({"active": True}, {"wrong": True, "off": True, "gone": False}),
        ({}, {"wrong": True, "off": True, "gone": True}),
    ],
)
def test_what_an_admin_has_ruled_out_is_neither_told_nor_advised(record, possible):
    """The message and the advice speak of a wrong key, of the switch, and of an agent who is gone, as far as each can be."""
    check = cause_of_refusal(REFUSED, [{"email": "a@x", **record}], "a@x")
    assert check.status is KeyStatus.KEY_REFUSED
    told = {"wrong": "was reset", "off": "switched off", "gone": "deactivated"}
    assert {what: words in check.message for what, words in told.items()} == possible
    advised = {"wrong": "copy the key again", "off": "enable it", "gone": "reactivate"}
    assert {what: words in check.remediation for what, words in advised.items()} == possible


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["agent", "errors", "code", "message", "id", "email", "description"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(st.integers(200, 599), JSON)
def test_no_answer_breaks_the_verdict(status, data):
    check = classify(answer(status, data))
    assert isinstance(check.status, KeyStatus)
    if check.status is KeyStatus.VALID:
        assert isinstance(data["agent"]["id"], int)


ME = "/api/v2/agents/me"


class TestTries:
    """A key that is refused too often is locked (F21)."""

    @pytest.fixture
    def checks(self, services):
        client = services.factory.freshservice

        def checks(*asked):
            with ThreadPoolExecutor(8) as pool:
                verdicts = list(pool.map(lambda pair: client.check_key(*pair).status.value, asked))
            return verdicts, len(services.requests("GET", ME))

        return checks

    def test_a_refused_key_is_tried_once_in_a_run(self, checks):
        assert checks(*[("acme", "wrong")] * 8) == (["key_refused"] * 8, 1)
        assert checks(("acme", "wrong")) == (["key_refused"], 1)

    def test_each_domain_and_each_key_is_tried(self, checks):
        assert checks(("acme", "wrong"), ("acme", "other"), ("initech", "wrong"))[1] == 3

    def test_a_key_that_works_is_looked_at_each_time(self, checks):
        checks(("acme", KEY))
        assert checks(("acme", KEY)) == (["valid"], 2)

    def test_so_is_one_that_nobody_judged(self, services, checks):
        services.on("GET", ME, answers(503), times=1)
        assert checks(("acme", KEY)) == (["unreachable"], 1)
        assert checks(("acme", KEY)) == (["valid"], 2)

    def test_an_admin_is_asked_about_each_agent(self, services, checks):
        checks(*[("acme", "wrong", KEY, f"{name}@x") for name in "ab"])
        assert (len(services.requests("GET", ME)), len(services.requests("GET", "/api/v2/agents"))) == (1, 2)
