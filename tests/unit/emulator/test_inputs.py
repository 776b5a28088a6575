# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulator is sent and cannot use: refused at once, with the reason."""

from __future__ import annotations

import json

import pytest
import requests

from tests.support.emulator_client import OWNER, Client

DEEP = b"[" * 200_000


def admin(client: Client, method: str, path: str, **options: object) -> requests.Response:
    return client.http.request(method, client.emulator.admin_url + path, timeout=10, **options)


@pytest.mark.parametrize("body", [DEEP, b'{"metadata":' * 300 + b"1" + b"}" * 300, b'{"shared": NaN}'])
def test_json_that_cannot_be_used_is_a_400(client: Client, body: bytes) -> None:
    token = client.session()["token"]
    assert client.stackone("POST", "/connect_sessions", data=body).status_code == 400
    assert client.hub("POST", "/accounts", token, data=body).status_code == 400
    for path in ("/faults", "/accounts", "/switches"):
        assert admin(client, "POST", path, data=body).status_code == 400


MATCHES = [{name: value} for name in ("method", "path", "domain") for value in (1, ["GET"], {"a": 1}, True, "a\nb")]
NUMBERS = [1e308, -1, "1", True, [1]]


@pytest.mark.parametrize(
    "fault",
    [
        *MATCHES,
        *[
            {"headers": headers}
            for headers in ("text", ["X"], 1, {"X": 1}, {"X": "a\r\nb"}, {"a b": "c"}, {"X": "\u20ac"})
        ],
        *[{"status": status} for status in (-1, 5, 600, 1.5, True, "503", 10**400)],
        *[{"delay_ms": value} for value in NUMBERS],
        *[{"call": value} for value in (0, *NUMBERS)],
        *[{"count": value} for value in NUMBERS],
        *[{"body": body} for body in ("odd", 1, {"raw": 1}, {"rough": "x"}, {}, {"raw": "\ud800"})],
        *[{name: 1} for name in ("service", "caller", "drop", "when")],
        {"retry_after": "a\nb"},
        {"colour": 1},
    ],
)
def test_a_fault_that_cannot_be_used_is_refused_by_name(client: Client, fault: dict[str, object]) -> None:
    (name,) = fault
    answer = admin(client, "POST", "/faults", data=json.dumps([{"status": 500}, fault]))
    assert answer.status_code == 400, answer.text
    assert name in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert client.stackone("GET", "/accounts").status_code == 200


@pytest.mark.parametrize("data", [5, "text", [5], [[]]])
def test_a_fault_is_an_object(client: Client, data: object) -> None:
    answer = admin(client, "POST", "/faults", json=data)
    assert (answer.status_code, "fault is an object" in answer.text) == (400, True)


@pytest.mark.parametrize("value", NUMBERS)
def test_times_that_cannot_be_waited_are_refused_by_name(client: Client, value: object) -> None:
    for path, name in (("/latency", "ms"), ("/tenants/acme", "slow_ms"), ("/tenants/acme", "retry_after")):
        answer = admin(client, "POST", path, data=json.dumps({name: value}))
        assert (answer.status_code, f"{name} takes" in answer.text) == (400, True)
    assert client.freshservice("/agents/me").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"rate_limit": 1.5},
        {"rate_limit": True},
        {"api_key_enabled": "no"},
        {"rotate_key": 1},
        {"plan": 1},
        {"state": None},
        {"create": "yes"},
        {"agents": "2"},
    ],
)
def test_a_change_of_a_tenant_that_cannot_be_used_is_refused_by_name(client: Client, change: dict[str, object]) -> None:
    (name,) = change
    answer = admin(client, "POST", "/tenants/acme", json=change)
    assert (answer.status_code, f"{name} takes" in answer.text) == (400, True)


def test_a_session_may_leave_its_time_open(client: Client) -> None:
    assert client.link(client.session(expires_in=None)).status_code == 201
    assert client.link(client.session(expires_in=10**400)).status_code == 201
    refused = client.stackone("POST", "/connect_sessions", json={**OWNER, "expires_in": "60"})
    assert "expires_in must be" in refused.text
