# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ways there are to call Freshservice through an account: the action that shows who calls, and the proxy."""

from __future__ import annotations

import pytest

from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients.calls import (
    PROXIED,
    Route,
    Scope,
    action_keys,
    action_of_caller,
)
from tests.support.services_in_memory import answers, breaks, refuses

CURRENT = "freshservice_get_current_agent"
ACTION = Route(Scope.ACTIONS, CURRENT)


@pytest.mark.parametrize(
    "key",
    [
        CURRENT, "freshservice_get_me", "freshservice_get_agent_me", "freshservice_retrieve_my_profile",
        "Freshservice_Get_Current_Agent", "freshservice.get-authenticated-user", "freshservice_view_logged_in_agent_me",
    ],
)  # fmt: skip
def test_an_action_that_reads_the_caller(key):
    assert action_of_caller(["freshservice_list_agents", key], "freshservice") == key


@pytest.mark.parametrize(
    "key",
    [
        "freshservice_update_current_agent", "freshservice_delete_me", "freshservice_get_agent", "freshservice_list_agents",
        "freshservice_get_my_tickets", "freshdesk_get_current_agent", "get_current_agent", "freshservice_current_agent",
        "freshservice_get", "freshservice", "", "freshservice_get_me?x=1", "freshservice_get_me/../x",
        "freshservice_forget_me", f"freshservice_get_me{'_me' * 100}",
    ],
)  # fmt: skip
def test_any_other_is_never_run(key):
    assert action_of_caller([key], "freshservice") is None


def test_of_several_an_agents_is_chosen_and_always_the_same():
    keys = ["freshservice_get_me", "freshservice_get_current_user", "freshservice_get_my_agent", CURRENT]
    assert {action_of_caller(order, "FreshService") for order in (keys, keys[::-1])} == {"freshservice_get_my_agent"}


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        ({"data": [{"key": "a"}, {"id": "b"}, {"key": 1}, "c"]}, ["a", "b"]), ([{"key": "a"}], ["a"]),
        ({"data": [{"key": "freshservice", "actions": [{"id": "a"}, {"key": "b"}]}]}, ["freshservice", "a", "b"]),
        *((nothing, []) for nothing in (None, "page", {}, {"data": {"key": "a"}})),
    ],
)  # fmt: skip
def test_the_keys_of_a_listing(data, keys):
    assert list(action_keys(data)) == keys


def routes(services):
    return services.factory.clients().stackone.routes("freshservice")


def test_the_actions_are_listed_once_for_all_tenants(services):
    for _tenant in range(3):
        assert routes(services).ways == (ACTION, *PROXIED)
    (request,) = services.requests("GET", "/actions")
    assert dict(request.params) == {"filter[connectors]": "freshservice", "page_size": 100}


def test_a_listing_has_several_pages(services):
    services.on("GET", "/actions", answers(200, {"next": "2", "data": [{"key": "freshservice_list_agents"}]}))
    assert routes(services).ways[0] == ACTION
    assert [request.params.get("next") for request in services.requests("GET", "/actions")] == [None, "2"]


@pytest.mark.parametrize("cursors", [["1"] * 9, [7], [""], [str(page) for page in range(99)]])
def test_a_listing_ends(services, cursors):
    for cursor in cursors:
        services.on("GET", "/actions", answers(200, {"next": cursor, "data": []}))
    routes(services)
    assert len(services.requests("GET", "/actions")) <= 20


@pytest.mark.parametrize("trick", [refuses(404), refuses(500), answers(200, "a page"), breaks(), refuses(401)])
def test_without_a_listing_the_proxy_remains(services, trick):
    services.on("GET", "/actions", trick)
    found = routes(services)
    assert (found.ways, found.lacking) == (PROXIED, frozenset())


def test_a_key_that_may_not_list_actions_lacks_their_scope(services):
    services.on("GET", "/actions", refuses(403))
    found = routes(services)
    assert (found.ways, found.lacking) == (PROXIED, {Scope.ACTIONS})


def test_the_way_that_worked_comes_first(services):
    services.factory.clients().stackone.prefer(PROXIED[1])
    assert routes(services).ways == (PROXIED[1], ACTION, PROXIED[0])


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({}, {}), ({"shared": True, "origin_username": "u"}, {}), ({"shared": False}, {}),
        ({"shared": False, "origin_username": "u"}, {"x-end-user-id": "u"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("route", "path", "body"),
    [
        (ACTION, "/actions/rpc", {"action": CURRENT}),
        (PROXIED[0], "/unified/proxy", {"method": "get", "path": "/agents/me"}),
    ],
)
def test_a_call_names_the_account_and_its_only_user(services, route, path, body, fields, headers):
    account_id = services.add()
    services.factory.clients().stackone.call(Account(account_id, "freshservice", "active", "1", **fields), route)
    (request,) = services.requests("POST", path)
    assert (request.body, request.headers) == (body, {"x-account-id": account_id, **headers})
