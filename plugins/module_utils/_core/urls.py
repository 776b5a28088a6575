# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What URLs say of hosts, and the user names and passwords that may stand in them."""

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
    """Return the user name and password of a URL, whatever characters they hold, and whether it has a scheme or not."""
    return url.rpartition("@")[0].rpartition("://")[2] if "@" in url else ""


def shown_url(url: str) -> str:
    """Return a URL as it may be shown: without its user information, and without what is asked in it."""
    scheme, separator, _rest = url.rpartition("@")[0].rpartition("://")
    shown = f"{scheme}{separator}{MASK}@{url.rpartition('@')[2]}" if "@" in url else url
    place, mark = next(((place, mark) for place, mark in enumerate(shown) if mark in "?#"), (len(shown), ""))
    return f"{shown[:place]}{mark}{MASK}" if shown[place + 1 :] else shown


def secrets_of_url(url: str) -> list[str]:
    """Return what nobody may see of a URL: all user information, and its parts, as written and as they are meant."""
    info = user_info(url)
    user, _colon, password = info.partition(":")
    written = [text for text in (info, user, password) if text]
    return list(dict.fromkeys([*written, *map(unquote, written)]))
