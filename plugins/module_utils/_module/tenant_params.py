# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns parameters into a declared tenant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._core.failure import require
from .._core.identity import is_account_id
from .._core.secrets import SHORTEST_SECRET
from .._core.tenant import (
    ANY_FIELDS,
    CredentialFields,
    ProfileChange,
    State,
    Tenant,
    UpdateCredentials,
    checked_id,
    invalid_argument,
    missing_options,
    normalise_domain,
    normalise_key,
    quoted,
)
from .._core.text import NO_SECRETS, Scrubber, one_line, strip_control_chars, valid_unicode
from .._core.written import is_error

TO_LINK = ("domain", "origin_owner_id")
TO_CHECK = ("domain",)
TO_INVITE = ("origin_owner_id",)


PREVIOUS = "previous_origin_owner_id"
"""The option that names the former owner of an account that is to be moved."""


def check_needed(tenant: Tenant, needed: Sequence[str]) -> None:
    """Raise Failed(invalid_argument) if a tenant lacks an option that it needs."""
    missing = [name for name in needed if getattr(tenant, name) is None] if tenant.state is State.PRESENT else []
    if missing:
        raise missing_options(missing)
    check_previous(tenant)
    if tenant.state is State.ABSENT and not (tenant.origin_owner_id or tenant.account_id):
        raise invalid_argument("origin_owner_id or account_id is needed.")
    if (tenant.admin_api_key is None) != (tenant.agent_email is None):
        raise invalid_argument("admin_api_key and agent_email are needed together.")


def check_previous(tenant: Tenant) -> None:
    """Raise Failed(invalid_argument) if a former owner is named from whom no account can be moved."""
    if tenant.previous_origin_owner_id is None:
        return
    if tenant.previous_origin_owner_id == tenant.origin_owner_id:
        raise invalid_argument(
            "previous_origin_owner_id is the same as origin_owner_id.", "Name the former owner, or leave it out."
        )
    missing = [name for name in TO_LINK if getattr(tenant, name) is None]
    if missing:
        raise invalid_argument(
            f"previous_origin_owner_id needs {' and '.join(missing)}.",
            "It says which account of the former owner is meant.",
        )


TEXT_LIMIT = 255


BESIDE_A_KEY = ("domain", "origin_owner_id", "origin_owner_name", "origin_username", "label", "account_id")
"""The options in which a key ends up if it is in the wrong column."""


def tenant_from(params: Mapping[str, Any], scrubber: Scrubber = NO_SECRETS) -> Tenant:
    """Return the declared tenant. Raises Failed(invalid_domain or invalid_argument).

    The scrubber has all secrets of the run, which no text of the tenant may contain.
    """
    owner, key = owner_from(params), _key(params, "api_key")
    _tell_apart(key, {name: getattr(owner, name) for name in BESIDE_A_KEY})
    refuse_secrets(owner, scrubber)
    return replace(
        owner,
        api_key=key,
        admin_api_key=_key(params, "admin_api_key"),
        agent_email=_valid(params.get("agent_email"), "agent_email"),
        previous_origin_owner_id=previous_id_from(params),
        state=State(params["state"]),
        update_credentials=UpdateCredentials(params["update_credentials"]),
        profile_change=ProfileChange(params["profile_change"]),
        verify_key=params["verify_key"],
        credential_fields=_credential_fields(params.get("credential_fields")),
    )


def owner_from(params: Mapping[str, Any]) -> Tenant:
    """Return the declared tenant without its keys. Raises Failed(invalid_domain or invalid_argument)."""
    domain = _domain(params)
    owner_id, account_id = ids_from(params)
    return Tenant(
        domain=domain,
        origin_owner_id=owner_id,
        origin_owner_name=_text(params, "origin_owner_name"),
        origin_username=_text(params, "origin_username"),
        label=_text(params, "label"),
        account_type=params["account_type"],
        shared=params["shared"],
        account_id=account_id,
        allow_multiple=params["allow_multiple"],
        allow_shared_domain=params.get("allow_shared_domain", False),
        integration_id=_id(params, "integration_id"),
        provider=require(_id(params, "provider")),
    )


def ids_from(params: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the ids of owner and account that identify a link. Raises Failed(invalid_argument)."""
    return _id(params, "origin_owner_id"), _account_id(params)


def previous_id_from(params: Mapping[str, Any]) -> str | None:
    """Return the id of the former owner. Raises Failed(invalid_argument)."""
    return _id(params, PREVIOUS) or None


def key_check_arguments(params: Mapping[str, Any]) -> tuple[str, str, str | None, str | None]:
    """Return domain, key, admin's key and agent's e-mail. Raises Failed(invalid_domain or invalid_argument)."""
    domain, key = normalise_domain(params["domain"]), normalise_key(params["api_key"], "api_key")
    _tell_apart(key, {"domain": domain})
    return domain, key, _key(params, "admin_api_key"), _valid(params.get("agent_email"), "agent_email")


def _credential_fields(chosen: Mapping[str, Any] | None) -> CredentialFields:
    if not chosen:
        return ANY_FIELDS
    extra, secrets = dict(chosen.get("extra") or {}), dict(chosen.get("extra_secrets") or {})
    for key, value in secrets.items():
        if len(value.strip()) < SHORTEST_SECRET:
            raise invalid_argument(
                f"credential_fields.extra_secrets: the value of {one_line(key)} is shorter than {SHORTEST_SECRET}"
                " characters, so it could not be kept out of messages.",
                "Set the whole secret; if it is not secret, put it into credential_fields.extra.",
            )
    _valid([extra, secrets], "credential_fields")
    return CredentialFields(chosen.get("domain"), chosen.get("api_key"), extra, secrets)


def _valid(value: Any, name: str) -> Any:
    """Return the value. Raises Failed(invalid_argument) if a request cannot carry it."""
    if value != valid_unicode(value):
        raise invalid_argument(f"{name} holds half a character, which is not valid Unicode.")
    return value


def _domain(params: Mapping[str, Any]) -> str | None:
    return None if params.get("domain") is None else normalise_domain(params["domain"])


def _key(params: Mapping[str, Any], option: str) -> str | None:
    return None if params.get(option) is None else normalise_key(params[option], option)


def _tell_apart(key: str | None, others: Mapping[str, str | None]) -> None:
    """Raise Failed(invalid_argument) for a key in the wrong place.

    It would be stored in clear, or become part of a host name that everybody on the way can see.
    """
    same = next((name for name, text in others.items() if key and text and text.lower() == key.lower()), None)
    if same:
        raise invalid_argument(f"{same} and api_key are the same.", f"Write the right {same} in place of the key.")


def refuse_secrets(owner: Tenant, scrubber: Scrubber) -> None:
    """Raise Failed(invalid_argument) for a text that contains a secret of the run: StackOne would show it to everybody."""
    for name in BESIDE_A_KEY:
        if scrubber.gives_away(getattr(owner, name)):
            raise invalid_argument(
                f"{name} contains an API key or another secret, and StackOne would show it.",
                f"Write {name} without it; replace the key if others could have seen it.",
            )


def _account_id(params: Mapping[str, Any]) -> str | None:
    account_id = _id(params, "account_id")
    if account_id is not None and not is_account_id(account_id):
        raise invalid_argument(
            f"account_id {quoted(account_id)} is not an account's id: an id holds letters, digits, '_' and '-' only.",
            "Copy the id from StackOne's dashboard, under Accounts.",
        )
    return account_id


def _id(params: Mapping[str, Any], name: str) -> str | None:
    value = _plain_text(params, name)
    return checked_id(value, name) if value else value


def _text(params: Mapping[str, Any], name: str) -> str | None:
    value = _plain_text(params, name)
    if value and is_error(value):
        raise invalid_argument(f"{name} is {value}, a spreadsheet error.", "Write the text itself.")
    return value


def _plain_text(params: Mapping[str, Any], name: str) -> str | None:
    value: str | None = params.get(name)
    if value is None:
        return None
    if len(value) > TEXT_LIMIT:
        raise invalid_argument(f"{name} is longer than {TEXT_LIMIT} characters.")
    if value != strip_control_chars(value) or not {"\t", "\n"}.isdisjoint(value):
        raise invalid_argument(f"{name} holds a control character.")
    return value
