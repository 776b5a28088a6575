# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each broken connection proves: above all, whether the request may have been carried out."""

from __future__ import annotations

import socket
import ssl

import pytest
import requests
import urllib3

from ansible_collections.tenantlink.stackone.plugins.module_utils._http import (
    Http,
    HttpOptions,
    Request,
    Service,
    _transport_error,
)

EOF = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
LATER = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def failed_to_connect(cause):
    error = urllib3.exceptions.NewConnectionError(None, "failed")
    error.__cause__ = cause
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", error))


@pytest.mark.parametrize(
    ("error", "kind", "sent"),
    [
        (requests.exceptions.SSLError(urllib3.exceptions.SSLError(EOF)), "dropped", True),
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError("self-signed")), "tls", False),
        (urllib3.exceptions.ProtocolError("aborted", ConnectionResetError()), "dropped", True),
        (requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted")), "dropped", True),
        (requests.ReadTimeout(), "timeout", True),
        (urllib3.exceptions.ReadTimeoutError(None, "/", "slow"), "timeout", True),
        (requests.ConnectTimeout(), "timeout", False),
        (failed_to_connect(ConnectionRefusedError()), "refused", False),
        (failed_to_connect(UNKNOWN), "dns", False),
        (failed_to_connect(LATER), "dns_temporary", False),
        (requests.exceptions.ProxyError(OSError("tunnel")), "proxy", False),
        (urllib3.exceptions.DecodeError("gzip"), "body", True),
        (ConnectionResetError(), "dropped", True),
    ],
)
def test_transport_errors(error, kind, sent):
    found = _transport_error(error, "host:443")
    assert (found.kind.value, found.sent) == (kind, sent)
    assert str(found).startswith("host:443: ")


def test_the_environments_netrc_is_not_read(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    seen = []

    def send(prepared, **_options):
        seen.append(prepared.headers.get("Authorization"))
        raise requests.ConnectionError("enough")

    http = Http(HttpOptions(retries=0))
    monkeypatch.setattr(http._adapter, "send", send)
    with pytest.raises(Exception, match=r"127\.0\.0\.1"):
        http.send(Request(Service.STACKONE, "GET", "http://127.0.0.1:9/hub/settings"))
    assert seen == [None]
