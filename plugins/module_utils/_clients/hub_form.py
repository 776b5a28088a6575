# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connector's form: its fields, and which of them are for the domain and the key (H5-H8, H21). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .._core.failure import Failed, FailureCode, require
from .._core.tenant import ANY_FIELDS, SUFFIX, CredentialFields, Tenant, normalise_domain

DOMAIN_NAMES = frozenset(
    {"domain", "subdomain", "instance", "accounturl", "host", "hostname", "freshservicedomain", "freshservicesubdomain"}
)
KEY_NAMES = ("apikey", "token")
_BRACKETS = re.compile(r"\[[^\[\]]*\]")
"""The pattern of a set of characters in a regular expression."""
EXTERNAL_TRIGGER_TOKEN = "external-trigger-token"


class Typed(Enum):
    """The formats in which a form can expect a domain."""

    LABEL = "mycompany"
    HOST = "mycompany.freshservice.com"
    URL = "https://mycompany.freshservice.com"


@dataclass(frozen=True)
class FormField:
    """One field of the form. `default` is its value if none is given."""

    key: str
    label: str = ""
    required: bool = False
    secret: bool = False
    text: bool = True
    default: str | None = None
    placeholder: str = ""
    pattern: str | None = None
    must_contain: str | None = None


@dataclass(frozen=True)
class FieldMap:
    """The form fields for domain and API key, and the values of all other fields that need one."""

    domain: FormField
    api_key: FormField
    others: dict[str, str] = field(default_factory=dict)

    def credentials(self, tenant: Tenant) -> dict[str, str]:
        """Return the credentials as the Hub expects them (H9): values by field key."""
        return {
            **self.others,
            self.domain.key: domain_value(self.domain, require(tenant.domain)),
            self.api_key.key: require(tenant.api_key),
            **tenant.credential_fields.extra,
            **tenant.credential_fields.extra_secrets,
        }


def parse_fields(config: Any, authentication: str | None, environment: str | None) -> tuple[FormField, ...]:
    """Return the fillable fields of a connector config in the new or the legacy format (H5).

    Raise Failed(field_unfilled) if the config contains no form.
    """
    raw = _raw_fields(config if isinstance(config, dict) else {}, authentication, environment)
    fields = tuple(_field(item) for item in raw if _fillable(item))
    if not fields:
        raise Failed(
            FailureCode.FIELD_UNFILLED,
            "StackOne's Freshservice form has no field that can be filled.",
            "Open the connector profile in StackOne's dashboard and check that it asks for a domain and an API key.",
        )
    return fields


def map_fields(fields: tuple[FormField, ...], chosen: CredentialFields) -> FieldMap:
    """Decide which field is for the domain and which for the key.

    Raise Failed(field_ambiguous or field_unfilled), which names the form's fields. Never guess the field for a key.
    """
    api_key = _chosen(fields, chosen.api_key, "api_key") or _find_api_key(fields)
    rest = tuple(item for item in fields if item is not api_key)
    domain = _chosen(rest, chosen.domain, "domain") or _find_domain(rest)
    others = {item.key: item.default for item in rest if item is not domain and item.default}
    filled = {**others, **chosen.extra, **chosen.extra_secrets}
    _check_extra(fields, chosen)
    unfilled = [item for item in rest if item is not domain and item.required and item.key not in filled]
    if unfilled:
        raise Failed(
            FailureCode.FIELD_UNFILLED,
            f"StackOne's Freshservice form requires {_listed(unfilled)}, but no value is given.",
            "Set the value in credential_fields.extra (or extra_secrets), under the field's key.",
            details={"fields": [item.key for item in unfilled]},
        )
    return FieldMap(domain, api_key, others)


def check_named(fields: tuple[FormField, ...], chosen: CredentialFields) -> None:
    """Raise Failed(field_unfilled) if a declared field is not in the form, whether anything has to be sent or not."""
    api_key = _chosen(fields, chosen.api_key, "api_key")
    _chosen(tuple(item for item in fields if item is not api_key), chosen.domain, "domain")
    _check_extra(fields, chosen)


def _check_extra(fields: Sequence[FormField], chosen: CredentialFields) -> None:
    """Raise Failed(field_unfilled) for values of fields that the form does not have: nobody would miss them until later."""
    known = {item.key for item in fields}
    unknown = sorted(set(chosen.extra) - known)
    if unknown or set(chosen.extra_secrets) - known:
        # The names of extra_secrets are not shown: somebody may have swapped a name and its secret.
        what = ", ".join(unknown) or "with one of the names in extra_secrets"
        raise Failed(
            FailureCode.FIELD_UNFILLED,
            f"StackOne's Freshservice form has no field {what}; its fields are {_listed(fields)}.",
            "Correct the names in credential_fields.extra (or extra_secrets).",
            details={"fields": sorted(known)},
        )


def domain_value(form_field: FormField, domain: str) -> str:
    """Return the domain in the format that the field's rule or example asks for: label, host or URL (H21)."""
    host = f"{domain}{SUFFIX}"
    forms = {Typed.LABEL: domain, Typed.HOST: host, Typed.URL: f"https://{host}"}
    if form_field.must_contain:
        return next((form for form in forms.values() if form_field.must_contain in form), domain)
    wanted = _wanted_by_pattern(form_field.pattern or "") or _wanted_by_placeholder(form_field.placeholder)
    return forms[wanted or Typed.LABEL]


def find_stored_domain(values: dict[str, Any], chosen: CredentialFields) -> str | None:
    """Return the domain among an account's non-secret form values (S35, H11), or `None` if it cannot be determined."""
    if chosen.domain:
        return _text(values.get(chosen.domain))
    own = {key: value for key, value in values.items() if key not in chosen.extra}
    named = [value for key, value in own.items() if _plain(key) in DOMAIN_NAMES]
    found = named or list(own.values())
    return _text(found[0]) if len(found) == 1 else None


def find_stored_key(secrets: dict[str, Any], chosen: CredentialFields) -> Any:
    """Return the API key's placeholder among an account's redacted secrets (H11), or `None` if it is not clear which."""
    if chosen.api_key:
        return secrets.get(chosen.api_key)
    own = {key: value for key, value in secrets.items() if key not in chosen.extra_secrets}
    if len(own) == 1:
        return next(iter(own.values()))
    named = [value for key, value in own.items() if _names_a_key(key)]
    return named[0] if len(named) == 1 else None


def _raw_fields(config: dict[str, Any], authentication: str | None, environment: str | None) -> list[Any]:
    fields = config.get("configFields")
    legacy = config.get("authentication")
    if not isinstance(legacy, dict):
        return fields if isinstance(fields, list) else []
    by_environment = _pick(legacy, authentication)
    form = _pick(by_environment, environment) if isinstance(by_environment, dict) else None
    found = form.get("fields") if isinstance(form, dict) else None
    if isinstance(found, list) and found:
        return found
    return fields if isinstance(fields, list) else []


def _pick(choices: dict[str, Any], key: str | None) -> Any:
    """Return the named choice, or the only one."""
    if key in choices:
        return choices[key]
    return next(iter(choices.values())) if len(choices) == 1 else None


def _fillable(raw: Any) -> bool:
    if not isinstance(raw, dict) or not isinstance(raw.get("key"), str):
        return False
    return not (raw.get("readOnly") or raw.get("computed") or raw.get("display") is False) and (
        raw["key"] != EXTERNAL_TRIGGER_TOKEN
    )


def _field(raw: dict[str, Any]) -> FormField:
    kind = raw.get("type")
    rules = raw.get("validation")
    validation = rules if isinstance(rules, dict) else {}
    pattern = _text(validation.get("pattern"))
    contains = validation.get("type") == "domain" and pattern
    return FormField(
        key=raw["key"],
        label=_text(raw.get("label")) or "",
        required=bool(raw.get("required")),
        secret=raw.get("secret") is not False or kind == "password",
        text=kind not in ("number", "select"),
        default=_default(raw),
        placeholder=_text(raw.get("placeholder")) or "",
        pattern=None if contains else pattern,
        must_contain=f"{pattern}.com" if contains else None,
    )


def _default(raw: dict[str, Any]) -> str | None:
    value = raw.get("value")
    options = raw.get("options")
    if value in (None, "") and isinstance(options, list) and len(options) == 1 and isinstance(options[0], dict):
        value = options[0].get("value")
    return str(value) if isinstance(value, (str, int, float)) and value != "" else None


def _chosen(fields: tuple[FormField, ...], key: str | None, option: str) -> FormField | None:
    if key is None:
        return None
    for item in fields:
        if item.key == key:
            return item
    raise Failed(
        FailureCode.FIELD_UNFILLED,
        f"credential_fields.{option} names {key!r}, which StackOne's Freshservice form does not have.",
        f"It has {_listed(fields)}.",
        details={"fields": [item.key for item in fields]},
    )


def _find_api_key(fields: tuple[FormField, ...]) -> FormField:
    secrets = [item for item in fields if item.secret]
    if len(secrets) > 1:
        secrets = [item for item in secrets if _names_a_key(item.key) or _names_a_key(item.label)]
    return _only(secrets, fields, "api_key", "API key")


def _find_domain(fields: tuple[FormField, ...]) -> FormField:
    texts = [item for item in fields if not item.secret and item.text]
    required = [item for item in texts if item.required and item.default is None]
    if len(required) == 1:
        return required[0]
    # Search by name even among secret fields, because forms may not say that the domain is not secret (H8).
    named = [item for item in fields if item.text and {_plain(item.key), _plain(item.label)} & DOMAIN_NAMES]
    return _only(named, fields, "domain", "domain")


def _only(found: list[FormField], fields: tuple[FormField, ...], option: str, noun: str) -> FormField:
    if len(found) == 1:
        return found[0]
    raise Failed(
        FailureCode.FIELD_AMBIGUOUS,
        f"could not determine which field of StackOne's Freshservice form is for the {noun}.",
        f"Name its key in credential_fields.{option}; the form has {_listed(fields)}.",
        details={"fields": [item.key for item in fields]},
    )


def _wanted_by_pattern(pattern: str) -> Typed | None:
    """Return the format of the domain that a regular expression requires, as far as its text shows it.

    The expression is never run: an external one could take for ever, and nothing could interrupt it. Formats that it
    only allows or forbids are ignored. StackOne itself refuses values that do not match.
    """
    text = _BRACKETS.sub("", pattern.replace("\\", "").replace("[.]", ".").lower())
    if "(?!" in text or "(?<!" in text:
        return None
    if "://" in text and "://)?" not in text:
        return Typed.URL
    return Typed.HOST if SUFFIX in text and f"{SUFFIX})?" not in text else None


def _wanted_by_placeholder(placeholder: str) -> Typed | None:
    """Return the format of the domain in an example."""
    example = placeholder.strip().lower().rstrip("/")
    if not example.endswith(SUFFIX):
        return None
    return Typed.URL if example.startswith("https://") else Typed.HOST


def _names_a_key(text: str) -> bool:
    return any(name in _plain(text) for name in KEY_NAMES)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _listed(fields: Any) -> str:
    return ", ".join(f"{item.key!r} ({item.label})" if item.label else repr(item.key) for item in fields)


def stored_domain(tenant: Tenant, values: dict[str, Any]) -> str | None:
    """Return the domain among an account's non-secret form values, as a bare label if possible."""
    return domain_in(values, tenant.credential_fields)


def domain_in(values: dict[str, Any], fields: CredentialFields = ANY_FIELDS) -> str | None:
    """Return the same as `stored_domain`, if no tenant is declared."""
    found = find_stored_domain(values, fields)
    if found is None:
        return None
    try:
        return normalise_domain(found)
    except Failed:
        return found
