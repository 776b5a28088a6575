# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role refuses what several hosts would do to each other, before anything is done."""

from __future__ import annotations

import json

import pytest

from tests.support.variable_problems import problem

PROJECT = "freshservice_link_stackone_project_id"
LISTED = {"freshservice_link_tenants": [{"domain": "acme"}]}
SCOPE = {"labels": ["A"]}


@pytest.mark.parametrize(
    ("own", "theirs", "values", "run", "refused"),
    [
        ({}, LISTED, {"purge": True}, {}, True),
        ({}, LISTED, {"purge": "yes"}, {"steps": "plan_list"}, True),
        # All that the modules take for true, and what they refuse.
        *(({}, LISTED, {"purge": value}, {}, True) for value in ("y", " T ", "On", 1, 1.0, "2", [True])),
        ({}, {"freshservice_link_tenants_file": "t.csv"}, {"purge": True}, {}, True),
        # Its list may be in variables of the play, or it may be a tenant as a host.
        ({}, {}, {"purge": True}, {}, True),
        ({}, LISTED, {"purge": True, "purge_scope": SCOPE}, {}, True),
        (
            {},
            {**LISTED, "freshservice_link_purge_scope": {"labels": ["B"]}},
            {"purge": True, "purge_scope": SCOPE},
            {},
            True,
        ),
        (
            {"freshservice_link_stackone_api_key": "k"},
            {"freshservice_link_stackone_api_key": "l"},
            {"purge": True},
            {},
            True,
        ),
        ({PROJECT: "p-1"}, {PROJECT: "p-1 "}, {"purge": True, "stackone_project_id": "p-1"}, {}, True),
        ({PROJECT: "p-1"}, {}, {"purge": True, "stackone_project_id": "p-1"}, {}, True),
        ({}, {PROJECT: "p-2"}, {"purge": True}, {}, True),
        # Set for the play, so the one of the other host is not in force either.
        ({PROJECT: "p-1"}, {PROJECT: "p-2"}, {"purge": True, "stackone_project_id": "p-3"}, {}, True),
        ({}, {PROJECT: "p-2"}, {"purge": True, "stackone_project_id": "p-3"}, {}, True),
        ({PROJECT: "p-1"}, {PROJECT: "p-2"}, {"purge": True, "stackone_project_id": "p-1"}, {}, False),
        *(({}, LISTED, {"purge": value}, {}, False) for value in (False, "n", "F", " off ", 0, 0.0)),
        ({}, LISTED, {"purge": True, "only": "acme"}, {}, False),
        ({}, LISTED, {"purge": True}, {"rotating": True, "needs": []}, False),
        ({}, LISTED, {"purge": True}, {"steps": "verify_list"}, False),
    ],
)
def test_no_host_purges_what_another_one_of_the_play_may_have_linked(own, theirs, values, run, refused):
    words = problem(run, hosts=["localhost", "east"], variables={"localhost": own, "east": theirs}, **values)
    assert ("the host east is in this play as well" in words) is refused
    assert bool(words) is refused


OF_A_TENANT = {"freshservice_link_origin_owner_id": "1"}


@pytest.mark.parametrize(
    ("theirs", "run", "refused"),
    [
        (OF_A_TENANT, {}, True),
        ({"freshservice_link_domain": "acme"}, {}, True),
        (OF_A_TENANT, {"steps": "verify_list"}, True),
        (OF_A_TENANT, {"is_list": False, "steps": "link_host", "needs": []}, False),
        (LISTED, {}, False),
        ({**LISTED, **OF_A_TENANT}, {}, False),
        ({"freshservice_link_domain": ""}, {}, False),
        ({}, {}, False),
    ],
)
def test_a_list_is_not_mixed_with_tenants_as_hosts(theirs, run, refused):
    found = problem(run, hosts=["localhost", "east"], variables={"localhost": {}, "east": theirs})
    assert ("The host east of this play is a tenant itself, and localhost has a list" in found) is refused
    assert bool(found) is refused


@pytest.mark.parametrize(
    ("theirs", "values", "refused"),
    [
        (LISTED, {}, True),
        ({"freshservice_link_tenants": None, "freshservice_link_tenants_file": "t.csv"}, {}, True),
        ({**LISTED, PROJECT: "p-1"}, {}, True),
        ({**LISTED, PROJECT: "p-2"}, {}, False),
        (LISTED, {"purge_scope": SCOPE}, False),
        ({"freshservice_link_tenants_file": ""}, {}, False),
        ({"freshservice_link_tenants": []}, {}, False),
        ({}, {}, False),
        # What the own run would refuse is no project.
        *(({**LISTED, PROJECT: value}, {}, True) for value in (" ", ["p-2"], True, "__omit_place_holder__1")),
    ],
)
def test_a_limit_does_not_make_a_purge_forget_the_other_hosts(theirs, values, refused):
    variables = {"localhost": {PROJECT: "p-1"}, "east": theirs}
    given = {"purge": True, "stackone_project_id": "p-1", **values}
    words = problem({}, hosts=["localhost"], variables=variables, **given)
    assert ("the host east of the inventory has a list, too" in words) is refused
    assert bool(words) is refused


@pytest.mark.parametrize(
    ("purged", "values", "refused"),
    [
        *(([{"account_id": "1"}], values, True) for values in ({}, {"purge": ""}, {"purge": " "}, {"purge": None})),
        *(([{"account_id": "1"}], {name: value}, False) for name, value in (("purge", False), ("only", "acme"))),
        ([], {}, False),
    ],
)
def test_a_plan_that_purges_is_a_purge(tmp_path, purged, values, refused):
    (tmp_path / "plan.json").write_text(json.dumps({"purged": purged}))
    given = {"plan": str(tmp_path / "plan.json"), **values}
    for hosts in (["localhost"], ["localhost", "east"]):
        words = problem({"takes_plan": True}, hosts=hosts, variables={"localhost": {}, "east": LISTED}, **given)
        assert words.startswith("freshservice_link_purge: the host east") is refused
