# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away certificate authority for --tls; nothing of it outlives the process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

_NAMES = ("localhost", "127.0.0.1", "api.stackone.com", "*.freshservice.com")


@dataclass
class Certificate:
    """Paths of the server's certificate with its key, and of the authority to trust."""

    server: str
    authority: str


@contextmanager
def certificate() -> Iterator[Certificate]:
    """A certificate in a directory only its owner may enter (0700), removed at the end."""
    with tempfile.TemporaryDirectory(prefix="emulator-tls-") as directory:
        authority = trustme.CA()
        ca_path, server_path = Path(directory, "ca.pem"), Path(directory, "server.pem")
        authority.cert_pem.write_to_path(str(ca_path))
        authority.issue_cert(*_NAMES).private_key_and_cert_chain_pem.write_to_path(str(server_path))
        yield Certificate(str(server_path), str(ca_path))
