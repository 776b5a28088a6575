# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything is, as seen by whoever asks: the ready line, and the variables that aim a playbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .world import MAIN_KEY, SMALL_QUOTA_KEY, World

PREFIX = "freshservice_link_"


@dataclass
class Places:
    """The scheme of all addresses, and the file of the authority behind it."""

    scheme: str
    ca_path: str | None = None

    def ready(self, authority: str) -> dict[str, Any]:
        """Return the addresses and keys, for whoever reaches the emulator as `authority` (host and port)."""
        base = f"{self.scheme}://{authority}"
        return {
            "stackone_url": f"{base}/stackone",
            "stackone_api_key": MAIN_KEY,
            "stackone_small_quota_api_key": SMALL_QUOTA_KEY,
            "freshservice_url": f"{base}/freshservice/{{domain}}",
            "admin_url": f"{base}/_admin",
            "ca_path": self.ca_path,
        }


def variables(world: World, ready: dict[str, Any]) -> dict[str, Any]:
    """Return the role's variables: where the services are, and all tenants with their keys."""
    where = {name: ready[name] for name in ("stackone_url", "stackone_api_key", "freshservice_url", "ca_path")}
    tenants = [{"domain": name, "origin_owner_id": f"customer-{name}"} for name in world.tenants]
    keys = {name: tenant.main.api_key for name, tenant in world.tenants.items()}
    declared = {**where, "tenants": tenants, "api_keys": keys}
    return {f"{PREFIX}{name}": value for name, value in declared.items() if value is not None}
