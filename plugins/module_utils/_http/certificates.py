# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS context of a run: which certificate authorities are trusted, and the client certificate."""

from __future__ import annotations

import os
import ssl

try:
    import requests
    import urllib3
except Exception:  # noqa: S110 - _http.session reports why, whatever a broken library raises
    pass

_INSTEAD = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Environment variables that requests honours; each replaces all other authorities."""


def tls_context(validate: bool, ca_path: str | None, client_cert: str | None, client_key: str | None) -> ssl.SSLContext:
    """Return one context for all hosts, because creating one costs more than a request. Raise OSError and ssl.SSLError."""
    context = _trusting(ca_path) if validate else _trusting_anybody()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if client_cert:
        context.load_cert_chain(client_cert, client_key)
    return context


def _trusting(ca_path: str | None) -> ssl.SSLContext:
    """Trust the declared authorities, else those from the environment, else the system's and those of requests."""
    chosen = ca_path or next(filter(None, map(os.environ.get, _INSTEAD)), None)
    if chosen:
        folder = os.path.isdir(chosen)
        return ssl.create_default_context(cafile=None if folder else chosen, capath=chosen if folder else None)
    # OpenSSL itself uses SSL_CERT_FILE and SSL_CERT_DIR instead of the system's authorities.
    context = ssl.create_default_context()
    if not (os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")):
        context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    return context


def _trusting_anybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return context
