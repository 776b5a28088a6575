# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS: a throw-away certificate authority, made with the command `openssl`; nothing of it outlives the process."""

from __future__ import annotations

import ipaddress
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NAMES = ("localhost", "127.0.0.1", "api.stackone.com", "*.freshservice.com")
_DAYS = "30"
_CONFIGURATION = """
[req]
distinguished_name = subject
prompt = no
[subject]
CN = {name}
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


class Unavailable(RuntimeError):
    """No certificate could be made; the text says why."""


@dataclass
class Certificate:
    """Paths of the server's certificate with its key, and of the authority to trust."""

    server: str
    authority: str

    def context(self) -> ssl.SSLContext:
        """Return what a server needs to use it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        return context


@contextmanager
def certificate(names: tuple[str, ...] = ()) -> Iterator[Certificate]:
    """Make a certificate for the usual names and these, in a directory only its owner may enter (0700)."""
    with tempfile.TemporaryDirectory(prefix="emulator-tls-") as directory:
        folder = Path(directory)
        _configure(folder, "authority", "DNS:authority")
        _configure(folder, "server", ", ".join(map(_alternative, dict.fromkeys((*NAMES, *names)))))
        _make(folder, "authority", "-x509", "-days", _DAYS, "-extensions", "authority")
        _make(folder, "server")
        signing = "-CA authority.pem -CAkey authority.key -CAcreateserial -extfile server.cnf -extensions server"
        _openssl(folder, "x509", "-req", "-in", "server.pem", *signing.split(), "-days", _DAYS, "-out", "signed.pem")
        server = folder / "server.pem"
        server.write_bytes((folder / "signed.pem").read_bytes() + (folder / "server.key").read_bytes())
        yield Certificate(str(server), str(folder / "authority.pem"))


def _alternative(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


def _configure(folder: Path, name: str, names: str) -> None:
    (folder / f"{name}.cnf").write_text(_CONFIGURATION.format(name=f"emulator {name}", names=names), encoding="utf-8")


def _make(folder: Path, name: str, *options: str) -> None:
    """Make a key and what it is for: a self-signed certificate, or a request for one."""
    files = ("-config", f"{name}.cnf", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    _openssl(
        folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *files, *options
    )


def _openssl(folder: Path, *arguments: str) -> None:
    try:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise Unavailable("the command openssl is not installed") from None
    except subprocess.CalledProcessError as failed:
        raise Unavailable(f"openssl {arguments[0]} failed: {failed.stderr.strip()}") from None
