# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs that modules share."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback

FRESHSERVICE_URL = "https://{domain}.freshservice.com"

STACKONE_URL = "https://api.stackone.com"

REQUESTS_PER_MINUTE = 1000
"""The number of requests that StackOne allows each API key (S82)."""

AUTH_LINK_SECONDS = 432_000
"""Five days, as in StackOne's own examples (S55): customers read the mail when they have time."""


def http_spec() -> dict[str, Any]:
    """Return the connection options of every module."""
    return {
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "client_cert": {"type": "path"},
        "client_key": {"type": "path"},
        "proxy": {"type": "str"},
        "timeout": {"type": "float", "default": 30.0},
        "retries": {"type": "int", "default": 3},
    }


def freshservice_spec() -> dict[str, Any]:
    """Return the options of every module that calls Freshservice."""
    return {"freshservice_url": _from_env("FRESHSERVICE_URL", type="str", default=FRESHSERVICE_URL)}


def stackone_spec() -> dict[str, Any]:
    """Return the options of every module that calls StackOne."""
    return {
        "stackone_api_key": _from_env("STACKONE_API_KEY", type="str", required=True, no_log=True),
        "stackone_url": _from_env("STACKONE_URL", type="str", default=STACKONE_URL),
        "requests_per_minute": {"type": "int"},
    }


def project_spec() -> dict[str, Any]:
    """Return the option of every module that changes something in StackOne."""
    return {"stackone_project_id": {"type": "str"}}


def key_check_spec() -> dict[str, Any]:
    """Return the options of the key check."""
    return {
        "domain": {"type": "str"},
        "api_key": {"type": "str", "no_log": True},
        "admin_api_key": {"type": "str", "no_log": True},
        "agent_email": {"type": "str"},
    }


def tenant_spec() -> dict[str, Any]:
    """Return the options that declare one tenant."""
    fields = {
        "domain": {"type": "str"},
        "api_key": {"type": "str", "no_log": False},
        "extra": {"type": "dict", "default": {}},
        "extra_secrets": {"type": "dict", "no_log": True, "default": {}},
    }
    return {
        **key_check_spec(),
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "origin_owner_id": {"type": "str"},
        "previous_origin_owner_id": {"type": "str"},
        "origin_owner_name": {"type": "str"},
        "origin_username": {"type": "str"},
        "label": {"type": "str"},
        "account_type": {"type": "str", "choices": ["production", "test"]},
        "shared": {"type": "bool"},
        "account_id": {"type": "str"},
        "allow_multiple": {"type": "bool", "default": False},
        "integration_id": {"type": "str", "aliases": ["connector_profile_id"]},
        "provider": {"type": "str", "default": "freshservice"},
        "credential_fields": {"type": "dict", "options": fields},
        "update_credentials": {
            "type": "str",
            "choices": ["on_drift", "on_doubt", "always", "on_create"],
            "default": "on_drift",
        },
        "profile_change": {"type": "str", "choices": ["refuse", "relink", "replace"], "default": "refuse"},
        "verify_key": {"type": "bool", "default": True},
    }


def listed_tenant_spec() -> dict[str, Any]:
    """Return the options that declare one tenant of a list."""
    places = {"line": {"type": "int"}, "position": {"type": "int"}}
    return {**tenant_spec(), "allow_shared_domain": {"type": "bool", "default": False}, **places}


def confirm_spec() -> dict[str, Any]:
    """Return the options that say how a link is checked after it was made."""
    return {
        "confirm_timeout": {"type": "float", "default": 30.0},
        "verify_link": {"type": "str", "choices": ["none", "status", "call"], "default": "status"},
    }


def account_spec() -> dict[str, Any]:
    """Return the options that choose accounts."""
    texts = {"type": "list", "elements": "str"}
    return {
        "provider": {"type": "str", "default": "freshservice"},
        "origin_owner_ids": texts,
        "account_ids": texts,
        "domains": texts,
        "labels": texts,
        "statuses": texts,
        "account_type": {"type": "str", "choices": ["production", "test"]},
    }


def account_info_spec() -> dict[str, Any]:
    """Return the options of the module that shows accounts."""
    return {**http_spec(), **stackone_spec(), **account_spec(), "profiles": {"type": "bool", "default": False}}


def tenants_spec() -> dict[str, Any]:
    """Return the options of every run over a list of tenants: all accept the same list and use what they need of it."""
    return {
        **http_spec(),
        "tenants": {"type": "list", "elements": "dict", "required": True, "options": listed_tenant_spec()},
        "concurrency": {"type": "int", "default": 64},
        "stop_after_failures": {"type": "int"},
        "progress": {"type": "bool", "default": True},
        "progress_path": {"type": "path"},
    }


def quota_spec() -> dict[str, Any]:
    """Return the options of a run that calls StackOne for many tenants."""
    return {
        **stackone_spec(),
        "requests_per_minute": {"type": "int", "default": REQUESTS_PER_MINUTE},
        "quota_window": {"type": "float", "default": 60.0},
    }


def others_spec() -> dict[str, Any]:
    """Return the option for what is declared as well, if a run is over a part of a list."""
    return {"other_tenants": {"type": "list", "elements": "dict"}}


def links_spec() -> dict[str, Any]:
    """Return the options of a run that links many tenants."""
    return {
        **tenants_spec(),
        **others_spec(),
        **freshservice_spec(),
        **quota_spec(),
        **project_spec(),
        **confirm_spec(),
        "fingerprints": {"type": "path"},
        "purge": {"type": "bool"},
        "purge_limit": {"type": "float", "default": 0.1},
        "purge_scope": {
            "type": "dict",
            "options": {name: {"type": "list", "elements": "str"} for name in ("labels", "owner_ids", "profiles")},
        },
        "resolve_duplicates": {"type": "bool"},
        "resolve_duplicates_limit": {"type": "float", "default": 0.1},
        "plan": {"type": "path"},
        "save_plan": {"type": "path"},
    }


def auth_spec() -> dict[str, Any]:
    """Return the options of every module that makes auth links."""
    return {"expires_in": {"type": "int", "default": AUTH_LINK_SECONDS}, "relink": {"type": "bool", "default": False}}


def owner_spec() -> dict[str, Any]:
    """Return the options that declare whom an auth link is for: those of a tenant that need no key."""
    names = (
        *("origin_owner_id", "origin_owner_name", "origin_username", "domain", "label", "account_type"),
        *("shared", "account_id", "allow_multiple", "integration_id", "provider"),
    )
    spec = {name: about for name, about in tenant_spec().items() if name in names}
    spec["origin_owner_id"]["required"] = True
    return spec


def _from_env(variable: str, **spec: Any) -> dict[str, Any]:
    return {**spec, "fallback": (env_fallback, [variable])}
