# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every [unknown] of the API facts as a switch with its variants; the first variant is the default."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from .kinds import whole


# pylint does not see that these two are called in a dataclass.
def _one_of(*values: Any) -> Any:
    return field(default=values[0], metadata={"values": values})  # pylint: disable=invalid-field-call


def _count(default: int) -> Any:
    return field(default=default, metadata={"count": True})  # pylint: disable=invalid-field-call


def default_fields() -> list[dict[str, Any]]:
    """What the Freshservice form asks for, by the guide's labels (H21)."""
    return [
        {"key": "domain", "label": "Domain", "type": "text", "required": True, "secret": False},
        {"key": "apiKey", "label": "API Key", "type": "password", "required": True, "secret": True},
    ]


@dataclass
class Switches:
    """Names and values are an interface: README.md says what each means."""

    # Freshservice
    unknown_tenant: str = _one_of(
        "claim_page_404", "claim_page_200", "claim_page_410", "html_404", "html_410", "redirect", "json_404", "refused"
    )
    error_family: str = _one_of("flat", "errors")
    key_disabled_answer: str = _one_of("unauthorized", "forbidden")
    expose_api_key_enabled: bool = _one_of(False, True)
    legacy_agent_fields: bool = _one_of(True, False)
    agents_default_per_page: int = _one_of(30, 10)
    per_page_over_100: str = _one_of("error", "cap")
    ratelimit_header_case: str = _one_of("documented", "title")
    unauthorized_ratelimit_headers: bool = _one_of(True, False)
    freshservice_retry_after: str = _one_of("seconds", "http_date", "iso_date", "none")
    suspended_answer: str = _one_of("json_403", "html_403", "redirect")
    ip_refused_answer: str = _one_of("json_403", "html_403")
    server_error_answer: str = _one_of("json", "html")
    lockout_after: int = _count(0)
    # StackOne platform
    require_user_agent: bool = _one_of(False, True)
    accounts_shape: str = _one_of("array", "data", "data_next")
    accounts_paging: str = _one_of("honoured", "ignored")
    accounts_page_base: int = _one_of(1, 0)
    accounts_page_cap: int = _count(100)
    accounts_shuffle: bool = _one_of(False, True)
    accounts_filters: str = _one_of("honoured", "ignored")
    eventual_listing_ms: int = _count(0)
    setup_information_in_accounts: bool = _one_of(True, False)
    type_case: str = _one_of("lower", "upper")
    status_case: str = _one_of("lower", "upper")
    account_missing: int = _one_of(404, 400)
    patch_label: str = _one_of("string", "object_only", "ignored")
    patch_owner: str = _one_of("taken", "refused", "ignored")
    patch_unknown_property: str = _one_of("ignored", "rejected")
    delete_status: int = _one_of(200, 202, 204)
    auth_configs: str = _one_of("available", "missing", "forbidden")
    stackone_429_retry_after: str = _one_of("seconds", "http_date", "none")
    # connect sessions
    organization_id: str = _one_of("number", "string")
    unknown_provider_status: int = _one_of(400, 404, 412)
    not_enabled_provider: str = _one_of("session_refused", "no_connectors")
    profile_property: str = _one_of("both", "integration_id", "connector_profile_id")
    session_profile: str = _one_of("told", "untold")
    session_project: str = _one_of("text", "number", "untold")
    session_connection_attempt: bool = _one_of(False, True)
    provider_version: str = _one_of("accepted", "rejected")
    session_token_uses: str = _one_of("many", "one")
    session_expires_in_max: int = _count(0)
    # Hub
    hub_api: str = _one_of("available", "missing")
    require_hub_version: bool = _one_of(False, True)
    hub_token_refused_status: int = _one_of(401, 403)
    settings_existing_account: bool = _one_of(True, False)
    hub_connectors: str = _one_of("session", "all")
    hub_connectors_default: bool = _one_of(False, True)
    connector_config: str = _one_of("falcon", "legacy", "both", "empty")
    connector_fields: list[dict[str, Any]] = field(default_factory=default_fields, metadata={"fields": True})
    hub_unknown_field: str = _one_of("ignored", "rejected")
    hub_test: str = _one_of("sync", "async")
    hub_async_delay_ms: int = _count(300)
    hub_test_action: str = _one_of("agents", "agents_me")
    hub_provider_retries: int = _count(0)
    hub_refused_status: int = _one_of(400, 422, 500, 502, 503, 401, 403)
    refusal_form: str = _one_of("both", "provider_errors", "provider_response", "data")
    hub_refused_message: str = _one_of("plain", "nested")
    hub_failed_create_leaves_account: bool = _one_of(False, True)
    hub_existing_triple: str = _one_of("update", "duplicate")
    hub_patch_retest: bool = _one_of(True, False)
    hub_patch_failure_keeps_old: bool = _one_of(True, False)
    hub_patch_body: str = _one_of("json", "empty")
    hub_profile_change: str = _one_of("taken", "refused", "ignored")
    hub_secret_tail: int = _count(4)
    # proxy
    proxy_error_style: str = _one_of("envelope", "http")
    proxy_refused_status: str | int = _one_of("as_provider", 400, 422, 500, 502, 503)
    proxy_path_prefix: str = _one_of("none", "api_v2")
    # actions
    connector_actions: str = _one_of("with_current_agent", "without_current_agent", "missing")
    actions_shape: str = _one_of("flat", "by_connector")
    action_data: str = _one_of("body", "record", "record_with_text_id", "unknown")

    def change(self, changes: dict[str, Any]) -> None:
        """Set some switches; ValueError names an unknown switch or value, and then nothing is set."""
        for name, value in changes.items():
            _check(name, value)
        for name, value in changes.items():
            setattr(self, name, value)


def described() -> dict[str, Any]:
    """Return the values that each switch takes, the default first; 'a whole number' or 'fields' for those without a list."""
    kinds = {"count": "a whole number from 0", "fields": "a list of field objects, each with a key"}
    return {
        name: list(rules["values"]) if "values" in rules else next(kinds[kind] for kind in kinds if kind in rules)
        for name, rules in _DEFINED.items()
    }


_DEFINED = {definition.name: definition.metadata for definition in fields(Switches)}


def _check(name: str, value: Any) -> None:
    rules = _DEFINED.get(name)
    if rules is None:
        raise ValueError(f"unknown switch {name!r}; known: {', '.join(sorted(_DEFINED))}")
    if rules.get("count"):
        whole(0).check(f"switch {name}", value)
    elif rules.get("fields"):
        entries = value if isinstance(value, list) else [None]
        if not all(isinstance(entry, dict) and entry.get("key") for entry in entries):
            raise ValueError(f"switch {name} takes a list of field objects, each with a key")
    elif not any(type(value) is type(known) and value == known for known in rules["values"]):
        raise ValueError(f"switch {name} takes one of {list(rules['values'])!r}, not {value!r}")
