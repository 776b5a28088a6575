# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process: start, options, TLS, host names, and its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import requests
import yaml

from tests.emulator.handle import Emulator, EmulatorError
from tests.emulator.switches import Switches
from tests.support.collection import ROOT
from tests.support.emulator_client import Client


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_the_default_scenario(client: Client) -> None:
    tenants = {tenant["domain"]: tenant for tenant in client.emulator.tenants()}
    assert list(tenants) == ["acme", "globex", "initech", "umbrella", "hooli"]
    assert tenants["umbrella"]["state"] == "suspended"
    assert tenants["initech"]["agent"]["api_key_enabled"] is False
    assert tenants["hooli"]["rate_limit"] == 5
    keys = [agent["api_key"] for tenant in tenants.values() for agent in tenant["agents"]]
    assert len(set(keys)) == 10
    assert {(len(key), key.isalnum()) for key in keys} == {(20, True)}
    assert client.emulator.stackone_api_key.startswith("v1.eu1.")
    assert client.emulator.accounts() == []


@pytest.mark.programs
def test_it_says_how_to_aim_a_playbook_at_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.emulator", "--tenants", "2", "--exit-with-parent", "--variables"]
    process = subprocess.Popen(
        [*command, str(tmp_path / "here")], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    ready = json.loads(process.stdout.readline())
    (path,) = (tmp_path / "here").iterdir()
    variables = yaml.safe_load(path.read_text())
    line = next(line for line in process.stderr if "ansible-playbook" in line)
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "ANSIBLE_LOCALHOST_WARNING": "0"}
    run = subprocess.run(line, shell=True, cwd=tmp_path, env=home, capture_output=True, text=True, check=False)
    process.terminate()
    assert process.wait() == 0
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 linked" in run.stdout
    assert variables["freshservice_link_stackone_url"] == ready["stackone_url"]
    assert list((tmp_path / "here").iterdir()) == []


def test_a_second_sandbox_does_not_touch_the_files_of_the_first(tmp_path: Path) -> None:
    start = [sys.executable, "-m", "tests.sandbox", "start", str(tmp_path / "place")]
    first = subprocess.Popen(start, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert first.stdout
    assert "The sandbox is ready" in first.stdout.readline()
    before = {path: path.read_bytes() for path in (tmp_path / "place").iterdir()}
    second = subprocess.run(start, cwd=ROOT, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "is running in" in second.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "place").iterdir()} == before
    first.send_signal(signal.SIGINT)
    assert first.wait() == 0
    third = subprocess.Popen(start, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert third.stdout
    assert "The sandbox is ready" in third.stdout.readline()
    third.send_signal(signal.SIGINT)
    assert third.wait() == 0


def test_numbered_tenants_plans_and_quota() -> None:
    quota = ("--stackone-rpm", "1", "--stackone-window-s", "30")
    with Emulator("--tenants", "3", "--plan", "starter", *quota) as emulator:
        client = Client(emulator)
        assert [tenant["domain"] for tenant in emulator.tenants()] == ["t00001", "t00002", "t00003"]
        assert client.freshservice("/agents/me", "t00003").headers["X-RateLimit-Total"] == "100"
        admin = client.admin_key("t00001")
        statuses = [client.freshservice("/agents", "t00001", admin).status_code for _count in range(41)]
        assert statuses == [200] * 40 + [429]
        answers = [client.stackone("GET", "/accounts") for _count in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert 1 <= int(answers[1].headers["Retry-After"]) <= 30


def test_a_scenario_file(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yml"
    file.write_text(
        textwrap.dedent("""
        tenants:
          - domain: pied-piper
            agents: 5
            plan: growth
            state: maintenance
        accounts:
          - origin_owner_id: o1
            domain: pied-piper
            api_key: k
            label: by hand
        switches:
          accounts_shape: data
        profiles:
          - integration_id: only
            default: true
        """)
    )
    with Emulator("--scenario", str(file)) as emulator:
        client = Client(emulator)
        assert client.freshservice("/agents/me", "pied-piper").status_code == 503
        emulator.set_tenant("pied-piper", state="active")
        emulator.reset()
        assert client.freshservice("/agents/me", "pied-piper").status_code == 503
        (account,) = client.stackone("GET", "/accounts").json()["data"]
        assert (account["label"], account["origin_owner_name"]) == ("by hand", "o1")
        assert client.session()["integration_id"] == "only"


@pytest.mark.parametrize(
    "content", ["colours: 1", "switches: {hub_api: gone}", "tenants: [{agents: 2}]", "accounts: [{}]"]
)
def test_a_bad_scenario_is_said_in_one_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "scenario.yml"
    file.write_text(content)
    with pytest.raises(EmulatorError, match="the scenario cannot be used"):
        Emulator("--scenario", str(file)).start()


def test_tls_with_a_throw_away_authority() -> None:
    with Emulator("--tls") as emulator:
        assert emulator.ca_path
        directory = Path(emulator.ca_path).parent
        assert directory.stat().st_mode & 0o777 == 0o700
        assert emulator.stackone_url.startswith("https://")
        with pytest.raises(requests.exceptions.SSLError):
            Client(emulator).freshservice("/agents/me")
        client = Client(emulator)
        client.http.verify = emulator.ca_path
        assert client.freshservice("/agents/me").status_code == 200
        assert client.link().status_code == 201
        emulator.fault(service="freshservice", drop="after", call=1)
        with pytest.raises(requests.ConnectionError):
            client.freshservice("/agents/me")
        assert client.freshservice("/agents/me").status_code == 200
    assert not directory.exists()


def test_stackone_answers_by_host(client: Client) -> None:
    root = client.emulator.admin_url.removesuffix("/_admin")
    headers = {"Host": "api.stackone.com"}
    answer = client.http.get(
        f"{root}/accounts", auth=(client.emulator.stackone_api_key, ""), headers=headers, timeout=10
    )
    assert (answer.status_code, answer.json()) == (200, [])
    assert client.http.get(f"{root}/hub/settings", headers=headers, timeout=10).status_code == 401
    services = [row["service"] for row in client.emulator.requests()]
    assert services == ["stackone", "hub"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly(number: int) -> None:
    command = [sys.executable, "-m", "tests.emulator", "--tls"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        ready = json.loads(process.stdout.readline())
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stdout.read() == b""
        assert process.stderr.read() == b""
    assert not Path(ready["ca_path"]).exists()


def test_it_ends_with_its_parent() -> None:
    script = """
        import subprocess, sys
        command = [sys.executable, "-m", "tests.emulator", "--exit-with-parent"]
        child = subprocess.Popen(command, stdout=subprocess.PIPE)
        child.stdout.readline()
        print(child.pid)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, capture_output=True, timeout=30, check=True
    )
    assert gone(int(done.stdout))


def test_the_handle_says_why_it_did_not_start() -> None:
    with pytest.raises(EmulatorError, match="--colour"):
        Emulator().start("--colour")


def test_the_help_is_what_the_readme_has(client: Client) -> None:
    shown = json.loads(
        client.http.get(client.emulator.admin_url + "/help", timeout=10).text.replace("{account_id}", "{id}")
    )
    text = (ROOT / "tests/emulator/README.md").read_text(encoding="utf-8")
    assert [
        request for request, meaning in shown["requests"].items() if f"`{request}`" not in text or not meaning
    ] == []
    assert [name for name in shown["fault_properties"] if f"`{name}`" not in text] == []
    assert shown["switches"]["hub_api"] == ["available", "missing"]
    assert shown["switches"]["lockout_after"] == "a whole number from 0"
    assert shown["switches"].keys() == client.emulator.switch().keys()


def test_the_readme_lists_every_switch_with_its_values() -> None:
    text = (ROOT / "tests/emulator/README.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(" `"): line for line in text.splitlines() if line.startswith("| `")}
    for name, definition in Switches.__dataclass_fields__.items():
        assert name in rows, name
        for value in definition.metadata.get("values", ()):
            assert str(value).lower() in rows[name], (name, value)
