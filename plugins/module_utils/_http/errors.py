# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a request got no answer, and whether the server may have processed it nevertheless."""

from __future__ import annotations

from enum import Enum


class TransportKind(str, Enum):
    """The reason why a request got no answer."""

    DNS = "dns"
    DNS_TEMPORARY = "dns_temporary"
    NO_FILES = "no_files"
    REFUSED = "refused"
    TLS = "tls"
    PROXY = "proxy"
    UNUSABLE_PROXY = "unusable_proxy"
    UNSENDABLE = "unsendable"
    TIMEOUT = "timeout"
    STOPPED = "stopped"
    DROPPED = "dropped"
    BODY = "body"


KIND_TEXT = {
    TransportKind.DNS: "the host name does not resolve",
    TransportKind.DNS_TEMPORARY: "the host name could not be resolved at this time",
    TransportKind.NO_FILES: "this machine lets the run open no more files and connections",
    TransportKind.REFUSED: "no connection could be made",
    TransportKind.TLS: "the TLS connection failed",
    TransportKind.PROXY: "the proxy failed",
    TransportKind.UNUSABLE_PROXY: "the proxy cannot be used",
    TransportKind.UNSENDABLE: "the request cannot be written",
    TransportKind.TIMEOUT: "no answer came in time",
    TransportKind.STOPPED: "the run was stopped before the answer was complete",
    TransportKind.DROPPED: "the connection broke before the answer was complete",
    TransportKind.BODY: "the answer was too large or could not be decoded",
}

ADVICE = {
    TransportKind.NO_FILES: "Raise the limit of open files (ulimit -n), or set concurrency lower; then run again.",
}
"""What to do, if it is more precise than what each service advises."""

NEVER_PASSING = frozenset(
    {
        *(TransportKind.DNS, TransportKind.TLS, TransportKind.BODY),
        *(TransportKind.UNUSABLE_PROXY, TransportKind.UNSENDABLE, TransportKind.STOPPED),
    }
)
"""Failures that are the same on every attempt."""


class TransportError(Exception):
    """No answer arrived. `sent` is true if the request may have reached the server and been processed."""

    def __init__(self, kind: TransportKind, host: str, detail: str, sent: bool) -> None:
        self.kind = kind
        self.host = host
        self.sent = sent
        self.detail = detail
        super().__init__(f"{host}: {KIND_TEXT[kind]} ({self.detail})")
