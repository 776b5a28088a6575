# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call through an account proves: whose key StackOne works with."""

from __future__ import annotations

import json

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.calls import PROXIED, Route, Routes, Scope
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.freshservice import Agent, KeyCheck
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.key_status import KeyStatus
from ansible_collections.tenantlink.stackone.plugins.module_utils._link.verify import (
    Answerer,
    CallResult,
    judge,
    mismatch,
    provider_answer,
    verify,
)
from tests.support.hub_client import failed
from tests.support.services_in_memory import reply

ACCOUNT = Account("a1", "freshservice", "active", "o1")
AGENT = Agent(1, "agent@x")
RENAMED, SOMEBODY = Agent(1, "renamed@x"), Agent(2, "somebody@x")


OWN = {"statusCode": 400, "message": "Bad request"}
"""What each of StackOne's own errors has (S80); what has not comes from somebody else."""


def envelope(status, data):
    return reply(200, {"status": status, "data": data})


@pytest.mark.parametrize(
    ("check", "answering"),
    [
        (KeyCheck(KeyStatus.VALID, "", 200, agent=RENAMED), CallResult(Answerer.SAME, RENAMED)),
        (KeyCheck(KeyStatus.VALID, "", 200, agent=SOMEBODY), CallResult(Answerer.OTHER, SOMEBODY)),
        (KeyCheck(KeyStatus.KEY_DISABLED, "", 200, agent=AGENT), CallResult(Answerer.SAME, AGENT)),
        (KeyCheck(KeyStatus.KEY_REFUSED, "", 401), CallResult(Answerer.REFUSED)),
    ],
)
def test_an_agent_is_told_by_its_number(check, answering):
    assert judge(check, ACCOUNT, AGENT) == answering


@pytest.mark.parametrize(
    ("status", "http_status", "retriable", "advice"),
    [
        (KeyStatus.RATE_LIMITED, 429, True, "Run again later"),
        (KeyStatus.UNREACHABLE, 503, True, "Run again later"),
        (KeyStatus.ACCESS_DENIED, 403, False, "trusted IP addresses"),
        (KeyStatus.NOT_FRESHSERVICE, 200, False, "trusted IP addresses"),
    ],
)
def test_what_names_no_agent_proves_nothing(status, http_status, retriable, advice):
    failure = failed(judge, KeyCheck(status, "", http_status, "what it said"), ACCOUNT, AGENT)
    assert failure.code.value == "link_not_verified"
    assert (failure.http_status, failure.retriable) == (http_status, retriable)
    assert "account a1 (what it said)" in failure.message
    assert advice in failure.remediation
    assert failure.details == {"account_id": "a1", "evidence": "what it said"}


KEY_REFUSED = "Freshservice refuses the key that it stores."
ME = {"agent": {"id": 1}}
REFUSAL = {"code": "invalid_credentials"}


@pytest.mark.parametrize(
    ("stackones", "status", "data"),
    [
        (envelope(200, ME), 200, ME),
        (envelope(401, REFUSAL), 401, REFUSAL),
        (envelope(503, "<h1>Maintenance</h1>"), 503, "<h1>Maintenance</h1>"),
        (reply(400, {"provider_errors": [{"status": 401, "raw": REFUSAL}]}), 401, REFUSAL),
        (reply(502, {"provider_errors": [{"status": 503, "raw": "down"}, {"status": 408}]}), 503, "down"),
        (reply(502, {"provider_errors": [{"status": 503}, {"status": 401, "raw": REFUSAL}]}), 401, REFUSAL),
        (reply(502, {"data": {"provider_errors": [{"status": 401, "raw": REFUSAL}]}}), 401, REFUSAL),
        (reply(502, {"status": 200, "provider_errors": [{"status": 401, "raw": REFUSAL}]}), 401, REFUSAL),
        (reply(404, {"message": "no such action"}), 404, {"message": "no such action"}),
    ],
)
def test_freshservices_answer_is_taken_out_of_stackones(stackones, status, data):
    found = provider_answer(stackones)
    assert (found.status, found.data) == (status, data)
    assert found.text == (data if isinstance(data, str) else json.dumps(data))


@pytest.mark.parametrize(
    "code", ["AccountInvalidCredentialsError", "AccountExpiredCredentialsError", "AccountAuthenticationFailedError"]
)
def test_stackones_words_for_a_refused_key_count_as_freshservices(code):
    assert provider_answer(reply(412, {"errorCode": code})).status == 401


@pytest.mark.parametrize(
    ("stackones", "code", "advice"),
    [
        (reply(401), "stackone_key_refused", "API Keys"),
        (reply(429), "stackone_rate_limited", "requests_per_minute"),
        (reply(500), "stackone_unavailable", "status page"),
        *((reply(status), "link_not_verified", "verify_link: status") for status in (412, 501, 299)),
        *((reply(200, data), "link_not_verified", "verify_link: status") for data in ({"data": ME}, ["no envelope"])),
        (reply(300), "unexpected_answer", "stackone_url"),
        *((reply(400, {**OWN, "provider_errors": told}), "stackone_rejected", "") for told in ([], ["words"])),
        (reply(400, {**OWN, "errorCode": "AnotherError"}), "stackone_rejected", ""),
    ],
)
def test_where_stackone_answers_for_itself_the_key_is_not_blamed(stackones, code, advice):
    failure = failed(provider_answer, stackones)
    assert failure.code.value == code
    assert failure.http_status == stackones.status
    assert advice in failure.remediation


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (412, "StackOne rejected the request to call Freshservice through the account (HTTP 412: the words)."),
        (500, "StackOne could not call Freshservice through the account (HTTP 500: the words)."),
        (400, "StackOne rejected the request to call Freshservice through the account (HTTP 400: the words)."),
    ],
)
def test_stackones_words_are_passed_on(status, words):
    failure = failed(provider_answer, reply(status, {"statusCode": status, "message": "the words"}))
    assert words in failure.message
    assert failure.details["answer"] == "the words"


@pytest.mark.parametrize(
    ("answering", "words", "answered_by"),
    [
        (CallResult(Answerer.OTHER, SOMEBODY), "account a1 answers as agent somebody@x, not as agent@x.", "somebody@x"),
        (CallResult(Answerer.REFUSED), f"account a1 does not answer as agent agent@x: {KEY_REFUSED}", None),
    ],
)
def test_a_mismatch_names_both_agents(answering, words, answered_by):
    failure = mismatch(ACCOUNT, answering, AGENT).failure
    assert failure.code.value == "link_mismatch"
    assert failure.message == words
    assert "update_credentials: always" in failure.remediation
    assert failure.details == {"account_id": "a1", "answered_by": answered_by}


ACTION = Route(Scope.ACTIONS, "freshservice_get_current_agent")
FIRST, SECOND = PROXIED


class StackOne:
    """Answers one route after the other, as they come."""

    def __init__(self, answers, action=ACTION, lacking=()):
        self.ways = (*([action] if action else []), *PROXIED)
        self.lacking = frozenset(lacking)
        self.answers = list(answers)
        self.tried, self.preferred = [], None

    def routes(self, provider):
        assert provider == ACCOUNT.provider
        return Routes(self.ways, self.lacking)

    def call(self, account, route):
        assert account is ACCOUNT
        self.tried.append(route)
        return self.answers.pop(0)

    def prefer(self, route):
        self.preferred = route


MISSING = envelope(404, None)
NO_SCOPE = reply(403, {"statusCode": 403, "message": "Forbidden resource"})


@pytest.mark.parametrize(
    ("answers", "tried"),
    [
        ([envelope(200, ME)], [FIRST]), ([MISSING, envelope(200, ME)], [FIRST, SECOND]),
        ([reply(404), envelope(200, ME)], [FIRST, SECOND]),
    ],
)  # fmt: skip
def test_the_other_path_is_only_tried_where_the_first_does_not_exist(answers, tried):
    stackone = StackOne(answers, action=None)
    assert verify(stackone, ACCOUNT, AGENT) == CallResult(Answerer.SAME, Agent(1))
    assert (stackone.tried, stackone.preferred) == (tried, tried[-1])


def test_where_no_path_exists_none_is_preferred():
    stackone = StackOne([MISSING, MISSING], action=None)
    assert failed(verify, stackone, ACCOUNT, AGENT).code.value == "link_not_verified"
    assert stackone.preferred is None


@pytest.mark.parametrize("data", [ME, ME["agent"], [ME], {"id": "1", "email": "agent@x"}])
def test_an_action_shows_the_agent_in_several_forms(data):
    stackone = StackOne([reply(200, {"data": data, "next": None})])
    assert verify(stackone, ACCOUNT, AGENT).answerer is Answerer.SAME
    assert (stackone.tried, stackone.preferred) == ([ACTION], ACTION)


def test_an_action_shows_another_agent():
    assert verify(StackOne([reply(200, {"data": {"id": 2}})]), ACCOUNT, AGENT).answerer is Answerer.OTHER


@pytest.mark.parametrize(
    "refused",
    [
        envelope(401, REFUSAL), reply(401, {"errorCode": "AccountInvalidCredentialsError"}),
        reply(400, {"provider_errors": [{"status": 401, "raw": REFUSAL}]}),
    ],
)  # fmt: skip
def test_a_refused_key_is_seen_by_one_action(refused):
    stackone = StackOne([refused])
    assert verify(stackone, ACCOUNT, AGENT).answerer is Answerer.REFUSED
    assert stackone.tried == [ACTION]


@pytest.mark.parametrize(
    "answer",
    [
        *(reply(status, {"statusCode": status, "message": "no"}) for status in (400, 403, 404, 405, 422, 501)),
        *(reply(200, data) for data in ({"data": {"id": True}}, {"data": {"id": "x1"}}, {"data": [ME, ME]}, {}, [ME], "page")),
        reply(200, {"data": {"agent": [1]}}), reply(404, "a page"),
    ],
    ids=lambda answer: f"{answer.status} {answer.text[:30]}",
)  # fmt: skip
def test_if_an_action_says_nothing_of_the_agent_the_proxy_is_asked(answer):
    stackone = StackOne([answer, envelope(200, ME)])
    assert verify(stackone, ACCOUNT, AGENT).answerer is Answerer.SAME
    assert (stackone.tried, stackone.preferred) == ([ACTION, FIRST], FIRST)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply(401, {"statusCode": 401, "message": "no"}), "stackone_key_refused"),
        (reply(412, {"statusCode": 412, "message": "suspended"}), "link_not_verified"),
        (reply(429, {}), "stackone_rate_limited"), (reply(502, {}), "stackone_unavailable"),
        (reply(403, {"provider_errors": [{"status": 403, "raw": {"code": "access_denied"}}]}), "link_not_verified"),
    ],
)  # fmt: skip
def test_what_an_action_meets_the_proxy_would_meet_as_well(answer, code):
    stackone = StackOne([answer])
    assert failed(verify, stackone, ACCOUNT, AGENT).code.value == code
    assert stackone.tried == [ACTION]


@pytest.mark.parametrize(
    ("action", "lacking", "scopes", "tried"),
    [
        (ACTION, [], "the Actions or the Unified scope", [ACTION, FIRST]),
        (None, [Scope.ACTIONS], "the Actions or the Unified scope", [FIRST]),
        (None, [], "the Unified scope", [FIRST]),
    ],
)
def test_a_key_that_may_call_in_no_way(action, lacking, scopes, tried):
    stackone = StackOne([NO_SCOPE] * len(tried), action, lacking)
    failure = failed(verify, stackone, ACCOUNT, AGENT)
    assert (failure.code.value, failure.http_status) == ("stackone_forbidden", 403)
    assert failure.message == "the StackOne API key may not call Freshservice through the account (Forbidden resource)."
    assert failure.remediation.startswith(f"Give the key {scopes} in StackOne's dashboard")
    assert (stackone.tried, stackone.preferred) == (tried, None)
