# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exists after start-up: read from YAML, or made by number."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .limits import Plan

DEFAULT = Path(__file__).with_name("default.yml")
_PARTS = {"tenants", "accounts", "switches", "profiles"}


@dataclass
class TenantPlan:
    """A tenant to build, and what to change about it (the fields of POST /tenants/{domain})."""

    domain: str
    agents: int = 2
    plan: Plan | None = None
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Scenario:
    """Tenants, accounts, switches and profiles; None profiles are the usual two."""

    tenants: list[TenantPlan] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    switches: dict[str, Any] = field(default_factory=dict)
    profiles: list[dict[str, Any]] | None = None


def numbered(count: int) -> Scenario:
    """Good tenants t00001, t00002, ..."""
    return Scenario([TenantPlan(f"t{serial:05d}") for serial in range(1, count + 1)])


def read(path: Path) -> Scenario:
    """A scenario file; ValueError names what it cannot read."""
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    unknown = set(content) - _PARTS
    if unknown:
        names = ", ".join(sorted(unknown))
        raise ValueError(f"{path}: unknown part {names}; known: {', '.join(sorted(_PARTS))}")
    tenants = [_tenant_plan(entry) for entry in content.get("tenants") or []]
    accounts = content.get("accounts") or []
    return Scenario(tenants, accounts, content.get("switches") or {}, content.get("profiles"))


def _tenant_plan(entry: dict[str, Any]) -> TenantPlan:
    changes = dict(entry)
    domain, agents, plan = changes.pop("domain"), changes.pop("agents", 2), changes.pop("plan", None)
    return TenantPlan(domain, agents, Plan[plan.upper()] if plan else None, changes)
