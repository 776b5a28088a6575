# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exists after start-up: read from a file, or made by number."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .json_text import decoded
from .limits import Plan

_DEFAULT = {
    "tenants": [
        {"domain": "acme", "agents": 40},
        {"domain": "globex"},
        {"domain": "initech", "api_key_enabled": False},
        {"domain": "umbrella", "state": "suspended"},
        {"domain": "hooli", "rate_limit": 5, "retry_after": 1},
    ]
}
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


def default() -> Scenario:
    """The scenario that is used if none is named."""
    return _parsed(_DEFAULT, "the default scenario")


def read(path: Path) -> Scenario:
    """A scenario file; ValueError names what it cannot read."""
    return _parsed(_content(path), str(path))


def _content(path: Path) -> dict[str, Any]:
    """The content of a JSON file, or of a YAML one if PyYAML is installed."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return decoded(text)
    try:
        import yaml
    except ImportError:
        raise ValueError(f"{path}: reading YAML needs the package PyYAML; a .json file needs nothing") from None
    return yaml.safe_load(text) or {}


def _parsed(content: dict[str, Any], name: str) -> Scenario:
    unknown = set(content) - _PARTS
    if unknown:
        names = ", ".join(sorted(unknown))
        raise ValueError(f"{name}: unknown part {names}; known: {', '.join(sorted(_PARTS))}")
    tenants = [_tenant_plan(entry) for entry in content.get("tenants") or []]
    accounts = content.get("accounts") or []
    return Scenario(tenants, accounts, content.get("switches") or {}, content.get("profiles"))


def _tenant_plan(entry: dict[str, Any]) -> TenantPlan:
    changes = dict(entry)
    domain, agents, plan = changes.pop("domain"), changes.pop("agents", 2), changes.pop("plan", None)
    return TenantPlan(domain, agents, Plan[plan.upper()] if plan else None, changes)
