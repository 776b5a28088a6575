# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts, user names and passwords in URLs."""

from __future__ import annotations

import ipaddress
from urllib.parse import unquote

from .text import MASK


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in ("localhost", "localhost.")


def user_info(url: str) -> str:
    """Return the user name and password of a URL, with or without a scheme, whatever characters they contain."""
    return url.rpartition("@")[0].rpartition("://")[2] if "@" in url else ""


def shown_url(url: str) -> str:
    """Return a URL that is safe to show: without user information, query and fragment."""
    scheme, separator, _rest = url.rpartition("@")[0].rpartition("://")
    shown = f"{scheme}{separator}{MASK}@{url.rpartition('@')[2]}" if "@" in url else url
    place, mark = next(((place, mark) for place, mark in enumerate(shown) if mark in "?#"), (len(shown), ""))
    return f"{shown[:place]}{mark}{MASK}" if shown[place + 1 :] else shown


def secrets_of_url(url: str) -> list[str]:
    """Return the secret parts of a URL: its user information, whole and in parts, encoded and decoded."""
    info = user_info(url)
    user, _colon, password = info.partition(":")
    written = [text for text in (info, user, password) if text]
    return list(dict.fromkeys([*written, *map(unquote, written)]))
