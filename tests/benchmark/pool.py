# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client with threads costs at least: the requests of `freshservice_links` with `http.client`, and nothing else.

`python -m tests.benchmark.pool VARS`, where VARS is the JSON file that the playbooks get with `-e @`.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .bare import PAGE_SIZE, PAGES_FOR_ONE_AHEAD, SMALLEST_PAGE, Form, session_for

TIMEOUT_S = 30


class Pool:
    """Lists, checks every key, links who is missing, lists again."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._tenants: list[dict[str, str]] = given["tenants"]
        self._threads: int = given["concurrency"]
        self._stackone: str = given["stackone_url"]
        self._freshservice: str = given["freshservice_url"]
        self._auth = {"Authorization": basic(given["stackone_api_key"], "")}
        self._context = ssl.create_default_context(cafile=given["ca_path"])
        self._kept = threading.local()
        self._forming = threading.Lock()
        self._known_form: Form | None = None

    def run(self) -> int:
        """The number of tenants that have an active account in the end."""
        owners = {tenant["origin_owner_id"] for tenant in self._tenants}
        with ThreadPoolExecutor(self._threads) as threads:
            before = self._active_owners(threads)
            list(threads.map(lambda tenant: self._link(tenant, tenant["origin_owner_id"] in before), self._tenants))
            after = before if owners <= before else self._active_owners(threads)
        return len(owners & after)

    def _link(self, tenant: dict[str, str], linked: bool) -> None:
        agent = self._check_key(tenant)
        if linked:
            return
        session = self._ask("POST", "/connect_sessions", self._auth, session_for(tenant, agent))
        headers = {"x-hub-session-token": session["token"]}
        form = self._form(headers)
        filled = {"integration_id": form.integration_id, "credentials": form.credentials(tenant)}
        self._ask("POST", "/hub/accounts", headers, filled)

    def _check_key(self, tenant: dict[str, str]) -> Any:
        """Each tenant is a host of its own in reality: its connection serves nobody else."""
        url = urlsplit(self._freshservice.replace("{domain}", tenant["domain"]))
        connection = self._connection(url.netloc)
        try:
            return _json(
                connection, "GET", f"{url.path}/api/v2/agents/me", {"Authorization": basic(tenant["api_key"], "X")}
            )
        finally:
            connection.close()

    def _form(self, headers: dict[str, str]) -> Form:
        with self._forming:
            if self._known_form is None:
                profiles = self._ask("GET", "/hub/connectors?provider=freshservice", headers)
                profile = profiles["integrations"][0]["integration_id"]
                config = self._ask("GET", f"/hub/connectors/{profile}", headers)
                keys = {field["secret"]: field["key"] for field in config["config"]["configFields"]}
                self._known_form = Form(profile, keys[False], keys[True])
        return self._known_form

    def _active_owners(self, threads: ThreadPoolExecutor) -> set[str]:
        """The owners of all active accounts, paged by the same rule as the module's."""
        accounts: dict[str, dict[str, Any]] = {}
        for page, listed in self._pages(threads):
            fresh = [account for account in listed if account["id"] not in accounts]
            accounts.update((account["id"], account) for account in fresh)
            if (page == 0 and len(listed) < SMALLEST_PAGE) or (page >= 2 and not fresh):
                break
        return {account["origin_owner_id"] for account in accounts.values() if account["status"] == "active"}

    def _pages(self, threads: ThreadPoolExecutor) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        following = 0
        while True:
            pages = range(following, following + 1 + following // PAGES_FOR_ONE_AHEAD)
            yield from zip(pages, threads.map(self._page, pages))
            following = pages.stop

    def _page(self, page: int) -> list[dict[str, Any]]:
        query = f"provider=freshservice&page_size={PAGE_SIZE}" + (f"&page={page}" if page else "")
        return self._ask("GET", f"/accounts?{query}", self._auth)

    def _ask(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> Any:
        url = urlsplit(self._stackone)
        connection = getattr(self._kept, "connection", None)
        if connection is None:
            connection = self._kept.connection = self._connection(url.netloc)
        return _json(connection, method, url.path + path, headers, body)

    def _connection(self, host: str) -> http.client.HTTPConnection:
        return http.client.HTTPSConnection(host, context=self._context, timeout=TIMEOUT_S)


def _json(
    connection: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], body: Any = None
) -> Any:
    sent = None if body is None else json.dumps(body).encode()
    connection.request(method, path, sent, {**headers, **({"Content-Type": "application/json"} if sent else {})})
    with connection.getresponse() as response:
        text = response.read()
    if response.status >= 300:
        raise SystemExit(f"{method} {path}: HTTP {response.status}")
    return json.loads(text)


def basic(user: str, password: str) -> str:
    """Return the header of these credentials."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def main(kind: type[Pool] = Pool) -> int:
    """Link; the exit code says whether all are linked."""
    given = json.loads(Path(sys.argv[1]).read_text())
    linked = kind(given).run()
    print(f"{linked} of {len(given['tenants'])} tenants have an active account")
    return int(linked != len(given["tenants"]))


if __name__ == "__main__":
    sys.exit(main())
