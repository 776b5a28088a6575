# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who takes part: how each links the same tenants, and what it is given."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.collection import ROOT

from .cells import Phase

PLAYS = Path(__file__).with_name("plays")
NOTHING = PLAYS / "nothing.yml"
DEFAULT_CONCURRENCY = 64
FORKS = 20
NAMES = ("uri_loop", "module_loop", "hosts", "links", "threads", "requests", "asyncio")

UNLIMITED = {"requests_per_minute": 600_000, "quota_window": 1}
"""10,000 requests in a second: more than either side can do, and a small table of slots."""


@dataclass(frozen=True)
class Contender:
    """One way to link tenants: a play, or without one a program of its own."""

    name: str
    title: str
    color: str
    play: Path | None = None
    args: tuple[str, ...] = ()
    concurrency: int = DEFAULT_CONCURRENCY
    remembers: bool = False
    as_hosts: bool = False
    as_files: bool = False
    program: str = ""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """What is measured of it, in order."""
        return tuple(Phase) if self.remembers else (Phase.FIRST, Phase.CONVERGED)

    def command(self, variables: Path, inventory: Path) -> list[str]:
        """What to run. Keys are in the file with the variables, never among the arguments."""
        if self.play is None:
            return [sys.executable, "-m", f"tests.benchmark.{self.program}", str(variables)]
        args = ["-i", str(inventory), "-e", f"@{variables}", *self.args]
        if self.as_files:
            args += ["--vault-password-file", str(variables.with_name("password"))]
        return playbook(self.play, *args)

    def files(self, tenants: Sequence[dict[str, str]]) -> dict[str, str]:
        """CSV files of tenants and of keys, for the contender that reads these."""
        if not self.as_files:
            return {}
        return {"tenants": table("domain,origin_owner_id", tenants), "keys": table("domain,api_key", tenants)}

    def variables(self, tenants: Sequence[dict[str, str]]) -> dict[str, Any]:
        """The declared tenants in the form that this contender takes, and how to work through them."""
        if self.as_hosts:
            return {"api_keys": {tenant["domain"]: tenant["api_key"] for tenant in tenants}}
        listed = {} if self.as_files else {"tenants": list(tenants)}
        return {**listed, "concurrency": self.concurrency, **UNLIMITED}


def table(header: str, tenants: Sequence[dict[str, str]]) -> str:
    """A CSV of these columns."""
    lines = (",".join(tenant[column] for column in header.split(",")) for tenant in tenants)
    return "\n".join([header, *lines, ""])


def playbook(play: Path, *args: str) -> list[str]:
    """The command that runs a playbook with the Ansible of this interpreter."""
    return [sys.executable, "-m", "ansible", "playbook", *args, str(play)]


def contenders(names: Sequence[str], concurrencies: Sequence[int]) -> list[Contender]:
    """Those of the given names; the module for many once for each concurrency."""
    found = [contender for name in names for contender in _FIXED.get(name, ())]
    if "links" in names:
        position = sum(name in _FIXED for name in names[: names.index("links")])
        found[position:position] = [links(concurrency) for concurrency in sorted({*concurrencies, DEFAULT_CONCURRENCY})]
    return found


def links(concurrency: int = DEFAULT_CONCURRENCY) -> Contender:
    """The module for many."""
    color = {16: "#8fb8de", DEFAULT_CONCURRENCY: "#1f5fa8", 128: "#12355b"}.get(concurrency, "#4a7fb5")
    title = f"freshservice_links, {concurrency} workers"
    play = PLAYS / "links.yml"
    return Contender(f"links_{concurrency}", title, color, play, (), concurrency, remembers=True, as_files=True)


LINKS = links()
URI_LOOP = Contender("uri_loop", "loop of uri tasks", "#c0392b", PLAYS / "uri_loop.yml")
MODULE_LOOP = Contender("module_loop", "loop of freshservice_link", "#e08e2b", PLAYS / "module_loop.yml")
HOSTS = Contender(
    "hosts",
    f"tenants as hosts, {FORKS} forks",
    "#8e6bb0",
    ROOT / "playbooks" / "link_by_host.yml",
    ("--forks", str(FORKS)),
    as_hosts=True,
)
THREADS = Contender("threads", "bare http.client, 64 threads", "#7fb069", program="pool")
REQUESTS = Contender("requests", "bare requests, 64 threads", "#b5a642", program="requests_pool")
BARE = Contender("asyncio", "bare aiohttp, 64 at a time", "#2e8b57", program="bare")
_FIXED = {contender.name: [contender] for contender in (URI_LOOP, MODULE_LOOP, HOSTS, THREADS, REQUESTS, BARE)}


def inventory(tenants: Sequence[dict[str, str]]) -> dict[str, Any]:
    """An inventory in which every tenant is a host, as playbooks/inventory shows it."""
    hosts = {tenant["domain"]: {"freshservice_link_origin_owner_id": tenant["origin_owner_id"]} for tenant in tenants}
    shared = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "freshservice_link_api_key": "{{ api_keys[inventory_hostname] }}",
        "freshservice_link_stackone_api_key": "{{ stackone_api_key }}",
        "freshservice_link_stackone_url": "{{ stackone_url }}",
        "freshservice_link_freshservice_url": "{{ freshservice_url }}",
        "freshservice_link_ca_path": "{{ ca_path | default(omit, true) }}",
    }
    return {"tenants": {"hosts": hosts, "vars": shared}}
