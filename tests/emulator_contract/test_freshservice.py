# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Freshservice on the wire, by the facts (F..) that the names of the tests begin with."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.emulator_contract.schemas import AGENT, FLAT, LISTED, ROLE, check, listing, record
from tests.emulator_contract.wire import Services, call

API = "/api/v2"
ME = f"{API}/agents/me"


@pytest.mark.parametrize("password", [":X", ":", ":{key}"])
def test_f11_f22_f34_the_key_is_the_user_and_the_password_is_ignored(services: Services, password: str) -> None:
    key = services.agent_key()
    reply = services.freshservice(ME, key + password.format(key=key))
    assert reply.status == 200
    check(reply.json(), record({"agent": AGENT}))


def test_f34a_the_properties_that_have_been_there_for_long(services: Services) -> None:
    stable = {
        *("id", "first_name", "last_name", "occasional", "job_title", "email", "work_phone_number"),
        *("mobile_phone_number", "reporting_manager_id", "time_zone", "language", "location_id", "scoreboard_level_id"),
        *("group_ids", "member_of", "observer_of", "role_ids", "roles", "last_login_at", "active", "has_logged_in"),
        *("created_at", "updated_at"),
    }
    assert stable <= services.freshservice(ME).json()["agent"].keys()


def test_f8_a_page_for_whoever_claims_the_domain(services: Services) -> None:
    reply = services.freshservice(ME, "any:X", domain="acmee")
    assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (404, "text/html")
    for words in (b"could not be found", b"still fresh", b"claim it now"):
        assert words in reply.body


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic ???"}, {"Authorization": "Bearer x"}])
def test_f40_without_credentials(services: Services, headers: dict[str, str]) -> None:
    reply = call(services.emulator.freshservice_url.format(domain="acme") + ME, headers=headers)
    assert reply.status == 401
    assert reply.json() == {
        "code": "invalid_credentials",
        "message": "You have to be logged in to perform this action.",
    }


def test_f19_f40_f53_a_wrong_key_and_one_that_works_no_more_look_the_same(services: Services) -> None:
    key = services.agent_key() + ":X"
    wrong = services.freshservice(ME, "wrong:X")
    services.emulator.set_tenant("acme", api_key_enabled=False)
    off = services.freshservice(ME, key)
    services.emulator.set_tenant("acme", api_key_enabled=True, agent_active=False)
    gone = services.freshservice(ME, key)
    assert wrong.status == off.status == gone.status == 401
    assert wrong.body == off.body == gone.body


def test_f18_the_switch_is_shown_if_the_tenant_is_recent(services: Services) -> None:
    assert "api_key_enabled" not in services.freshservice(ME).json()["agent"]
    services.emulator.switch(expose_api_key_enabled=True)
    assert check(services.freshservice(ME).json()["agent"], AGENT)["api_key_enabled"] is True


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 30),
        ("?per_page=100", 40),
        ("?email=agent1@acme.example", 1),
        ("?email=nobody@acme.example", 0),
        ("?state=occasional", 0),
        ("?active=true&per_page=100", 40),
        ("?query=%22email:%27agent2@acme.example%27%22", 1),
    ],
)
def test_f26_f27_agents_are_listed_and_filtered(services: Services, query: str, count: int) -> None:
    reply = services.freshservice(f"{API}/agents{query}")
    assert reply.status == 200
    assert len(check(reply.json(), record({"agents": listing(AGENT)}))["agents"]) == count


def test_f63_pages_with_a_link_until_the_last(services: Services) -> None:
    first = services.freshservice(f"{API}/agents?per_page=15")
    links = [first.headers["Link"]]
    pages = [first]
    while "Link" in pages[-1].headers:
        found = re.fullmatch(r'<(.+)>; rel="next"', pages[-1].headers["Link"])
        assert found
        root = services.emulator.freshservice_url.format(domain="acme")
        pages.append(services.freshservice(found[1].removeprefix(root)))
        links.append(pages[-1].headers.get("Link", ""))
    ids = [agent["id"] for page in pages for agent in page.json()["agents"]]
    assert [len(page.json()["agents"]) for page in pages] == [15, 15, 10]
    assert len(set(ids)) == 40
    assert links[-1] == ""


@pytest.mark.parametrize("query", ["per_page=101", "per_page=0", "page=x"])
def test_f42_f54_bad_paging_is_a_validation_error(services: Services, query: str) -> None:
    reply = services.freshservice(f"{API}/agents?{query}")
    assert reply.status == 400
    assert check(reply.json(), LISTED)["description"] == "Validation failed"


def test_f29_one_agent_and_none(services: Services) -> None:
    agent = services.freshservice(ME).json()["agent"]
    assert services.freshservice(f"{API}/agents/{agent['id']}").json() == {"agent": agent}
    assert services.freshservice(f"{API}/agents/1").status == 404


def test_f30_f31_roles(services: Services) -> None:
    roles = check(services.freshservice(f"{API}/roles").json(), record({"roles": listing(ROLE)}))["roles"]
    assert "Account Admin" in [role["name"] for role in roles]
    assert services.freshservice(f"{API}/roles/{roles[0]['id']}").json() == {"role": roles[0]}


def test_f23_f28_f41_whoever_may_not_list_agents_still_sees_himself(services: Services) -> None:
    services.emulator.set_tenant("acme", role="IT Agent")
    assert services.freshservice(ME).status == 200
    for path in ("/agents", "/roles"):
        reply = services.freshservice(API + path)
        assert reply.status == 403
        assert reply.json() == {"code": "access_denied", "message": "You are not authorized to perform this action."}


@pytest.mark.parametrize("path", ["tickets", "announcements"])
def test_f32_other_lists_that_clients_check_a_key_with(services: Services, path: str) -> None:
    assert check(services.freshservice(f"{API}/{path}").json(), record({path: listing(record({"id": {}}))}))


def test_f48_another_method(services: Services) -> None:
    reply = services.freshservice(ME, method="POST", body={})
    assert reply.status == 405
    check(reply.json(), LISTED)


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        ("suspended", 403, "account_suspended"),
        ("ip_refused", 403, "access_denied"),
        ("server_error", 500, "internal_error"),
    ],
)
def test_f49_f50_f52_tenants_that_answer_nothing_else(services: Services, state: str, status: int, code: str) -> None:
    services.emulator.set_tenant("acme", state=state)
    reply = services.freshservice(ME)
    assert reply.status == status
    assert check(reply.json(), FLAT)["code"] == code


def test_f51_maintenance_is_a_page(services: Services) -> None:
    services.emulator.set_tenant("acme", state="maintenance")
    reply = services.freshservice(ME)
    assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (503, "text/html")


def test_f57_the_other_family_of_errors(services: Services) -> None:
    services.emulator.switch(error_family="errors")
    reply = services.freshservice(ME, "wrong:X")
    assert reply.status == 401
    assert check(reply.json(), LISTED)["errors"][0]["code"] == "invalid_credentials"


def test_f47_f61_over_the_limit(services: Services) -> None:
    services.emulator.set_tenant("acme", rate_limit=1, retry_after=7)
    first, second = services.freshservice(ME), services.freshservice(ME)
    assert limits(first) == ["1", "0", "1"]
    assert second.status == 429
    assert second.json() == {"message": "The API rate limit allotted for your Freshservice domain has been exhausted"}
    assert 1 <= int(second.headers["Retry-After"]) <= 7


@pytest.mark.parametrize(("plan", "overall", "lists"), [("starter", 100, 40), ("growth", 200, 70), ("pro", 400, 120)])
def test_f60_the_limits_of_a_plan(services: Services, plan: str, overall: int, lists: int) -> None:
    services.emulator.set_tenant("acme", plan=plan)
    assert limits(services.freshservice(ME))[0] == str(overall)
    statuses = [services.freshservice(f"{API}/agents?per_page=1").status for _count in range(lists + 1)]
    assert statuses == [200] * lists + [429]


def test_f60_refused_calls_count(services: Services) -> None:
    services.emulator.set_tenant("acme", rate_limit=2)
    assert [services.freshservice(ME, "wrong:X").status for _count in range(3)] == [401, 401, 429]


def limits(reply: Any) -> list[str]:
    names = ("X-RateLimit-Total", "X-RateLimit-Remaining", "X-RateLimit-Used-CurrentRequest")
    return [reply.headers[name] for name in names]
