# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell from an exception why a request got no answer, and whether the server may have processed it nevertheless."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Any

from .._core.text import NO_SECRETS, Scrubber
from .deadlines import Call, Cut
from .errors import TransportError, TransportKind
from .proxies import UnusableProxy

try:
    import requests
    import urllib3
except Exception:  # noqa: S110 - _http.session reports why, whatever a broken library raises
    pass

_CONNECTING = frozenset(
    {
        TransportKind.DNS,
        TransportKind.DNS_TEMPORARY,
        TransportKind.REFUSED,
        TransportKind.TLS,
        TransportKind.PROXY,
        TransportKind.UNSENDABLE,
    }
)
"""Failures that can only happen before the request is written."""

_CERTIFICATE_ALERTS = frozenset(
    {
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "TLSV1_ALERT_UNKNOWN_CA",
    }
)
"""Values of `ssl.SSLError.reason` if the server rejects our certificate. In TLS 1.3 the alert arrives after the request
was written."""


_NO_FILES = frozenset({errno.EMFILE, errno.ENFILE})
_UNKNOWN_NAME = frozenset({socket.EAI_NONAME, socket.EAI_FAIL, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
"""What name resolution says about the name. All else, such as a lack of memory or of files, says nothing about it."""


def transport_error(error: Exception, host: str, call: Call, scrubber: Scrubber = NO_SECRETS) -> TransportError:
    """Return the reason why a request got no answer."""
    if call.cut:
        return cut_error(host, call)
    return _judged(error, host, call.written, scrubber)


def cut_error(host: str, call: Call) -> TransportError:
    """Return the error for a request that was cut off, whatever exception that caused."""
    if call.cut is Cut.STOPPED:
        return TransportError(TransportKind.STOPPED, host, "it was in progress", call.written)
    return TransportError(TransportKind.TIMEOUT, host, f"it was not complete after {call.seconds:g} s", call.written)


def _judged(error: Exception, host: str, written: bool, scrubber: Scrubber = NO_SECRETS) -> TransportError:
    """Return the error for an exception. `written` is whether any of the request may have reached the server."""
    causes = _causes(error)
    kind = next(filter(None, map(_classify, causes)), TransportKind.DROPPED)
    if not written and any(isinstance(cause, OSError) and cause.errno in _NO_FILES for cause in causes):
        kind = TransportKind.NO_FILES
    if any(isinstance(cause, ssl.SSLEOFError) for cause in causes) or (written and _is_late(kind, causes)):
        kind = TransportKind.DROPPED
    return TransportError(kind, host, scrubber.line(_reason(causes)), sent=written)


def _is_late(kind: TransportKind, causes: list[BaseException]) -> bool:
    """Return whether an error that normally happens while connecting broke an established connection."""
    return kind in _CONNECTING and not any(getattr(cause, "reason", None) in _CERTIFICATE_ALERTS for cause in causes)


def _causes(error: Exception) -> list[BaseException]:
    """Return the exception and all that it wraps, outermost first.

    The libraries requests and urllib3 nest exceptions in `args` and `reason`.
    """
    found: list[BaseException] = []
    queue: list[Any] = [error]
    while queue:
        current = queue.pop(0)
        if not isinstance(current, BaseException) or current in found:
            continue
        found.append(current)
        queue += [getattr(current, "reason", None), *current.args, current.__cause__, current.__context__]
    return found


def _classify(cause: BaseException) -> TransportKind | None:
    """Return the kind of one exception in the chain, or None if the inner ones decide."""
    if isinstance(cause, UnusableProxy):
        return TransportKind.UNUSABLE_PROXY
    if isinstance(cause, (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError)):
        return TransportKind.PROXY
    if isinstance(cause, (requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError)):
        return TransportKind.TLS
    if isinstance(cause, socket.gaierror):
        return _unresolved(cause)
    if isinstance(cause, UnicodeError):
        return TransportKind.DNS
    if isinstance(cause, urllib3.exceptions.NewConnectionError):
        return _unless_unresolved(cause, TransportKind.REFUSED)
    if isinstance(cause, (requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError)):
        return _unless_unresolved(cause, TransportKind.TIMEOUT)
    if isinstance(cause, (requests.exceptions.ReadTimeout, urllib3.exceptions.TimeoutError)):
        return TransportKind.TIMEOUT
    if isinstance(cause, urllib3.exceptions.DecodeError):
        return TransportKind.BODY
    if isinstance(cause, urllib3.exceptions.ProtocolError):
        return TransportKind.DROPPED
    if isinstance(cause, ValueError):
        return TransportKind.UNSENDABLE
    return None


def _unresolved(error: socket.gaierror) -> TransportKind:
    return TransportKind.DNS if error.errno in _UNKNOWN_NAME else TransportKind.DNS_TEMPORARY


def _unless_unresolved(cause: BaseException, kind: TransportKind) -> TransportKind:
    for inner in _causes(cause):  # type: ignore[arg-type]
        if isinstance(inner, socket.gaierror):
            return _unresolved(inner)
    return kind


def _reason(causes: list[BaseException]) -> str:
    """Return the innermost exception's text, because the outer ones repeat the URL.

    The parser's exceptions quote what the server sent, and those of requests what would have been sent, which may be a
    token. Only the names of these are returned.
    """
    inner = causes[-1]
    if isinstance(inner, requests.RequestException):
        return type(inner).__name__
    if isinstance(inner, UnusableProxy):
        return str(inner)
    own_words = (OSError, urllib3.exceptions.TimeoutError, urllib3.exceptions.DecodeError)
    return f"{type(inner).__name__}: {inner}" if isinstance(inner, own_words) and str(inner) else type(inner).__name__
