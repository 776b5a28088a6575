# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The customer who opens an auth link and fills in the Hub's form, over HTTP as the widget does it (H1-H11).

`python -m tests.emulator.customer AUTH_LINK_URL DOMAIN` enters both, with the API key that it asks for or reads from
standard input.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from .sessions import PAGE_PATH

_HUB_VERSION = "1.11.4"
_TIMEOUT_S = 30.0


class Refused(RuntimeError):
    """The Hub did not take what the customer entered."""


class Customer:
    """Somebody in front of the page that an auth link opens."""

    def __init__(self, auth_link_url: str) -> None:
        parts = urlsplit(auth_link_url)
        self._base = f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix(PAGE_PATH)}"
        (self._token,) = parse_qs(parts.query)["token"]
        self._opener = build_opener(ProxyHandler({}))

    def enter(self, domain: str, api_key: str) -> None:
        """Fill in the form and submit it: a new account, or the one that the link is for. Raises Refused."""
        existing = self._call("GET", "/hub/settings").get("existing_account_id")
        (profile,) = self._call("GET", "/hub/connectors?provider=freshservice")["integrations"]
        form = self._call("GET", f"/hub/connectors/{profile['integration_id']}")["config"]["configFields"]
        values = {field["key"]: api_key if field["secret"] else domain for field in form}
        body = {"integration_id": profile["integration_id"], "credentials": values}
        if existing:
            self._call("PATCH", f"/hub/accounts/{existing}", body)
        else:
            self._call("POST", "/hub/accounts", body)

    def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/json",
            "x-hub-session-token": self._token,
            "x-hub-version": _HUB_VERSION,
        }
        data = None if body is None else json.dumps(body).encode()
        try:
            with self._opener.open(
                Request(self._base + path, data, headers, method=method), timeout=_TIMEOUT_S
            ) as response:
                text = response.read()
        except HTTPError as refused:
            raise Refused(f"{method} {path}: {refused.code} {refused.read().decode()}") from None
        return json.loads(text) if text else {}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Link a tenant by an auth link. The API key is asked for, or read from standard input."
    )
    parser.add_argument("auth_link_url")
    parser.add_argument("domain")
    given = parser.parse_args()
    key = getpass.getpass("API Key: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    try:
        Customer(given.auth_link_url).enter(given.domain, key)
    except Refused as refused:
        sys.exit(str(refused))
