# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS, proxies, and the Python that the modules run on."""

from __future__ import annotations

import ssl
import sys
from urllib.parse import urlsplit

import pytest
import trustme

from tests.emulator.handle import Emulator
from tests.integration.relays import Gate, Proxy
from tests.support.playbook_runner import PlaybookRunner


@pytest.fixture(scope="module")
def tls_emulator():
    with Emulator("--tls") as running:
        yield running


@pytest.fixture
def tls_runner(tls_emulator, tmp_path):
    with PlaybookRunner.opened(tls_emulator, tmp_path) as opened:
        yield opened


@pytest.fixture
def gate(runner):
    running = Gate(runner.emulator, runner.folder)
    yield running
    running.close()


@pytest.fixture
def proxy():
    running = Proxy()
    yield running
    running.close()


def named(runner):
    """The emulator under names that only a proxy can resolve: what goes to this machine goes through none."""
    port = urlsplit(runner.connection()["stackone_url"]).port
    return {
        "stackone_url": f"https://api.stackone.com:{port}",
        "freshservice_url": f"https://{{domain}}.freshservice.com:{port}",
        "ca_path": runner.emulator.ca_path,
    }


def test_a_private_ca(tls_runner):
    assert tls_runner.converge(ca_path=tls_runner.emulator.ca_path)["actions"] == ["create"]


def test_a_certificate_that_nobody_vouches_for(tls_runner):
    info = tls_runner.key_info()
    assert info["key_check"]["status"] == "unreachable"
    assert "TLS" in info["key_check"]["evidence"]
    assert "certificate" in info["key_check"]["evidence"]
    assert tls_runner.emulator.requests() == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_private_ca_that_the_environment_names(tls_runner, variable):
    # This machine may name others, in variables that come first.
    env = {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "", variable: tls_runner.emulator.ca_path}
    (result,) = tls_runner.play(tls_runner.options(), env=env).results
    assert not result.get("failed"), result["msg"]


def test_certificates_unchecked(tls_runner):
    assert tls_runner.converge(validate_certs=False)["actions"] == ["create"]


def test_an_answer_lost_inside_tls_makes_no_second_account(tls_runner):
    tls_runner.emulator.switch(hub_existing_triple="duplicate")
    tls_runner.emulator.fault(service="hub", method="POST", path="/hub/accounts", call=1, drop="after")
    assert tls_runner.link(ca_path=tls_runner.emulator.ca_path)["actions"] == ["create"]
    assert len(tls_runner.emulator.accounts()) == 1


def test_a_proxy_from_the_option(tls_runner, proxy):
    assert tls_runner.converge(**named(tls_runner), proxy=proxy.url)["actions"] == ["create"]
    assert proxy.served > 0


def test_what_goes_to_this_machine_goes_through_no_proxy(runner, proxy):
    """Over plain http, whose keys a proxy could read."""
    assert runner.link(proxy=proxy.url)["actions"] == ["create"]
    env = {"HTTP_PROXY": proxy.url, "ALL_PROXY": proxy.url, "NO_PROXY": ""}
    assert not runner.play(runner.options("globex"), env=env).results[0].get("failed")
    assert proxy.connections == 0


def test_a_proxy_from_the_environment_and_no_proxy(tls_runner, proxy):
    options = tls_runner.options(**named(tls_runner), retries=0)
    tls_runner.play(options, env={"HTTPS_PROXY": proxy.url, "NO_PROXY": "stackone.com,freshservice.com"})
    assert proxy.served == 0
    tls_runner.play(options, env={"HTTPS_PROXY": proxy.url, "NO_PROXY": ""})
    assert proxy.served > 0


def test_a_proxy_that_a_private_authority_vouches_for(tls_runner):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    both = tls_runner.folder / "authorities.pem"
    with open(tls_runner.emulator.ca_path) as file:
        both.write_text(file.read() + authority.cert_pem.bytes().decode())
    running = Proxy(context)
    unknown = tls_runner.link(**named(tls_runner), proxy=running.url)
    assert unknown["failure"]["code"] == "unreachable"
    assert running.served == 0
    assert tls_runner.converge(**{**named(tls_runner), "ca_path": str(both)}, proxy=running.url)["actions"] == [
        "create"
    ]
    assert running.served > 0
    running.close()


@pytest.mark.parametrize("files", ["one", "two"])
def test_a_client_certificate(runner, gate, files):
    urls = {name: gate.url(runner.connection()[name]) for name in ("stackone_url", "freshservice_url")}
    pair = (
        {"client_cert": str(gate.both)}
        if files == "one"
        else {"client_cert": str(gate.cert), "client_key": str(gate.key)}
    )
    assert runner.converge(ca_path=str(gate.ca), **urls, **pair)["actions"] == ["create"]
    assert gate.served > 0


def test_without_the_client_certificate_nothing_is_sent(runner, gate):
    urls = {name: gate.url(runner.connection()[name]) for name in ("stackone_url", "freshservice_url")}
    result = runner.link(ca_path=str(gate.ca), **urls)
    assert result["failure"]["code"] == "unreachable"
    assert runner.emulator.requests() == []


def test_a_python_without_requests_is_named(runner):
    python = runner.folder / "bare-python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    runner.python = str(python)
    result = runner.link()
    assert result["failed"]
    assert "requests" in result["msg"]
    assert sys.executable in result["msg"]
    assert runner.emulator.requests() == []
