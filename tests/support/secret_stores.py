# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook of docs/secret_backends.md, with the expression of any of its stores."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from tests.support.collection import ROOT
from tests.support.playbook_runner import PlaybookRunner, Run

GUIDE = (ROOT / "docs" / "secret_backends.md").read_text()
_BLOCK = re.compile(r"^```yaml[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(section: str) -> list[Any]:
    """Return the YAML of a section of the guide."""
    text = GUIDE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return [yaml.safe_load(block) for block in _BLOCK.findall(text)]


def expression(section: str) -> str:
    """Return the expression of a store, the first in its section."""
    return next(block["fetched_keys"] for block in blocks(section) if "fetched_keys" in block)


def secret(runner: PlaybookRunner) -> dict[str, Any]:
    """Return the secret with all keys, as the guide describes it."""
    key = runner.emulator.stackone_api_key
    return {"freshservice_link_stackone_api_key": key, "freshservice_link_api_keys": runner.keys}


def plays(fetching: str) -> list[dict[str, Any]]:
    """Return the guide's playbook, which fetches the keys with this expression."""
    found: list[dict[str, Any]] = blocks("Fetch it once")[0]
    found[0]["tasks"][0]["ansible.builtin.set_fact"]["fetched_keys"] = fetching
    return found


def variables_of(runner: PlaybookRunner, *domains: str) -> dict[str, Any]:
    """Return where the services are, and these tenants."""
    urls = {f"freshservice_link_{name}": url for name, url in runner.connection().items() if name.endswith("_url")}
    tenants = [{"domain": domain, "origin_owner_id": f"customer-{domain}"} for domain in domains]
    return {**urls, "freshservice_link_tenants": tenants}


def link(runner: PlaybookRunner, playbook: Any, variables: dict[str, Any], *args: str, env: dict[str, str]) -> Run:
    """Run a playbook, or one of the collection's by its name, with these variables."""
    named = isinstance(playbook, str)
    if not named:
        (runner.folder / "link_tenants.yml").write_text(json.dumps(playbook))
    (runner.folder / "tenants.json").write_text(json.dumps(variables))
    path = playbook if named else str(runner.folder / "link_tenants.yml")
    return runner.ansible_playbook(path, "-e", f"@{runner.folder / 'tenants.json'}", *args, env=env)
