# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulator is sent and cannot use: refused at once, with the reason."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys

import pytest
import requests

from tests.emulator import __main__
from tests.emulator.json_text import decoded
from tests.support.collection import ROOT
from tests.support.emulator_client import OWNER, Client

DEEP = b"[" * 200_000


def admin(client: Client, method: str, path: str, **options: object) -> requests.Response:
    return client.http.request(method, client.emulator.admin_url + path, timeout=10, **options)


@pytest.mark.parametrize(
    "text", [DEEP, "[" * 101 + "]" * 101, '{"a":' * 101 + "1" + "}" * 101, "[NaN]", "[-Infinity]", "["]
)
def test_json_that_cannot_be_used_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        decoded(text)
    assert decoded("[" * 100 + "]" * 100)


def test_json_that_is_too_deep_is_a_400(client: Client) -> None:
    token = client.session()["token"]
    assert client.stackone("POST", "/connect_sessions", data=DEEP).status_code == 400
    assert client.hub("POST", "/accounts", token, data=DEEP).status_code == 400
    for path in ("/faults", "/accounts", "/switches"):
        assert admin(client, "POST", path, data=DEEP).status_code == 400


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


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://127.0.0.1:1", "http://[::1"])
def test_a_web_page_of_another_origin_cannot_use_the_admin_interface(client: Client, origin: str) -> None:
    answer = admin(client, "POST", "/latency", data='{"ms": 9}', headers={"Origin": origin})
    assert (answer.status_code, "origin" in answer.json()["error"]) == (403, True)
    own = client.emulator.admin_url.removesuffix("/_admin")
    assert admin(client, "GET", "/tenants", headers={"Origin": own}).status_code == 200
    assert admin(client, "GET", "/tenants").status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("text/xml", 406),
        ("text/html, text/xml;q=0.9", 406),
        ("text/html, */*;q=0.1", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("application/*", 200),
    ],
)
def test_freshservice_gives_json_only(client: Client, accept: str, status: int) -> None:
    answer = client.freshservice("/agents/me", headers={"Accept": accept})
    assert (answer.status_code, "errors" in answer.json()) == (status, status == 406)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        "--port 70000",
        "--port -1",
        "--port here",
        "--tenants -3",
        "--stackone-rpm -5",
        "--stackone-window-s nan",
        "--stackone-window-s -1",
        "--stackone-window-s 0",
        "--latency-ms -1",
        "--latency-ms 1e99",
    ],
)
def test_an_option_that_cannot_be_used_is_said_in_one_line(
    arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["emulator", *arguments.split()])
    monkeypatch.setattr(__main__, "serve", lambda *_given: None)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 2
    assert f"error: argument {arguments.split()[0]}: takes " in capsys.readouterr().err.splitlines()[-1]


def test_a_quote_that_is_not_closed_in_the_environment() -> None:
    ended = run("-m", "tests.emulator", TENANTLINK_EMULATOR="--host '127.0.0.1")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("emulator: error: TENANTLINK_EMULATOR cannot be read: ")


def test_an_older_python_is_said_in_one_line() -> None:
    script = "import sys; sys.version_info = (3, 8, 18); import runpy; runpy.run_module('tests.emulator')"
    ended = run("-c", script)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "The emulator needs Python 3.10 or newer, and this is Python 3.8.18\n"
    first = ROOT / "tests/emulator/__init__.py"
    ast.parse(first.read_text(encoding="utf-8"), feature_version=(3, 8))
