# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS, proxies, and the Python that the modules run on."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading

import pytest

from tests.emulator.handle import Emulator
from tests.integration.house import House


@pytest.fixture(scope="module")
def tls_emulator():
    with Emulator("--tls") as running:
        yield running


@pytest.fixture
def tls_house(tls_emulator, tmp_path):
    tls_emulator.reset()
    with contextlib.closing(House(tls_emulator, tmp_path)) as opened:
        yield opened


class Proxy:
    """A CONNECT proxy on loopback that counts its tunnels."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.tunnels = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def _tunnel(self, client):
        request = b""
        while b"\r\n\r\n" not in request:
            request += client.recv(4096)
        host, port = request.split()[1].decode().rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        self.tunnels += 1
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=copy, args=(client, server), daemon=True).start()
        copy(server, client)


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        target.close()


@pytest.fixture
def proxy():
    running = Proxy()
    yield running
    running.listener.close()


def test_a_private_ca(tls_house):
    assert tls_house.converge(ca_path=tls_house.emulator.ca_path)["actions"] == ["create"]


def test_a_certificate_that_nobody_vouches_for(tls_house):
    info = tls_house.key_info()
    assert info["key_check"]["status"] == "unreachable"
    assert "TLS" in info["key_check"]["evidence"]
    assert "certificate" in info["key_check"]["evidence"]
    assert tls_house.emulator.requests() == []


def test_certificates_unchecked(tls_house):
    assert tls_house.converge(validate_certs=False)["actions"] == ["create"]


def test_an_answer_lost_inside_tls_makes_no_second_account(tls_house):
    tls_house.emulator.switch(hub_existing_triple="duplicate")
    tls_house.emulator.fault(service="hub", method="POST", path="/hub/accounts", call=1, drop="after")
    assert tls_house.link(ca_path=tls_house.emulator.ca_path)["actions"] == ["create"]
    assert len(tls_house.emulator.accounts()) == 1


def test_a_proxy_from_the_option(tls_house, proxy):
    assert tls_house.converge(ca_path=tls_house.emulator.ca_path, proxy=proxy.url)["actions"] == ["create"]
    assert proxy.tunnels > 0


def test_a_proxy_from_the_environment_and_no_proxy(tls_house, proxy):
    options = tls_house.options(ca_path=tls_house.emulator.ca_path)
    tls_house.play(options, env={"HTTPS_PROXY": proxy.url, "NO_PROXY": "127.0.0.1"})
    assert proxy.tunnels == 0
    tls_house.play(options, env={"HTTPS_PROXY": proxy.url, "NO_PROXY": ""})
    assert proxy.tunnels > 0


def test_a_python_without_requests_is_named(house):
    python = house.folder / "bare-python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    house.python = str(python)
    result = house.link()
    assert result["failed"]
    assert "requests" in result["msg"]
    assert sys.executable in result["msg"]
    assert house.emulator.requests() == []
