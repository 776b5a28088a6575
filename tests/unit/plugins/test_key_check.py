# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every answer that Freshservice is known or suspected to give, and the verdict on it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import KeyStatus, classify, settle
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Answer


def answer(status, data=None, text=None, **headers):
    return Answer(status, headers, json.dumps(data) if text is None else text, data)


def error(code):
    return {"code": code, "message": "words"}


@pytest.mark.parametrize(
    ("given_answer", "verdict"),
    [
        (answer(200, {"agent": {"id": 21001074604, "email": "a@x"}}), "valid"),
        (answer(200, {"agent": {"id": 1, "api_key_enabled": False}}), "key_disabled"),
        (answer(200, {"agent": {"id": 1, "api_key_enabled": True}}), "valid"),
        (answer(200, {"agent": {}}), "not_freshservice"),
        (answer(200, {"agent": None}), "not_freshservice"),
        (answer(200, []), "not_freshservice"),
        (answer(200, None, "<h1>Welcome</h1>"), "not_freshservice"),
        (answer(204, None, ""), "not_freshservice"),
        (answer(401, error("invalid_credentials")), "key_refused"),
        (answer(401, {"errors": [error("invalid_credentials")]}), "key_refused"),
        (answer(401, None, ""), "key_refused"),
        (answer(403, error("access_denied")), "access_denied"),
        (answer(403, {"errors": [error("account_suspended")]}), "tenant_suspended"),
        (answer(401, error("account_suspended")), "tenant_suspended"),
        (answer(403, None, "<h1>Account suspended</h1>"), "tenant_suspended"),
        (answer(403, None, "<h1>Forbidden</h1>"), "access_denied"),
        (answer(403, error("password_lockout")), "access_denied"),
        (answer(403, error("require_feature")), "access_denied"),
        (answer(403, error("ssl_required")), "access_denied"),
        (answer(404, None, "<h1>Not found</h1>"), "domain_not_found"),
        (answer(404, {}), "domain_not_found"),
        (answer(302, None, "", Location="https://login.example/x?secret=1"), "domain_not_found"),
        (answer(429, {"message": "exhausted"}), "rate_limited"),
        (answer(408, None, ""), "unreachable"),
        (answer(500, error("internal_error")), "unreachable"),
        (answer(503, None, "<h1>Maintenance</h1>"), "unreachable"),
        (answer(400, {"description": "Validation failed", "errors": []}), "not_freshservice"),
        (answer(405, None, ""), "not_freshservice"),
    ],
)
def test_verdicts(given_answer, verdict):
    check = classify(given_answer)
    assert check.status.value == verdict
    assert check.http_status == given_answer.status
    assert check.evidence
    assert bool(check.remediation) is (verdict != "valid")


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
        ([RECORD], "key_refused", "does not tell"),
        ([], "key_refused", "no agent has"),
        ([{**RECORD, "email": "b@x", "active": False}], "key_refused", "no agent has"),
        (None, "key_refused", "no agent has"),
        ([None, 3], "key_refused", "no agent has"),
    ],
)
def test_an_admins_view_settles_why(agents, verdict, evidence):
    check = settle(REFUSED, agents, "a@x")
    assert check.status.value == verdict
    assert evidence in check.evidence


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
