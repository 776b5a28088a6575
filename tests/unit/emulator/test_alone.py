# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator by itself: copied out, as one file, and as a container, with Python's standard library alone."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, build_opener
from zipfile import ZipFile

import pytest

from tests.emulator import archive
from tests.emulator.handle import Emulator
from tests.support.collection import ROOT
from tests.support.emulator_client import Client

FOLDER = ROOT / "tests" / "emulator"
SOURCES = sorted(FOLDER.glob("*.py"))
# Used if they are installed, and only inside of functions.
OPTIONAL = {"uvloop", "yaml"}
BY_ITSELF = ("-S", "-E")
"""Python without the packages that are installed, and without the environment's paths."""


@contextlib.contextmanager
def started(command: list[str], folder: Path, **environment: str) -> Iterator[dict[str, Any]]:
    env = {**os.environ, **environment}
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert line, process.stderr.read().decode() if process.stderr else ""
            yield json.loads(line)
        finally:
            process.terminate()
            process.wait(10)


def fetch(url: str) -> Any:
    with build_opener(ProxyHandler({})).open(url, timeout=10) as answer:
        return json.load(answer)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_it_imports_only_itself_and_the_standard_library(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {node for outer in ast.walk(tree) if isinstance(outer, ast.FunctionDef) for node in ast.walk(outer)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level == 1, ast.unparse(node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
            for name in names:
                top = name.partition(".")[0]
                assert top in sys.stdlib_module_names or (top in OPTIONAL and node in inside), ast.unparse(node)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    target = tmp_path / "emulator"
    target.mkdir()
    for source in SOURCES:
        shutil.copy(source, target)
    return tmp_path


def test_the_folder_runs_where_it_was_copied(copied: Path) -> None:
    (copied / "scenario.json").write_text('{"tenants": [{"domain": "alone"}]}')
    command = [sys.executable, *BY_ITSELF, "-m", "emulator", "--scenario", "scenario.json"]
    with started(command, copied) as ready:
        variables = fetch(ready["admin_url"] + "/variables")
        assert variables["freshservice_link_stackone_url"] == ready["stackone_url"]
        assert [tenant["domain"] for tenant in variables["freshservice_link_tenants"]] == ["alone"]
        assert fetch(ready["admin_url"] + "/ready") == ready
        script = f"""
from emulator.customer import Customer
from emulator.handle import Emulator
first = Emulator.at({ready["admin_url"]!r})
with Emulator("--tenants", "2") as second:
    print(len(first.tenants()), len(second.tenants()))
"""
        run = subprocess.run(
            [sys.executable, *BY_ITSELF, "-c", script], cwd=copied, capture_output=True, text=True, check=False
        )
        assert run.stdout == "1 2\n", run.stderr


def test_yaml_without_its_package_is_explained(copied: Path) -> None:
    (copied / "scenario.yml").write_text("tenants: []")
    command = [sys.executable, *BY_ITSELF, "-m", "emulator", "--scenario", "scenario.yml"]
    run = subprocess.run(command, cwd=copied, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "needs the package PyYAML; a .json file needs nothing" in run.stderr


def test_one_file_runs_anywhere_and_is_always_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "made" / "one.pyz", tmp_path / "two.pyz"
    archive.build(first)
    archive.build(second)
    assert first.read_bytes() == second.read_bytes()
    assert {entry.date_time for entry in ZipFile(first).infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert os.access(first, os.X_OK)
    command = [sys.executable, *BY_ITSELF, str(first), "--tenants", "3"]
    with started(command, tmp_path) as ready:
        assert len(fetch(ready["admin_url"] + "/tenants")) == 3


def test_tls_by_itself_for_another_name(copied: Path) -> None:
    command = [sys.executable, *BY_ITSELF, "-m", "emulator", "--tls", "--tls-name", "emulator"]
    script = """
import http.client, socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as plain:
    with context.wrap_socket(plain, server_hostname="emulator") as secured:
        print(secured.getpeercert()["subjectAltName"][-1])
"""
    with started(command, copied) as ready:
        port = str(urlsplit(ready["admin_url"]).port)
        run = subprocess.run(
            [sys.executable, "-c", script, port, ready["ca_path"]], capture_output=True, text=True, check=False
        )
        assert run.stdout == "('DNS', 'emulator')\n", run.stderr


def test_tls_without_openssl_is_explained(copied: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "emulator", "--tls"],
        cwd=copied,
        env={"PATH": str(copied)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1] == "emulator: error: the command openssl is not installed"


def test_it_warns_where_others_can_reach_it(copied: Path) -> None:
    command = [sys.executable, "-m", "emulator", "--host", "0.0.0.0"]
    with subprocess.Popen(command, cwd=copied, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        ready = json.loads(process.stdout.readline())
        process.terminate()
        assert "Never give it real keys" in process.stderr.read()
    assert urlsplit(ready["admin_url"]).hostname == "127.0.0.1"


def test_options_from_the_environment(copied: Path) -> None:
    environment = {"TENANTLINK_EMULATOR": "--tenants 4 --plan starter"}
    with started([sys.executable, "-m", "emulator"], copied, **environment) as ready:
        tenants = fetch(ready["admin_url"] + "/tenants")
    assert [tenant["plan"] for tenant in tenants] == ["starter"] * 4


def instructions() -> list[tuple[str, str]]:
    lines = (FOLDER / "Containerfile").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]  # type: ignore[misc]


def test_the_containerfile_fetches_nothing_and_runs_as_nobody() -> None:
    named = dict(instructions())
    assert [name for name, _value in instructions()] == [
        *("FROM", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT")
    ]
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+-slim", named["FROM"])
    assert named["RUN"] == "python -m compileall -q emulator"
    assert int(named["USER"].partition(":")[0]) > 0
    assert f'--port", "{named["EXPOSE"]}"' in named["ENTRYPOINT"]
    assert named["EXPOSE"] in named["HEALTHCHECK"]


def test_the_steps_of_the_containerfile_in_an_empty_folder(tmp_path: Path) -> None:
    named = dict(instructions())
    pattern, target = named["COPY"].split()
    (tmp_path / target).mkdir()
    for source in FOLDER.glob(pattern):
        shutil.copy(source, tmp_path / target)
    python = [sys.executable, *BY_ITSELF]
    build = [*python, *named["RUN"].split()[1:]]
    subprocess.run(build, cwd=tmp_path, check=True)
    entrypoint = json.loads(named["ENTRYPOINT"])
    with started([*python, *entrypoint[1:], "--port", "0"], tmp_path) as ready:
        port = str(urlsplit(ready["admin_url"]).port)
        health = json.loads(named["HEALTHCHECK"].partition("CMD ")[2])
        check = [*python, *(part.replace(named["EXPOSE"], port) for part in health[1:])]
        assert subprocess.run(check, check=False).returncode == 0
        assert len(fetch(f"http://127.0.0.1:{port}/_admin/tenants")) == 5
    assert subprocess.run(check, capture_output=True, check=False).returncode == 1


def test_the_authority_can_be_fetched_by_other_machines(copied: Path) -> None:
    with started([sys.executable, "-m", "emulator", "--tls"], copied) as ready:
        context = ssl.create_default_context(cafile=ready["ca_path"])
        opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
        with opener.open(ready["admin_url"] + "/authority", timeout=10) as answer:
            assert answer.read() == Path(ready["ca_path"]).read_bytes()


def test_without_tls_there_is_no_authority(emulator: Emulator) -> None:
    with pytest.raises(HTTPError, match="404"):
        fetch(emulator.admin_url + "/authority")


def test_a_customer_without_a_browser(copied: Path, client: Client) -> None:
    link = client.session()["auth_link_url"]
    for key, code in (("wrong", 1), (client.key(), 0)):
        command = [sys.executable, *BY_ITSELF, "-m", "emulator.customer", link, "acme"]
        run = subprocess.run(command, cwd=copied, input=f"{key}\n", capture_output=True, text=True, check=False)
        assert (run.returncode, run.stdout) == (code, "")
    assert len(client.emulator.accounts()) == 1
