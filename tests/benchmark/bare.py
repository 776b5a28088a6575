# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The practical limit: a bare aiohttp client that sends the requests of `freshservice_links` and does nothing else.

`python -m tests.benchmark.bare VARS`, where VARS is the JSON file that the playbooks get with `-e @`.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

PAGE_SIZE = 100
SMALLEST_PAGE = 25
PAGES_FOR_ONE_AHEAD = 32


@dataclass(frozen=True)
class Form:
    """The connector profile to link with, and which of its fields take what."""

    integration_id: str
    domain: str
    api_key: str

    def credentials(self, tenant: dict[str, str]) -> dict[str, str]:
        """The filled form."""
        return {self.domain: tenant["domain"], self.api_key: tenant["api_key"]}


def session_for(tenant: dict[str, str], agent: dict[str, Any]) -> dict[str, Any]:
    """Return the body of the request for a session that links a tenant, whose agent Freshservice has shown."""
    owner = tenant["origin_owner_id"]
    return {
        "provider": "freshservice",
        "origin_owner_id": owner,
        "origin_owner_name": owner,
        "origin_username": agent["agent"]["email"],
        "expires_in": 600,
    }


class Bare:
    """Lists, checks every key, links who is missing, lists again."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._tenants: list[dict[str, str]] = given["tenants"]
        self._concurrency: int = given["concurrency"]
        self._stackone: str = given["stackone_url"]
        self._freshservice: str = given["freshservice_url"]
        self._auth = aiohttp.BasicAuth(given["stackone_api_key"], "")
        self._ca_path: str | None = given["ca_path"]
        self._forming = asyncio.Lock()
        self._known_form: Form | None = None

    async def run(self) -> int:
        """The number of tenants that have an active account in the end."""
        context = ssl.create_default_context(cafile=self._ca_path) if self._ca_path else True
        async with AsyncExitStack() as stack:
            # Each tenant is a host of its own in reality: its connection serves nobody else.
            once = aiohttp.TCPConnector(ssl=context, limit=self._concurrency, force_close=True)
            pool = aiohttp.TCPConnector(ssl=context, limit=self._concurrency)
            self._once = await stack.enter_async_context(aiohttp.ClientSession(connector=once))
            self._pool = await stack.enter_async_context(aiohttp.ClientSession(connector=pool))
            owners = {tenant["origin_owner_id"] for tenant in self._tenants}
            before = await self._active_owners()
            await self._each(lambda tenant: self._link(tenant, tenant["origin_owner_id"] in before), self._tenants)
            after = before if owners <= before else await self._active_owners()
        return len(owners & after)

    async def _each(self, work: Callable[[Any], Awaitable[None]], items: Iterable[Any]) -> None:
        waiting = iter(items)

        async def worker() -> None:
            for item in waiting:
                await work(item)

        await asyncio.gather(*(worker() for _count in range(self._concurrency)))

    async def _link(self, tenant: dict[str, str], linked: bool) -> None:
        url = f"{self._freshservice.replace('{domain}', tenant['domain'])}/api/v2/agents/me"
        agent = await _json(self._once.get(url, auth=aiohttp.BasicAuth(tenant["api_key"], "X")))
        if linked:
            return
        wanted = session_for(tenant, agent)
        session = await _json(self._pool.post(f"{self._stackone}/connect_sessions", json=wanted, auth=self._auth))
        headers = {"x-hub-session-token": session["token"]}
        form = await self._form(headers)
        filled = {"integration_id": form.integration_id, "credentials": form.credentials(tenant)}
        await _json(self._pool.post(f"{self._stackone}/hub/accounts", json=filled, headers=headers))

    async def _form(self, headers: dict[str, str]) -> Form:
        async with self._forming:
            if self._known_form is None:
                url = f"{self._stackone}/hub/connectors"
                profiles = await _json(self._pool.get(url, params={"provider": "freshservice"}, headers=headers))
                profile = profiles["integrations"][0]["integration_id"]
                config = await _json(self._pool.get(f"{url}/{profile}", headers=headers))
                keys = {field["secret"]: field["key"] for field in config["config"]["configFields"]}
                self._known_form = Form(profile, keys[False], keys[True])
        return self._known_form

    async def _active_owners(self) -> set[str]:
        """The owners of all active accounts, paged by the same rule as the module's."""
        owners: set[str] = set()
        seen: set[str] = set()
        following, done = 0, False
        while not done:
            count = 1 + following // PAGES_FOR_ONE_AHEAD
            pages = range(following, following + count)
            following += count
            for page, listed in zip(pages, await asyncio.gather(*map(self._page, pages))):
                fresh = [account for account in listed if account["id"] not in seen]
                seen |= {account["id"] for account in fresh}
                owners |= {account["origin_owner_id"] for account in fresh if account["status"] == "active"}
                done |= (page == 0 and len(listed) < SMALLEST_PAGE) or (page >= 2 and not fresh)
        return owners

    async def _page(self, page: int) -> list[dict[str, Any]]:
        params = {"provider": "freshservice", "page_size": PAGE_SIZE, **({"page": page} if page else {})}
        return await _json(self._pool.get(f"{self._stackone}/accounts", params=params, auth=self._auth))


async def _json(request: Any) -> Any:
    async with request as response:
        response.raise_for_status()
        return await response.json()


def main() -> int:
    """Link; the exit code says whether all are linked."""
    given = json.loads(Path(sys.argv[1]).read_text())
    linked = asyncio.run(Bare(given).run())
    print(f"{linked} of {len(given['tenants'])} tenants have an active account")
    return int(linked != len(given["tenants"]))


if __name__ == "__main__":
    sys.exit(main())
