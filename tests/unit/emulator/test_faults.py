# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behaviour 20: faults and the journal, and the rest of the admin interface."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from tests.emulator.handle import EmulatorError
from tests.support.emulator_client import OWNER, Client

ACCOUNTS = {"service": "stackone", "method": "GET", "path": "/accounts"}


def status(client: Client) -> int:
    return client.stackone("GET", "/accounts").status_code


# when they strike


def test_a_fault_strikes_at_its_call_number_and_as_often_as_asked(client: Client) -> None:
    client.emulator.fault(**ACCOUNTS, status=503, call=2, count=2)
    assert [status(client) for _count in range(4)] == [200, 503, 503, 200]
    client.emulator.fault(**ACCOUNTS, status=500, call=1)
    assert [status(client) for _count in range(2)] == [500, 200]
    client.emulator.fault(**ACCOUNTS, status=502)
    assert [status(client) for _count in range(2)] == [502, 502]
    client.emulator.clear_faults()
    assert status(client) == 200


def test_a_fault_matches_service_method_path_domain_and_caller(client: Client) -> None:
    where = {"service": "freshservice", "path": "/api/v2/agents/*", "domain": "acme", "caller": "client"}
    client.emulator.fault(**where, status=500)
    assert client.freshservice("/agents/me").status_code == 500
    assert client.freshservice("/agents/me", "globex").status_code == 200
    assert client.freshservice("/tickets").status_code == 200
    assert client.link().status_code == 201


def test_before_or_after_the_side_effect(client: Client) -> None:
    account_id = client.linked()["id"]
    where = {"service": "stackone", "method": "DELETE", "path": f"/accounts/{account_id}", "call": 1, "status": 500}
    client.emulator.fault(**where)
    assert client.stackone("DELETE", f"/accounts/{account_id}").status_code == 500
    assert len(client.emulator.accounts()) == 1
    client.emulator.fault(**where, when="after")
    assert client.stackone("DELETE", f"/accounts/{account_id}").status_code == 500
    assert client.emulator.accounts() == []


@pytest.mark.parametrize(("moment", "left"), [("before", 1), ("after", 0)])
def test_a_dropped_connection(client: Client, moment: str, left: int) -> None:
    account_id = client.linked()["id"]
    client.emulator.fault(method="DELETE", drop=moment, call=1)
    with pytest.raises(requests.ConnectionError):
        client.stackone("DELETE", f"/accounts/{account_id}")
    assert len(client.emulator.accounts()) == left
    (entry,) = client.emulator.requests(method="DELETE")
    assert (entry["status"], entry["fault"]) == (None, True)
    assert status(client) == 200


def test_a_fault_on_freshservice_reaches_the_hub(client: Client) -> None:
    client.emulator.fault(service="freshservice", caller="stackone", drop="before", call=1)
    assert client.link().status_code == 400
    assert client.link().status_code == 201


# what they answer


@pytest.mark.parametrize("service", ["stackone", "freshservice"])
def test_error_bodies_look_like_their_service(client: Client, service: str) -> None:
    client.emulator.fault(service=service, status=500)
    if service == "stackone":
        body = client.stackone("GET", "/accounts").json()
        assert (body["statusCode"], set(body)) == (500, {"statusCode", "message", "timestamp"})
    else:
        assert set(client.freshservice("/agents/me").json()) == {"code", "message"}


def test_bad_bodies(client: Client) -> None:
    def answer(body: Any, **more: Any) -> requests.Response:
        client.emulator.clear_faults()
        client.emulator.fault(**ACCOUNTS, body=body, **more)
        return client.stackone("GET", "/accounts")

    html = answer("html", status=502)
    assert (html.status_code, html.headers["Content-Type"][:9]) == (502, "text/html")
    with pytest.raises(json.JSONDecodeError):
        answer("malformed").json()
    assert answer("wrong_shape").json() == {"unexpected": ["shape"]}
    assert answer("empty").content == b""
    assert answer({"raw": "hello"}, status=201, headers={"X-Odd": "1"}).text == "hello"
    assert answer({"raw": "hello"}, headers={"X-Odd": "1"}).headers["X-Odd"] == "1"
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        answer("truncated", when="after")
    assert len(answer("huge").content) > 20_000_000


def test_a_dripping_body_never_ends(client: Client) -> None:
    client.emulator.fault(**ACCOUNTS, body="drip", call=1)
    answer = client.stackone("GET", "/accounts", stream=True)
    pieces = answer.iter_content(1)
    assert [next(pieces) for _count in range(3)] == [b" "] * 3
    answer.close()
    assert status(client) == 200


def test_delays_and_headers_leave_the_answer_alone(client: Client) -> None:
    client.emulator.fault(**ACCOUNTS, delay_ms=120, headers={"X-Slow": "yes"}, call=1)
    slow = client.stackone("GET", "/accounts")
    assert (slow.json(), slow.headers["X-Slow"]) == ([], "yes")
    assert slow.elapsed.total_seconds() >= 0.12


def test_retry_after_literal_and_dates(client: Client) -> None:
    def value(text: Any) -> str:
        client.emulator.clear_faults()
        client.emulator.fault(**ACCOUNTS, status=408, retry_after=text)
        return client.stackone("GET", "/accounts").headers["Retry-After"]

    assert value("60") == value(60) == "60"
    assert value("soon") == "soon"
    now = datetime.now(timezone.utc)
    assert 97 < (parsedate_to_datetime(value("http_date:+100")) - now).total_seconds() < 120
    iso = datetime.fromisoformat(value("iso_date:-100").replace("Z", "+00:00"))
    assert -103 < (iso - now).total_seconds() < -80


@pytest.mark.parametrize("fault", [{"body": "odd"}, {"typo": 1}, {"service": "hubb"}, {"call": 0}, {"drop": "maybe"}])
def test_faults_that_are_not_understood_are_refused(client: Client, fault: dict[str, Any]) -> None:
    with pytest.raises(EmulatorError, match="400"):
        client.emulator.fault(**fault)


# journal


def test_the_journal_tells_what_was_asked_but_no_secret(client: Client) -> None:
    client.link()
    client.freshservice("/agents/me", key="wrong")
    client.stackone("GET", "/accounts?provider=x", key="wrong")
    link = client.session()["auth_link_url"]
    assert client.http.get(link, timeout=10).status_code == 200
    rows = client.emulator.requests()
    asked = [(row["service"], row["caller"], row["method"], row["path"], row["status"]) for row in rows]
    assert asked[:8] == [
        ("stackone", "client", "POST", "/connect_sessions", 201),
        ("hub", "client", "POST", "/hub/accounts", 201),
        ("freshservice", "stackone", "GET", "/api/v2/agents", 200),
        ("freshservice", "client", "GET", "/api/v2/agents/me", 401),
        ("stackone", "client", "GET", "/accounts", 401),
        ("stackone", "client", "POST", "/connect_sessions", 201),
        ("stackone", "client", "GET", "/embedded/integrations", 200),
        ("hub", "customer", "GET", "/hub/settings", 200),
    ]
    assert (rows[2]["domain"], rows[4]["query"]) == ("acme", "provider=x")
    text = json.dumps(rows)
    assert client.key() not in text
    assert link.partition("token=")[2] not in text


def test_the_journal_can_be_filtered_and_cleared(client: Client) -> None:
    client.emulator.fault(service="freshservice", drop="before", call=1)
    with pytest.raises(requests.ConnectionError):
        client.freshservice("/agents/me")
    assert status(client) == 200
    assert len(client.emulator.requests(status=200, service="stackone")) == 1
    assert len(client.emulator.requests(status=None, fault=True)) == 1
    assert client.emulator.requests(domain="globex") == []
    with pytest.raises(EmulatorError, match="unknown filter"):
        client.emulator.requests(verb="GET")
    client.emulator.clear_requests()
    assert client.emulator.requests() == []


def test_a_request_is_in_the_journal_while_it_runs(client: Client) -> None:
    client.emulator.fault(**ACCOUNTS, delay_ms=5000)
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.http.get(f"{client.emulator.stackone_url}/accounts", timeout=0.1)
    (entry,) = client.emulator.requests()
    assert (entry["path"], entry["status"]) == ("/accounts", None)


# the rest of the admin interface


def test_tenants_can_be_made_changed_and_removed(client: Client) -> None:
    emulator = client.emulator
    with pytest.raises(EmulatorError, match="404"):
        emulator.set_tenant("soylent", slow_ms=1)
    made = emulator.set_tenant("soylent", create=True, agents=3)
    assert client.freshservice("/agents/me", "soylent").status_code == 200
    assert (len(made["agents"]), made["api_key"]) == (2, made["agents"][1]["api_key"])
    third = emulator.set_tenant("soylent", agent_email="agent3@soylent.example", rotate_key=True)
    own = client.freshservice("/agents/me", "soylent", third["new_api_key"]).json()["agent"]
    assert own["email"] == "agent3@soylent.example"
    for bad in ({"colour": 1}, {"state": "odd"}, {"agent_email": "nobody"}, {"rate_limit": "many"}, {"plan": "x"}):
        with pytest.raises(EmulatorError, match="400"):
            emulator.set_tenant("soylent", **bad)
    emulator.remove_tenant("soylent")
    assert client.freshservice("/agents/me", "soylent", "x").status_code == 404


def test_accounts_can_be_made_changed_and_removed(client: Client) -> None:
    emulator = client.emulator
    made = emulator.add_account(**OWNER, domain="acme", api_key="k1", label="L")
    assert made["setup_information"] == {"domain": "acme"}
    changed = emulator.change_account(made["id"], api_key="k2", origin_owner_name="N", status="suspended")
    assert (changed["credentials"], changed["setup_information"]) == ({"apiKey": "k2"}, {"domain": "acme"})
    assert (changed["origin_owner_name"], changed["status"], changed["label"]) == ("N", "suspended", "L")
    for bad in ({"colour": 1}, {"id": "x"}):
        with pytest.raises(EmulatorError, match="400"):
            emulator.change_account(made["id"], **bad)
    with pytest.raises(EmulatorError, match="400"):
        emulator.add_account(domain="acme")
    with pytest.raises(EmulatorError, match="already"):
        emulator.add_account(**OWNER, id=made["id"])
    emulator.remove_account(made["id"])
    assert emulator.accounts() == []
    with pytest.raises(EmulatorError, match="404"):
        emulator.account(made["id"])


@pytest.mark.parametrize(
    "switch",
    [{"colour": 1}, {"hub_api": "gone"}, {"hub_patch_retest": 1}, {"delete_status": "200"}, {"hub_secret_tail": -1}],
)
def test_bad_switches_are_refused_and_change_nothing(client: Client, switch: dict[str, Any]) -> None:
    before = client.emulator.switch()
    with pytest.raises(EmulatorError, match="400"):
        client.emulator.switch(type_case="upper", **switch)
    assert client.emulator.switch() == before


def test_a_reset_undoes_everything_but_keeps_the_keys(client: Client) -> None:
    emulator = client.emulator
    key, extra = client.key(), emulator.key()
    client.linked()
    emulator.set_tenant("acme", rotate_key=True, state="maintenance")
    emulator.switch(hub_api="missing")
    emulator.profiles([])
    emulator.fault(status=500)
    emulator.reset()
    assert client.key() == key
    assert client.freshservice("/agents/me").status_code == 200
    assert emulator.accounts() == []
    assert emulator.switch()["hub_api"] == "available"
    assert len(emulator.profiles()) == 2
    assert client.stackone("GET", "/accounts", key=extra).status_code == 401


def test_latency_applies_to_both_services(client: Client) -> None:
    client.emulator.latency(80)
    started = time.monotonic()
    assert status(client) == 200
    assert time.monotonic() - started >= 0.08
    assert client.freshservice("/agents/me").elapsed.total_seconds() >= 0.08


def test_unknown_places_are_404(client: Client) -> None:
    root = client.emulator.admin_url.removesuffix("/_admin")
    assert client.http.get(f"{root}/elsewhere", timeout=10).status_code == 404
    assert client.http.get(f"{root}/_admin/elsewhere", timeout=10).status_code == 404
    assert client.http.get(f"{root}/stackone/elsewhere", timeout=10).status_code == 401
