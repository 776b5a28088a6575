# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few calls that the tests make again and again."""

from __future__ import annotations

from typing import Any

import requests

from tests.emulator.handle import Emulator

OWNER = {"origin_owner_id": "owner-1", "origin_owner_name": "Owner One"}


class Client:
    """A plain HTTP client of both services."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.http = requests.Session()
        self.http.trust_env = False

    def freshservice(
        self, path: str, domain: str = "acme", key: str | None = None, **options: Any
    ) -> requests.Response:
        """GET a Freshservice resource, by default with the tenant's main key."""
        options.setdefault("auth", (key or self.key(domain), "X"))
        url = self.emulator.freshservice_url.format(domain=domain)
        return self.http.get(f"{url}/api/v2{path}", allow_redirects=False, timeout=10, **options)

    def key(self, domain: str = "acme") -> str:
        """The key of the plain agent."""
        return self.emulator.tenant(domain)["api_key"]

    def admin_key(self, domain: str = "acme") -> str:
        """The key of the Account Admin."""
        return next(agent["api_key"] for agent in self.emulator.tenant(domain)["agents"] if agent["admin"])

    def stackone(self, method: str, path: str, key: str | None = None, **options: Any) -> requests.Response:
        """Call the platform API."""
        options.setdefault("auth", (key or self.emulator.stackone_api_key, ""))
        return self.http.request(method, self.emulator.stackone_url + path, timeout=10, **options)

    def session(self, **body: Any) -> dict[str, Any]:
        """Open a connect session."""
        body = {**OWNER, "provider": "freshservice", **body}
        answer = self.stackone("POST", "/connect_sessions", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def hub(self, method: str, path: str, token: str, **options: Any) -> requests.Response:
        """Call the Hub API."""
        headers = {"x-hub-session-token": token, **options.pop("headers", {})}
        return self.http.request(
            method, f"{self.emulator.stackone_url}/hub{path}", headers=headers, timeout=10, **options
        )

    def link(self, session: dict[str, Any] | None = None, **values: str) -> requests.Response:
        """Create an account in the Hub, by default a good one for acme."""
        session = session or self.session()
        values = {"domain": "acme", "apiKey": self.key(), **values}
        profile = session["integration_id"] or self.default_profile()
        body = {"integration_id": profile, "credentials": values}
        return self.hub("POST", "/accounts", session["token"], json=body)

    def edit(self, account_id: str, **values: str) -> requests.Response:
        """Edit an account in the Hub through a session of its own."""
        session = self.session(account_id=account_id)
        body = {"integration_id": session["integration_id"], "credentials": values}
        return self.hub("PATCH", f"/accounts/{account_id}", session["token"], json=body)

    def linked(self, **fields: Any) -> dict[str, Any]:
        """An account made out of band for acme."""
        return self.emulator.add_account(**{**OWNER, "domain": "acme", "api_key": self.key(), **fields})

    def default_profile(self) -> str:
        """The id of the default profile."""
        return next(one["integration_id"] for one in self.emulator.profiles() if one["default"])
