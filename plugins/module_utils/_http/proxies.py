# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice of a proxy for each host."""

from __future__ import annotations

from importlib.util import find_spec
from urllib.parse import urlsplit
from urllib.request import getproxies

from .._core.urls import is_loopback, user_info

try:
    import requests
    import urllib3
except Exception:  # noqa: S110 - _http.session reports why, whatever a broken library raises
    pass

SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
_RESERVED = frozenset("#/?")
"""Characters that end the part of a URL with user name and password."""


class UnusableProxy(ValueError):
    """A proxy that cannot be used. The text contains no part of its URL, which may contain a password."""


class Proxies:
    """The declared proxy, else the environment's, for each host that `NO_PROXY` does not exempt.

    Requests to this machine never use a proxy, which would see the keys that they carry over plain http. Each host is
    looked up once, because a look-up costs as much as a request.
    """

    def __init__(self, declared: str | None) -> None:
        self._declared = declared
        self._any = bool(declared or getproxies())
        self._known: dict[str, dict[str, str]] = {}

    def for_url(self, url: str) -> dict[str, str]:
        """Return the proxy by scheme, in the form that requests expects. Raise UnusableProxy."""
        if not self._any:
            return {}
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._known:
            self._known[origin] = self._look_up(origin, parts.hostname or "")
        return self._known[origin]

    def _look_up(self, origin: str, host: str) -> dict[str, str]:
        if is_loopback(host) or requests.utils.should_bypass_proxies(origin, no_proxy=None):
            return {}
        found = self._declared or requests.utils.select_proxy(origin, getproxies())
        if not found:
            return {}
        proxy = found if "://" in found else f"http://{found}"
        check_proxy(proxy)
        return {"http": proxy, "https": proxy}


def check_proxy(url: str) -> None:
    """Raise UnusableProxy if a URL cannot be a proxy's, or if this Python cannot use such a proxy."""
    if not _RESERVED.isdisjoint(user_info(url)):
        raise UnusableProxy("in its user name and password, #, / and ? must be written as %23, %2F and %3F")
    if " " in url or not url.isprintable():
        raise UnusableProxy("it is not a URL")
    try:
        parts, found = urlsplit(url), urllib3.util.parse_url(url)
        host, scheme, _port = parts.hostname, parts.scheme.lower(), parts.port
    except (ValueError, urllib3.exceptions.HTTPError):
        raise UnusableProxy("it is not a URL") from None
    if scheme not in SCHEMES:
        raise UnusableProxy("it must start with http:// or https://, or socks5:// if PySocks is installed")
    if not host or not found.host:
        raise UnusableProxy("it does not name a host")
    if scheme.startswith("socks") and find_spec("socks") is None:
        raise UnusableProxy("for a SOCKS proxy, the Python library PySocks must be installed")
