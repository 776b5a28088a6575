# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behaviours 1 to 8: Freshservice."""

from __future__ import annotations

import base64
import re
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from tests.emulator.handle import EmulatorError
from tests.support.emulator_client import Client

ME = "/agents/me"


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


# 1: host-based tenancy, unknown tenants


def test_a_tenant_answers_by_path_and_by_host(client: Client) -> None:
    by_path = client.freshservice(ME)
    root = client.emulator.admin_url.removesuffix("/_admin")
    by_host = client.http.get(
        f"{root}/api/v2/agents/me", auth=(client.key(), "X"), headers={"Host": "ACME.freshservice.com"}, timeout=10
    )
    assert by_path.status_code == by_host.status_code == 200
    assert by_path.json() == by_host.json()


def test_an_unknown_tenant_answers_as_switched(client: Client) -> None:
    for status in (404, 200, 410):
        client.emulator.switch(unknown_tenant=f"claim_page_{status}")
        page = client.freshservice(ME, "nobody", "x")
        assert (page.status_code, page.headers["Content-Type"][:9]) == (status, "text/html")
        assert all(words in page.text for words in ("could not be found", "still fresh", "claim it", "signup"))
    for status in (404, 410):
        client.emulator.switch(unknown_tenant=f"html_{status}")
        page = client.freshservice(ME, "nobody", "x")
        assert (page.status_code, page.headers["Content-Type"][:9]) == (status, "text/html")
        assert "claim" not in page.text
    client.emulator.switch(unknown_tenant="json_404")
    assert client.freshservice(ME, "nobody", "x").json()["code"] == "not_found"
    client.emulator.switch(unknown_tenant="redirect")
    redirect = client.freshservice(ME, "nobody", "x")
    assert redirect.status_code == 302
    assert "nobody" not in redirect.headers["Location"]
    client.emulator.switch(unknown_tenant="refused")
    with pytest.raises(requests.ConnectionError):
        client.freshservice(ME, "nobody", "x")


# 2: Basic parsing


@pytest.mark.parametrize("password", ["X", "", "anything:at all"])
def test_the_password_is_not_looked_at(client: Client, password: str) -> None:
    assert client.freshservice(ME, auth=(client.key(), password)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, basic("wrong:X"), basic("nocolon"), {"Authorization": "Basic %%%"}, {"Authorization": "Bearer x"}],
    ids=["missing", "wrong", "no colon", "garbled", "bearer"],
)
def test_bad_credentials_are_401_in_either_error_family(client: Client, headers: dict[str, str]) -> None:
    flat = client.freshservice(ME, auth=lambda request: request, headers=headers)
    expected = {"code": "invalid_credentials", "message": "You have to be logged in to perform this action."}
    assert (flat.status_code, flat.json()) == (401, expected)
    client.emulator.switch(error_family="errors")
    listed = client.freshservice(ME, auth=lambda request: request, headers=headers)
    assert (listed.status_code, listed.json()) == (401, {"errors": [expected]})


def test_a_good_key_without_a_colon_is_garbled(client: Client) -> None:
    headers = basic(client.key())
    assert client.freshservice(ME, auth=lambda request: request, headers=headers).status_code == 401


# 3: roles


def test_a_plain_agent_does_not_see_agents_and_roles(client: Client) -> None:
    plain, admin = client.key(), client.admin_key()
    assert client.freshservice("/agents", key=plain).status_code == 200
    client.emulator.set_tenant("acme", role="IT Agent")
    with pytest.raises(EmulatorError, match="role takes one of"):
        client.emulator.set_tenant("acme", role="Boss")
    agent_id = client.freshservice(ME).json()["agent"]["id"]
    for path in ("/agents", f"/agents/{agent_id}", "/roles"):
        refused = client.freshservice(path, key=plain)
        assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
        assert client.freshservice(path, key=admin).status_code == 200
    for path in (ME, "/tickets", "/announcements"):
        assert client.freshservice(path, key=plain).status_code == 200


# 4: keys that stop working


def test_a_switched_off_key_answers_like_a_wrong_one_or_403(client: Client) -> None:
    disabled = client.freshservice(ME, "initech")
    wrong = client.freshservice(ME, "initech", "wrong")
    assert (disabled.status_code, disabled.content) == (401, wrong.content)
    client.emulator.switch(key_disabled_answer="forbidden")
    assert client.freshservice(ME, "initech").status_code == 403
    client.emulator.set_tenant("initech", api_key_enabled=True)
    assert client.freshservice(ME, "initech").status_code == 200


@pytest.mark.parametrize("change", [{"agent_active": False}, {"occasional_pass_expired": True}])
def test_a_gone_agents_key_is_refused(client: Client, change: dict[str, Any]) -> None:
    assert client.freshservice(ME).status_code == 200
    client.emulator.set_tenant("acme", **change)
    assert client.freshservice(ME).status_code == 401


def test_an_occasional_agent_with_a_pass_is_let_in(client: Client) -> None:
    client.emulator.set_tenant("acme", occasional=True)
    assert client.freshservice(ME).json()["agent"]["occasional"] is True


def test_rotation_ends_the_old_key(client: Client) -> None:
    old = client.key()
    new = client.emulator.set_tenant("acme", rotate_key=True)["new_api_key"]
    assert new == client.key() != old
    assert client.freshservice(ME, key=old).status_code == 401
    assert client.freshservice(ME, key=new).status_code == 200


def test_the_agent_tells_of_the_switch_only_where_exposed(client: Client) -> None:
    admin = client.admin_key("initech")
    agent_id = client.emulator.tenant("initech")["agent"]["id"]

    def agent() -> dict[str, Any]:
        return client.freshservice(f"/agents/{agent_id}", "initech", admin).json()["agent"]

    assert "api_key_enabled" not in agent()
    client.emulator.switch(expose_api_key_enabled=True)
    assert agent()["api_key_enabled"] is False


def test_many_failed_logins_lock_the_tenant_when_switched(client: Client) -> None:
    client.emulator.switch(lockout_after=2)
    answers = [client.freshservice(ME, key=key) for key in ("wrong", None, "wrong", "wrong", None)]
    assert [answer.status_code for answer in answers] == [401, 200, 401, 401, 403]
    assert answers[4].json()["code"] == "password_lockout"


# 5: wrappers, ids, filters


def test_the_agent_object(client: Client) -> None:
    agent = client.freshservice(ME).json()["agent"]
    assert 10**10 <= agent["id"] < 10**11
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", agent["created_at"])
    assert agent["role_ids"] == [agent["roles"][0]["role_id"]]
    client.emulator.switch(legacy_agent_fields=False)
    assert "role_ids" not in client.freshservice(ME).json()["agent"]


def test_filters_and_records(client: Client) -> None:
    admin = client.admin_key()
    agent = client.emulator.tenant("acme")["agent"]
    client.emulator.set_tenant("acme", agent_email="agent7@acme.example", agent_active=False)

    def emails(query: str) -> list[str]:
        agents = client.freshservice(f"/agents?per_page=100&{query}", key=admin).json()["agents"]
        return [one["email"] for one in agents]

    assert emails(f"email={agent['email']}") == [agent["email"]]
    assert emails("email=nobody@acme.example") == []
    assert emails("active=false") == ["agent7@acme.example"]
    assert len(emails("active=true")) == 39
    assert len(emails("")) == 40
    assert emails("state=occasional") == []
    assert client.freshservice(f"/agents/{agent['id']}", key=admin).json()["agent"]["email"] == agent["email"]
    assert client.freshservice("/agents/1", key=admin).status_code == 404
    roles = client.freshservice("/roles", key=admin).json()["roles"]
    assert "Account Admin" in [role["name"] for role in roles]
    assert client.freshservice(f"/roles/{roles[0]['id']}", key=admin).json() == {"role": roles[0]}


# 6: paging


def test_paging_follows_links_to_the_last_page(client: Client) -> None:
    admin, url, pages = client.admin_key(), None, []
    answer = client.freshservice("/agents", key=admin)
    while True:
        pages.append([agent["id"] for agent in answer.json()["agents"]])
        url = answer.links.get("next", {}).get("url")
        if url is None:
            break
        answer = client.http.get(url, auth=(admin, "X"), timeout=10)
    assert [len(page) for page in pages] == [30, 10]
    assert len({one for page in pages for one in page}) == 40
    assert client.freshservice("/agents?per_page=20&page=2", key=admin).links == {}
    client.emulator.switch(agents_default_per_page=10)
    assert len(client.freshservice("/agents", key=admin).json()["agents"]) == 10


def test_too_large_pages_are_an_error_or_capped(client: Client) -> None:
    admin = client.admin_key()
    refused = client.freshservice("/agents?per_page=101", key=admin)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "per_page"
    client.emulator.switch(per_page_over_100="cap")
    assert client.freshservice("/agents?per_page=101", key=admin).status_code == 200


# 7: rate limits


def test_the_minute_counts_down_failed_logins_too_and_then_refuses(client: Client) -> None:
    client.emulator.set_tenant("acme", rate_limit=3)
    answers = [client.freshservice(ME, key=key) for key in ("wrong", None, None)]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0"]
    refused = client.freshservice(ME)
    assert refused.status_code == 429
    assert "code" not in refused.json()
    assert refused.headers["X-RateLimit-Total"] == "3"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert client.freshservice(ME, "globex").status_code == 200


def test_lists_have_a_smaller_quota(client: Client) -> None:
    client.emulator.set_tenant("acme", list_rate_limit=1)
    admin = client.admin_key()
    assert client.freshservice("/agents", key=admin).status_code == 200
    assert client.freshservice("/agents", key=admin).status_code == 429
    assert client.freshservice("/tickets", key=admin).status_code == 200
    assert client.freshservice(ME, key=admin).status_code == 200


def test_hooli_reopens_after_its_short_retry_after(client: Client) -> None:
    answers = [client.freshservice(ME, "hooli") for _count in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[5].headers["Retry-After"] == "1"
    time.sleep(1)
    assert client.freshservice(ME, "hooli").status_code == 200


@pytest.mark.parametrize("form", ["http_date", "iso_date", "none"])
def test_retry_after_comes_in_every_form(client: Client, form: str) -> None:
    client.emulator.switch(freshservice_retry_after=form)
    client.emulator.set_tenant("acme", rate_limit=0, retry_after=30)
    value = client.freshservice(ME).headers.get("Retry-After")
    if form == "none":
        assert value is None
        return
    assert value is not None
    parse = (
        parsedate_to_datetime
        if form == "http_date"
        else lambda text: datetime.fromisoformat(text.replace("Z", "+00:00"))
    )
    assert 10 < (parse(value) - datetime.now(timezone.utc)).total_seconds() < 33


def test_limit_headers_keep_their_letter_case(client: Client) -> None:
    def names() -> list[str]:
        headers = client.freshservice(ME).raw.headers
        return [name for name in headers if name.lower().startswith("x-ratelimit")]

    assert names() == ["X-RateLimit-Total", "X-RateLimit-Remaining", "X-RateLimit-Used-CurrentRequest"]
    client.emulator.switch(ratelimit_header_case="title")
    assert names() == ["X-Ratelimit-Total", "X-Ratelimit-Remaining", "X-Ratelimit-Used-Currentrequest"]


def test_401_may_lack_the_limit_headers(client: Client) -> None:
    assert "X-RateLimit-Total" in client.freshservice(ME, key="wrong").headers
    client.emulator.switch(unauthorized_ratelimit_headers=False)
    assert "X-RateLimit-Total" not in client.freshservice(ME, key="wrong").headers


# 8: states of a tenant


@pytest.mark.parametrize(
    ("state", "switches", "status", "kind", "code"),
    [
        ("suspended", {}, 403, "application/json", "account_suspended"),
        ("suspended", {"suspended_answer": "html_403"}, 403, "text/html", None),
        ("suspended", {"suspended_answer": "redirect"}, 302, "text/html", None),
        ("maintenance", {}, 503, "text/html", None),
        ("ip_refused", {}, 403, "application/json", "access_denied"),
        ("ip_refused", {"ip_refused_answer": "html_403"}, 403, "text/html", None),
        ("server_error", {}, 500, "application/json", "internal_error"),
        ("server_error", {"server_error_answer": "html"}, 500, "text/html", None),
        ("html_200", {}, 200, "text/html", None),
    ],
)
def test_tenant_states(
    client: Client, state: str, switches: dict[str, str], status: int, kind: str, code: str | None
) -> None:
    client.emulator.switch(**switches)
    client.emulator.set_tenant("acme", state=state)
    answer = client.freshservice(ME)
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (status, kind)
    if code:
        assert answer.json()["code"] == code


def test_a_truncated_tenant_breaks_off(client: Client) -> None:
    client.emulator.set_tenant("acme", state="truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.freshservice(ME)


def test_a_slow_tenant_takes_its_time(client: Client) -> None:
    client.emulator.set_tenant("acme", slow_ms=150)
    assert client.freshservice(ME).elapsed.total_seconds() >= 0.15


def test_unknown_paths_and_methods(client: Client) -> None:
    assert client.freshservice("/nothing").status_code == 404
    url = client.emulator.freshservice_url.format(domain="acme")
    wrong = client.http.post(f"{url}/api/v2/agents", auth=(client.key(), "X"), timeout=10)
    assert (wrong.status_code, list(wrong.json())) == (405, ["errors"])
