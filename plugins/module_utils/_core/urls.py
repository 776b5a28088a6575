# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts, user names and passwords in URLs."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, unquote, urlsplit

from .text import MASK

# A password may contain "://" as well, so that the first one counts, and only behind what can be a scheme (RFC 3986, 3.1).
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PORTS = {"https": 443, "http": 80}
_END_OF_PATH = re.compile(r"[?#]")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in ("localhost", "localhost.")


def parts_of(url: str) -> SplitResult:
    """Return the parts of a URL that a server sent; all are empty if it is not a URL."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def comparable_url(url: str) -> str:
    """Return a service's URL in the one form that all its spellings have in common.

    That is: scheme and host in small letters, without the scheme's own port, user information and slashes at the end.
    """
    parts = parts_of(url)
    try:
        port = parts.port
    except ValueError:
        return url
    shown = "" if port in (None, _PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{parts.hostname or ''}{shown}{parts.path.rstrip('/')}"


def user_info(url: str) -> str:
    """Return the user name and password of a URL, with or without a scheme, whatever characters they contain."""
    return _divided(url)[1]


def shown_url(url: str) -> str:
    """Return a URL that is safe to show: without user information, query and fragment."""
    scheme, _info, rest = _divided(url)
    shown = f"{scheme}{MASK}@{rest}" if "@" in url else url
    place = _END_OF_PATH.search(shown)
    return f"{shown[: place.end()]}{MASK}" if place and shown[place.end() :] else shown


def _divided(url: str) -> tuple[str, str, str]:
    """Return the scheme with its "://", the user information, and what follows the last "@"."""
    scheme = found[0] if (found := _SCHEME.match(url)) else ""
    info, _at, rest = url[len(scheme) :].rpartition("@")
    return scheme, info, rest


def secrets_of_url(url: str) -> list[str]:
    """Return the secret parts of a URL: its user information, whole and in parts, encoded and decoded."""
    info = user_info(url)
    user, _colon, password = info.partition(":")
    written = [text for text in (info, user, password) if text]
    return list(dict.fromkeys([*written, *map(unquote, written)]))
