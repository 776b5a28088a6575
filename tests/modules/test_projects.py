# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""stackone_project_id: with a key of another project, nothing is created or changed, whatever the module would do."""

from __future__ import annotations

import pytest

from tests.emulator.sessions import PROJECT
from tests.support.collection import AUTH_LINK, AUTH_LINKS, LINKS, MODULE
from tests.support.playbook_runner import assert_failed, stackone_only

OTHER = "globex-27270"
SESSIONS = "/connect_sessions"


@pytest.fixture
def others_key(runner):
    """A key of another project, with which the same accounts would be found."""
    key = runner.emulator.key(project=OTHER)
    runner.known.add(key)
    return key


def sessions(runner):
    return len(runner.emulator.requests(path=SESSIONS))


def options_of(runner, module, **more):
    """The options with which each module would change something."""
    if module == MODULE:
        return runner.options("acme", **more)
    if module == LINKS:
        return runner.bulk(runner.tenants("acme", "globex"), **more)
    owner = {"origin_owner_id": "customer-acme"}
    return {**(owner if module == AUTH_LINK else {"tenants": [owner]}), **stackone_only(runner), **more}


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("module", [MODULE, LINKS, AUTH_LINK, AUTH_LINKS])
def test_another_projects_key_changes_nothing(runner, others_key, module, check):
    options = options_of(runner, module, stackone_api_key=others_key, stackone_project_id=PROJECT, check=check)
    result = runner.play(options, module=module).results[0]
    assert_failed(result, "project_mismatch", "observe")
    assert (result["changed"], result["failure"]["retriable"]) == (False, False)
    assert result["failure"]["details"] == {"declared": PROJECT, "project_id": OTHER}
    assert f"belongs to the project {OTHER}, not to {PROJECT}" in result["msg"]
    assert [row["path"] for row in runner.emulator.requests(service="stackone")] == [SESSIONS]
    assert runner.emulator.requests(service="hub") == []


CHANGES = {
    "PATCH": {"label": "New"},
    "DELETE": {"state": "absent", "api_key": None},
    "relink": {"update_credentials": "always"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_account_of_another_project_is_left_alone(runner, others_key, change):
    runner.by_hand("acme")
    declared = {**CHANGES[change], "stackone_project_id": PROJECT}
    result = runner.link("acme", stackone_api_key=others_key, **declared)
    assert_failed(result, "project_mismatch", "observe")
    assert runner.changing() == []
    assert runner.link("acme", **declared)["changed"] is True


def test_a_purge_of_another_project_unlinks_nothing(runner, others_key):
    runner.by_hand("acme")
    result = runner.links(
        runner.tenants("globex"), purge=True, purge_limit=9, stackone_api_key=others_key, stackone_project_id=PROJECT
    )
    assert_failed(result, "project_mismatch", "observe")
    assert runner.changing() == []


def test_it_costs_one_request_and_none_if_it_is_not_set(runner):
    """For all tenants of a list together, and for one tenant alone."""
    tenants = runner.tenants("acme", "globex")
    runner.links(tenants)
    for run in (lambda **options: runner.links(tenants, **options), runner.link):
        counts = []
        for options in ({}, {"stackone_project_id": PROJECT}):
            runner.emulator.clear_requests()
            assert run(**options)["changed"] is False
            counts.append((runner.count("stackone"), sessions(runner)))
        assert counts[1] == (counts[0][0] + 1, counts[0][1] + 1)


@pytest.mark.parametrize("declared", ["23456", 23456])
def test_a_number_is_compared_as_text(runner, declared):
    runner.emulator.switch(session_project="number")
    result = runner.link(stackone_project_id=declared)
    told = result["failure"]["details"]["project_id"]
    assert told.isdigit()
    assert runner.link(stackone_project_id=type(declared)(told))["actions"] == ["create"]


def test_a_session_that_names_no_project_confirms_nothing(runner):
    runner.emulator.switch(session_project="untold")
    result = runner.link(stackone_project_id=PROJECT)
    assert_failed(result, "project_mismatch", "observe")
    assert "a project that StackOne does not name" in result["msg"]
    assert runner.changing() == []


def test_an_empty_id_is_refused(runner):
    """It comes from a variable that was not filled in, and the key could be of any project."""
    assert "stackone_project_id is empty." in runner.link(stackone_project_id="")["msg"]
    assert runner.emulator.requests() == []


def test_every_session_must_be_of_the_project(runner):
    """A proxy that answers in place of StackOne from time to time is noticed as well."""
    wrong = '{"id": 1, "token": "a-token-of-another-project", "project_id": "globex-27270"}'
    runner.emulator.fault(service="stackone", path=SESSIONS, call=2, status=201, body={"raw": wrong})
    result = runner.links(runner.tenants("acme", "globex", "hooli"), concurrency=1, stackone_project_id=PROJECT)
    assert result["failure"]["code"] == "project_mismatch"
    assert [row["failure"]["code"] for row in result["results"]] == ["project_mismatch", "stopped", "stopped"]
    assert runner.changing() == []
