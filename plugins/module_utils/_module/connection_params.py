# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns parameters into what connects to the services: HTTP options, URLs, quota."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from .._core.clock import Clock
from .._core.tenant import invalid_argument
from .._core.text import NO_SECRETS, Scrubber
from .._core.urls import is_loopback, secrets_of_url
from .._http.proxies import UnusableProxy, check_proxy
from .._http.quota import Quota
from .._http.session import Http, HttpOptions
from .argspec import FRESHSERVICE_URL

PLACE = "{domain}"
"""The place of the tenant's domain in a URL template."""


@dataclass(frozen=True)
class Bounds:
    """The range of a number. If it is `above`, the smallest value itself is not allowed."""

    least: float
    most: float
    unit: str = ""
    above: bool = False

    def __contains__(self, number: float) -> bool:
        # NaN is neither less nor greater than any number.
        return (self.least < number if self.above else self.least <= number) and number <= self.most

    def __str__(self) -> str:
        lower = f"more than {self.least:g} and at most" if self.above else f"from {self.least:g} to"
        return f"{lower} {self.most:.10g}{self.unit}"


DAY = 86_400
BOUNDS = {
    "timeout": Bounds(0, 3600, " seconds", above=True),
    "retries": Bounds(0, 100),
    "requests_per_minute": Bounds(1, 1_000_000),
    "quota_window": Bounds(0, 60, " seconds", above=True),
    "concurrency": Bounds(1, 512),
    "stop_after_failures": Bounds(1, 1_000_000),
    "confirm_timeout": Bounds(0, DAY, " seconds"),
    "expires_in": Bounds(1, 3650 * DAY, " seconds"),
    "purge_limit": Bounds(0, 1_000_000),
    "resolve_duplicates_limit": Bounds(0, 1_000_000),
}
"""The bounds of every number among the options."""


def http_options_from(params: Mapping[str, Any]) -> HttpOptions:
    """Return the connection options. Raises Failed(invalid_argument)."""
    for name in ("ca_path", "client_cert", "client_key"):
        path = params.get(name)
        if path and not (os.path.isfile(path) or (name == "ca_path" and os.path.isdir(path))):
            raise invalid_argument(f"{name} {path!r} is not a file on this host.")
    check_bounds(params, "timeout", "retries")
    if params.get("proxy"):
        try:
            check_proxy(params["proxy"])
        except UnusableProxy as error:
            raise invalid_argument(f"proxy cannot be used: {error}.") from None
    names = ("validate_certs", "ca_path", "client_cert", "client_key", "proxy", "timeout", "retries")
    return HttpOptions(workers=params.get("concurrency") or 1, **{name: params[name] for name in names})


def http_from(params: Mapping[str, Any], clock: Clock | None = None, scrubber: Scrubber = NO_SECRETS) -> Http:
    """Return the client that sends requests as the options say. Raises Failed(invalid_argument)."""
    options = http_options_from(params)
    try:
        return Http(options, clock, scrubber)
    except (OSError, ssl.SSLError) as error:
        raise invalid_argument(f"the CA or client certificates cannot be read ({error}).") from None


def quota_from(params: Mapping[str, Any], clock: Clock) -> Quota | None:
    """Return the quota that the options ask for. Raises Failed(invalid_argument).

    A run over many tenants may send in bursts. A run for one tenant spaces its requests and waits before the
    first, because others like it come before and after.
    """
    rate = params["requests_per_minute"]
    if rate is None:
        return None
    check_bounds(params, "requests_per_minute", "quota_window")
    window = params.get("quota_window")
    if window is None:
        return Quota(1, 60.0 / rate, clock, primed=True)
    slots = int(rate * window / 60)
    return Quota(slots, window, clock) if slots else Quota(1, 60.0 / rate, clock)


def check_bounds(params: Mapping[str, Any], *names: str) -> None:
    """Raise Failed(invalid_argument) for the first of these numbers that is out of bounds. A number may be unset."""
    for name in names:
        number = params.get(name)
        if number is not None and number not in BOUNDS[name]:
            raise invalid_argument(f"{name} must be {BOUNDS[name]}.")


def freshservice_url_from(params: Mapping[str, Any]) -> str:
    """Return the URL template. Raises Failed(invalid_argument) if it would leak keys or has no place for the domain."""
    url = params["freshservice_url"]
    if url.count(PLACE) != 1:
        raise invalid_argument(f"freshservice_url must hold {PLACE} once.", f"The default is {FRESHSERVICE_URL}.")
    return _safe_url(url, "freshservice_url")


def stackone_url_from(params: Mapping[str, Any]) -> str:
    """Return the base URL. Raises Failed(invalid_argument)."""
    return _safe_url(params["stackone_url"], "stackone_url")


def secrets_in(params: Mapping[str, Any]) -> list[str]:
    """Return every secret among the parameters of a run or of one tenant, as given and as sent."""
    chosen = params.get("credential_fields") or {}
    values = [params.get(name) for name in ("api_key", "admin_api_key", "stackone_api_key")]
    # Even a module without this option can meet the key, as the name of a tenant.
    values.append(os.environ.get("STACKONE_API_KEY"))
    values += [str(value) for value in (chosen.get("extra_secrets") or {}).values()]
    urls = [params.get(name) for name in ("proxy", "stackone_url", "freshservice_url", "domain")]
    urls += [*(params.get("domains") or ()), *getproxies().values()]
    values += [secret for url in urls if url for secret in secrets_of_url(url)]
    found = [value for value in values if value and value.strip()]
    return found + [value.strip() for value in found if value.strip() != value]


def _safe_url(url: str, option: str) -> str:
    """Return the URL. Raises Failed(invalid_argument) unless keys go over https, or over http to this machine (F10)."""
    if "@" in url:
        raise invalid_argument(f"{option} must not hold a user name or a password.")
    try:
        parts = urlsplit(url.replace(PLACE, "tenant"))
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise invalid_argument(f"{option} is not a URL.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise invalid_argument(f"{option} must start with https://, or with http:// for a server on this machine.")
    if parts.query or parts.fragment:
        raise invalid_argument(f"{option} must not hold a query or a fragment.")
    if parts.scheme == "http" and not is_loopback(host):
        raise invalid_argument(
            f"{option} must start with https://: over plain http, anybody on the network path can read the keys."
        )
    return url
