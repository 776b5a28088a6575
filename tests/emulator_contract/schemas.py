# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies that the facts describe, as JSON schemas."""

from __future__ import annotations

from typing import Any

import jsonschema

TEXT = {"type": "string", "minLength": 1}
TEXT_OR_NULL = {"type": ["string", "null"]}
WHOLE = {"type": "integer"}
FLAG = {"type": "boolean"}
FLAG_OR_NULL = {"type": ["boolean", "null"]}
OBJECT_OR_NULL = {"type": ["object", "null"]}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}


def record(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object that has these properties, may have those, and may have others."""
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def listing(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def check(value: Any, schema: dict[str, Any]) -> Any:
    """Return the value, which must be as the schema says."""
    jsonschema.validate(value, schema)
    return value


# F34, F34a, F35: only the id is certain; what is there has these types.
AGENT = record(
    {"id": {"type": "integer", "minimum": 10**10}},
    {
        **dict.fromkeys(("email", "first_name", "last_name", "time_zone", "language"), TEXT_OR_NULL),
        **dict.fromkeys(("active", "occasional", "has_logged_in", "api_key_enabled"), FLAG),
        **dict.fromkeys(("role_ids", "group_ids", "workspace_ids", "department_ids"), listing(WHOLE)),
        **dict.fromkeys(("created_at", "updated_at"), MOMENT),
        "roles": listing(record({"role_id": WHOLE, "assignment_scope": TEXT})),
    },
)
ROLE = record({"id": WHOLE, "name": TEXT, "created_at": MOMENT, "updated_at": MOMENT}, {"default": FLAG})  # F31
FLAT = record({"message": TEXT}, {"code": TEXT})  # F57
LISTED = record({"errors": listing(record({"message": TEXT}, {"code": TEXT, "field": TEXT}))})  # F42, F57

# S30 to S36
ACCOUNT = record(
    {
        **dict.fromkeys(("id", "provider", "origin_owner_id", "origin_owner_name"), TEXT),
        "status": {"enum": ["active", "inactive", "suspended", "archived", "expired", "error"]},
        **dict.fromkeys(("created_at", "updated_at"), MOMENT),
    },
    {
        "id": {"type": "string", "pattern": r"^[A-Za-z0-9_-]+$"},
        "provider_name": TEXT_OR_NULL,
        "origin_username": TEXT_OR_NULL,
        "status_reasons": listing(record({"timestamp": MOMENT}, {"code": TEXT_OR_NULL, "description": TEXT_OR_NULL})),
        "credentials": OBJECT_OR_NULL,
        "setup_information": OBJECT_OR_NULL,
        "label": TEXT_OR_NULL,
        "type": {"enum": ["production", "test"]},
        "shared": FLAG_OR_NULL,
        "metadata": False,
    },
)
# S53, S54
SESSION = record(
    {
        "id": {"type": "number"},
        "organization_id": {"type": ["number", "string"]},
        "project_id": TEXT,
        "origin_owner_id": TEXT,
        "origin_owner_name": TEXT,
        "created_at": MOMENT,
    },
    {
        **dict.fromkeys(("provider", "origin_username", "account_id", "label", "integration_id"), TEXT_OR_NULL),
        **dict.fromkeys(("external_trigger_token", "type"), TEXT_OR_NULL),
        "metadata": OBJECT_OR_NULL,
        "categories": {"type": ["array", "null"]},
    },
)
OPENED = {"allOf": [SESSION, record({"token": TEXT, "auth_link_url": {"type": "string", "pattern": r"\?token=.+"}})]}
# S60
AUTH_CONFIGS = record(
    {
        **dict.fromkeys(("page", "page_size", "total"), WHOLE),
        "data": listing(
            record(
                {
                    **dict.fromkeys(("id", "name", "connector_key", "connector_version", "environment"), TEXT),
                    **dict.fromkeys(("active", "default"), FLAG),
                    **dict.fromkeys(("created_at", "updated_at"), MOMENT),
                    "connector_pinned_version": TEXT_OR_NULL,
                    "authentication_config_key": TEXT,
                }
            )
        ),
    }
)
CONNECTOR = record({"provider": TEXT, "provider_name": TEXT, "category": TEXT, "models": {"type": "object"}})  # S62
# S80
PROVIDER_ERROR = record({"url": TEXT, "raw": {}, "headers": {"type": "object"}}, {"status": WHOLE})
ERROR = record(
    {"statusCode": WHOLE, "message": TEXT, "timestamp": MOMENT},
    {"errors": listing(TEXT), "errorCode": TEXT, "provider_errors": listing(PROVIDER_ERROR)},
)
# S90
EVENT = record(
    {
        **dict.fromkeys(("project_id", "account_id", "record_id", "provider"), TEXT),
        "event": {
            "enum": ["account.created", "account.updated", "account.deleted", "account.error", "account.expired"]
        },
        "record_type": {"const": "account"},
        **dict.fromkeys(("event_date", "sent_at"), MOMENT),
    },
    {**dict.fromkeys(("origin_owner_id", "origin_owner_name", "origin_username"), TEXT), "setup_information": {}},
)

# H3 to H6
INTEGRATION = record(
    {
        "active": FLAG,
        **dict.fromkeys(("name", "provider", "type", "version", "integration_id", "logo_url"), TEXT),
        **dict.fromkeys(("authentication_config_key", "environment"), TEXT),
    }
)
FIELD = record(
    {"key": TEXT, "label": TEXT, "required": FLAG, "readOnly": FLAG, "placeholder": {"type": "string"}},
    {"secret": FLAG, "type": {"enum": ["text", "password", "number", "select", "text_area"]}},
)
FALCON = record({"key": TEXT, "name": TEXT, "type": {"enum": ["oauth2", "custom"]}, "configFields": listing(FIELD)})
# H11
EDIT_VIEW = record(
    {
        **dict.fromkeys(("secureId", "provider", "version", "integrationId"), TEXT),
        "setupInformation": {"type": "object"},
        "secrets": {
            "type": "object",
            "additionalProperties": {"type": "string", "pattern": r"^__secretvalue:\*\*redacted\*\*.{0,4}$"},
        },
    },
    {"authConfigKey": TEXT, "environment": TEXT},
)
