# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the integration tests' House does, in this process: for tables of cases in which Ansible itself plays no part."""

from __future__ import annotations

from typing import Any

from tests.trust.bench import LINK, LINKS, World


class Quick:
    """Runs of the modules that link, with the keys of the world's tenants."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.emulator = world.emulator

    def options(self, domain: str = "t00001", **options: Any) -> dict[str, Any]:
        """The options that link a tenant; None leaves one out."""
        declared = {
            "domain": domain,
            "api_key": self.world.keys[domain],
            "origin_owner_id": f"customer-{domain}",
            "confirm_timeout": 3,
            **options,
        }
        return {name: value for name, value in declared.items() if value is not None}

    def tenants(self, *domains: str) -> list[dict[str, Any]]:
        """A list of tenants to declare."""
        return [
            {"domain": domain, "api_key": self.world.keys[domain], "origin_owner_id": f"customer-{domain}"}
            for domain in domains
        ]

    def link(self, domain: str = "t00001", check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """The result of one run, which shows no key."""
        return self._run(LINK, self.options(domain, **options), check_mode)

    def links(self, tenants: list[dict[str, Any]], check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """The result of one run over a list."""
        return self._run(LINKS, {"tenants": tenants, "confirm_timeout": 3, **options}, check_mode)

    def converge(self, **options: Any) -> dict[str, Any]:
        """Check mode, the run, and a second run: the first two agree, the last changes nothing."""
        check, run, again = self.link(check_mode=True, **options), self.link(**options), self.link(**options)
        for result in (check, run, again):
            assert not result.get("failure"), result["msg"]
        assert (check["changed"], check["actions"]) == (run["changed"], run["actions"])
        assert check.get("diff") == run.get("diff")
        assert (again["changed"], again["actions"]) == (False, [])
        return run

    def _run(self, module: str, options: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        run = self.world.run(module, options, check_mode)
        shown = run.text
        assert not any(secret in shown for secret in self.world.secrets())
        return {**run.result, "warnings": run.warnings}
