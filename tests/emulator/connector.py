# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connector profiles and the form the Hub shows for Freshservice (H3-H8, H21, S60)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from . import keys
from .switches import Switches

PROVIDER = "freshservice"
PROVIDER_NAME = "Freshservice"
CATEGORY = "ticketing"
VERSION = "1.0.0"
AUTH_KEY = "api_key"
ENVIRONMENT = "production"
TRIGGER_TOKEN_FIELD = "external-trigger-token"
# Within the answer, because a browser that shows the Hub's pages fetches it, and an emulator sends nobody elsewhere.
LOGO = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E"
    "%3Ccircle cx='12' cy='12' r='12' fill='%23277455'/%3E%3C/svg%3E"
)
_SUFFIX = ".freshservice.com"
_DOMAIN_NAMES = {"domain", "subdomain", "instance", "accounturl", "host"}
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)


@dataclass
class Profile:
    """A connector profile ("auth config", "integration") of the project (S60)."""

    integration_id: str
    name: str = PROVIDER_NAME
    provider: str = PROVIDER
    active: bool = True
    default: bool = False
    environment: str = ENVIRONMENT

    def for_hub(self, tell_default: bool) -> dict[str, Any]:
        """The entry of GET /hub/connectors (H3)."""
        return {
            **({"default": self.default} if tell_default else {}),
            "active": self.active,
            "name": self.name,
            "provider": self.provider,
            "type": CATEGORY,
            "version": VERSION,
            "authentication_config_key": AUTH_KEY,
            "environment": self.environment,
            "integration_id": self.integration_id,
            "logo_url": LOGO,
        }

    def for_platform(self) -> dict[str, Any]:
        """The entry of GET /auth_configs (S60)."""
        return {
            "id": self.integration_id,
            "name": self.name,
            "connector_key": self.provider,
            "connector_label": PROVIDER_NAME,
            "logo_url": LOGO,
            "categories": [CATEGORY],
            "active": self.active,
            "default": self.default,
            "release_stage": "ga",
            "created_at": "2024-03-01T08:00:00.000Z",
            "updated_at": "2024-03-01T08:00:00.000Z",
            "connector_version": VERSION,
            "connector_pinned_version": None,
            "connector_owner": "stackone",
            "environment": self.environment,
            "authentication_config_key": AUTH_KEY,
            "authentication_config_label": "API Key",
        }


def default_profiles() -> list[dict[str, Any]]:
    """One default profile and one that must be asked for by its id (S52)."""
    return [
        {"integration_id": keys.opaque_id("profile", 1), "name": "Freshservice", "default": True},
        {"integration_id": keys.opaque_id("profile", 2), "name": "Freshservice (second)", "default": False},
    ]


class Form:
    """The fields of the connector, and which of them the connector's template uses for what."""

    def __init__(self, fields: list[dict[str, Any]]) -> None:
        self.fields = fields
        self.visible = [field for field in fields if field["key"] != TRIGGER_TOKEN_FIELD]
        self.api_key = _pick_key([field for field in self.visible if is_secret(field)])
        self.domain = _pick_domain([field for field in self.visible if not is_secret(field)])

    def split(self, values: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Form values as (setup information, secrets); keys the form does not have are left out."""
        setup, secrets = {}, {}
        for field in self.fields:
            if field["key"] in values:
                (secrets if is_secret(field) else setup)[field["key"]] = values[field["key"]]
        return setup, secrets

    def tenant(self, value: str) -> str | None:
        """The subdomain the connector ends up calling, None when the host cannot be resolved.

        The template is `https://{domain}.freshservice.com` unless the field asks for a host, so a
        full host in a field for a bare label leads nowhere (H21).
        """
        if self._wants_host():
            host = re.sub(r"^https?://", "", value, flags=re.IGNORECASE).rstrip("/")
            if not host.lower().endswith(_SUFFIX):
                return None
            value = host[: -len(_SUFFIX)]
        return value.lower() if _LABEL.fullmatch(value) else None

    def domain_value(self, domain: str) -> str:
        """How a person would have typed that subdomain into this form."""
        return domain + _SUFFIX if self._wants_host() else domain

    def _wants_host(self) -> bool:
        field = self.domain or {}
        rule = field.get("validation") or {}
        pattern = (rule.get("pattern") or "").replace("\\", "")
        if rule.get("type") == "domain":
            return pattern == PROVIDER
        return "freshservice.com" in pattern or "freshservice.com" in (field.get("placeholder") or "")

    def problems(self, values: dict[str, str]) -> list[str]:
        """What is wrong with submitted values: required, options, patterns (H7)."""
        found = []
        for field in self.visible:
            value = values.get(field["key"], "")
            if field.get("readOnly"):
                continue
            if value == "":
                if field.get("required"):
                    found.append(f"{field['key']} should not be empty")
            elif not _allowed(field, value):
                found.append(f"{field['key']} is not valid")
        return found

    def config(self, form: str) -> dict[str, Any]:
        """The `config` of GET /hub/connectors/{integration_id} in one of its forms (H5)."""
        fields = [_public(field) for field in self.fields]
        config: dict[str, Any] = {"key": PROVIDER, "name": PROVIDER_NAME, "assets": {"icon": LOGO}}
        if form in ("falcon", "both", "empty"):
            config |= {"type": "custom", "configFields": [] if form == "empty" else fields}
        if form in ("legacy", "both"):
            entry = {"type": "custom", "fields": fields, "guide": None}
            config["authentication"] = {AUTH_KEY: {ENVIRONMENT: entry}}
        return config


def is_secret(field: dict[str, Any]) -> bool:
    """A field is secret unless it says `secret: false`, and always when it is a password (H8)."""
    return field.get("secret") is not False or field.get("type") == "password"


def redacted(secret: str, tail: int) -> str:
    """The placeholder that stands for a stored secret (H11)."""
    return "__secretvalue:**redacted**" + (secret[-tail:] if tail else "")


def form_of(switches: Switches) -> Form:
    """The form as it is switched now."""
    return Form(switches.connector_fields)


def _normal(text: str | None) -> str:
    return re.sub(r"[^a-z]", "", (text or "").lower())


def _pick_key(secrets: list[dict[str, Any]]) -> dict[str, Any] | None:
    named = [field for field in secrets if re.search("apikey|token", _normal(field["key"]))]
    return next(iter(named or secrets), None)


def _pick_domain(plain: list[dict[str, Any]]) -> dict[str, Any] | None:
    named = [
        field
        for field in plain
        if _normal(field["key"]) in _DOMAIN_NAMES or _normal(field.get("label")) in _DOMAIN_NAMES
    ]
    texts = [field for field in plain if field.get("type", "text") == "text"]
    return next(iter(named or texts), None)


def _allowed(field: dict[str, Any], value: str) -> bool:
    if field.get("type") == "number" and not value.isdigit():
        return False
    options = field.get("options")
    if options and value not in [option["value"] for option in options]:
        return False
    rule = field.get("validation") or {}
    if not rule.get("pattern"):
        return True
    if rule.get("type") == "domain":
        return f"{rule['pattern']}.com" in value
    return re.search(rule["pattern"], value) is not None


def _public(field: dict[str, Any]) -> dict[str, Any]:
    """A field as the Hub shows it: the properties every field has, and those it was given (H6)."""
    return {"label": field["key"], "required": False, "readOnly": False, "placeholder": "", **field}
