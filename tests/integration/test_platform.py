# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS, proxies, and the Python that the modules run on."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading

import pytest
import trustme

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
    """A CONNECT proxy on loopback that counts its tunnels; with a TLS context, one that is spoken to over TLS."""

    def __init__(self, context=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        if context:
            self.listener = context.wrap_socket(self.listener, server_side=True)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.listener.getsockname()[1]}"
        self.tunnels = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _address = self.listener.accept()
            except ssl.SSLError:
                continue
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


class Gate:
    """A server that admits only who shows a client certificate of its authority, before a plain emulator."""

    def __init__(self, emulator, folder):
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        client = authority.issue_cert("client.example")
        self.ca, self.both, self.cert, self.key = (folder / f"{name}.pem" for name in ("ca", "both", "cert", "key"))
        authority.cert_pem.write_to_path(str(self.ca))
        client.private_key_and_cert_chain_pem.write_to_path(str(self.both))
        client.cert_chain_pems[0].write_to_path(str(self.cert))
        client.private_key_pem.write_to_path(str(self.key))
        self.port = int(emulator.stackone_url.split(":")[2].split("/")[0])
        self.listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.admitted = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, plain):
        """The same address through the gate."""
        return plain.replace("http://", "https://").replace(f":{self.port}", f":{self.listener.getsockname()[1]}")

    def _serve(self):
        while True:
            try:
                client, _address = self.listener.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            self.admitted += 1
            server = socket.create_connection(("127.0.0.1", self.port))
            for ends in ((client, server), (server, client)):
                threading.Thread(target=copy, args=ends, daemon=True).start()


@pytest.fixture
def gate(house):
    running = Gate(house.emulator, house.folder)
    yield running
    running.listener.close()


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


def test_a_proxy_that_a_private_authority_vouches_for(tls_house):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    both = tls_house.folder / "authorities.pem"
    with open(tls_house.emulator.ca_path) as file:
        both.write_text(file.read() + authority.cert_pem.bytes().decode())
    running = Proxy(context)
    unknown = tls_house.link(ca_path=tls_house.emulator.ca_path, proxy=running.url)
    assert unknown["failure"]["code"] == "unreachable"
    assert running.tunnels == 0
    assert tls_house.converge(ca_path=str(both), proxy=running.url)["actions"] == ["create"]
    assert running.tunnels > 0
    running.listener.close()


@pytest.mark.parametrize("files", ["one", "two"])
def test_a_client_certificate(house, gate, files):
    urls = {name: gate.url(house.connection()[name]) for name in ("stackone_url", "freshservice_url")}
    pair = (
        {"client_cert": str(gate.both)}
        if files == "one"
        else {"client_cert": str(gate.cert), "client_key": str(gate.key)}
    )
    assert house.converge(ca_path=str(gate.ca), **urls, **pair)["actions"] == ["create"]
    assert gate.admitted > 0


def test_without_the_client_certificate_nothing_is_sent(house, gate):
    urls = {name: gate.url(house.connection()[name]) for name in ("stackone_url", "freshservice_url")}
    result = house.link(ca_path=str(gate.ca), **urls)
    assert result["failure"]["code"] == "unreachable"
    assert house.emulator.requests() == []


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
