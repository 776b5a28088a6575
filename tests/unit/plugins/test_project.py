# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project that the StackOne key must belong to, as each connect session tells it."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._core.failure import Failed, Phase
from tests.support.one_tenant import changes, code, posts
from tests.support.services_in_memory import answers, link, refuses, tenant

PROJECT = "mycompany-27270"


@pytest.fixture
def stackone(services):
    services.factory.api.project_id = PROJECT
    return services.factory.clients().stackone


def failure(stackone):
    with pytest.raises(Failed) as raised:
        stackone.confirm_project()
    return raised.value.failure


def test_the_declared_project_is_confirmed_with_a_session_that_nobody_uses(services, stackone):
    stackone.confirm_project()
    (session,) = services.requests("POST")
    names = {"origin_owner_id": "project-check", "origin_owner_name": "project-check"}
    assert session.body == {**names, "expires_in": 60}


def test_nothing_is_asked_if_no_project_is_declared(services):
    services.factory.clients().stackone.confirm_project()
    assert services.log == []


@pytest.mark.parametrize(
    ("told", "shown", "project_id"),
    [
        ("another", "the project another,", "another"), (27270, "the project 27270,", "27270"),
        (PROJECT.upper(), f"the project {PROJECT.upper()},", PROJECT.upper()),
        *((nothing, "a project that StackOne does not name,", None) for nothing in (None, True, {}, [PROJECT])),
    ],
)  # fmt: skip
def test_anything_else_is_refused(services, stackone, told, shown, project_id):
    services.project = told
    found = failure(stackone)
    assert found.code.value == "project_mismatch"
    assert (
        found.message
        == f"the StackOne API key belongs to {shown} not to {PROJECT}, which stackone_project_id declares."
    )
    assert found.details == {"declared": PROJECT, "project_id": project_id}
    assert not found.retriable


def test_a_number_is_compared_as_text(services, stackone):
    services.project, services.factory.api.project_id = 27270, "27270"
    stackone.confirm_project()


def test_a_token_in_the_wrong_place_is_not_shown(services, stackone):
    token = "a-token-of-a-session-0815"
    services.on("POST", "/connect_sessions", answers(201, {"token": token, "project_id": f"of {token}"}))
    assert token not in str(failure(stackone))


@pytest.mark.parametrize(
    ("trick", "expected"), [(refuses(403), "stackone_forbidden"), (answers(201, []), "unexpected_answer")]
)
def test_a_project_that_cannot_be_seen_is_not_confirmed(services, stackone, trick, expected):
    services.on("POST", "/connect_sessions", trick)
    assert failure(stackone).code.value == expected


def test_a_tenant_of_another_project_is_left_alone(services, stackone):
    services.project = "another"
    services.add(label="Old")
    outcome = link(services, tenant(label="New"))
    assert (code(outcome), outcome.failure.phase) == ("project_mismatch", Phase.OBSERVE)
    assert [path for _method, path, _request in services.log] == ["/connect_sessions"]


def test_a_later_session_of_another_project_is_not_used(services, stackone):
    services.on(
        "POST", "/connect_sessions", answers(201, {"token": "token-of-another", "project_id": "another"}), skip=1
    )
    assert code(link(services, tenant())) == "project_mismatch"
    assert (posts(services), changes(services)) == ([], [])
