# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from parameters to what the house works with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from ansible_collections.tenantlink.stackone.plugins.module_utils._choice import Choice
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Clock, HttpOptions
from ansible_collections.tenantlink.stackone.plugins.module_utils._identity import is_account_id
from ansible_collections.tenantlink.stackone.plugins.module_utils._options import AuthOptions, BulkOptions, VerifyLink
from ansible_collections.tenantlink.stackone.plugins.module_utils._proxies import UnusableProxy, check_proxy
from ansible_collections.tenantlink.stackone.plugins.module_utils._quota import Quota
from ansible_collections.tenantlink.stackone.plugins.module_utils._secrets import SHORTEST_SECRET
from ansible_collections.tenantlink.stackone.plugins.module_utils._specs import FRESHSERVICE_URL
from ansible_collections.tenantlink.stackone.plugins.module_utils._sure import sure
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import (
    ANY_FIELDS,
    CredentialFields,
    State,
    Tenant,
    UpdateCredentials,
    invalid_argument,
    normalise_domain,
    normalise_key,
    quoted,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import (
    harmless,
    one_line,
    valid_unicode,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._urls import is_loopback, secrets_of_url
from ansible_collections.tenantlink.stackone.plugins.module_utils._written import accident, hidden_character, is_error

TEXT_LIMIT = 255

BESIDE_A_KEY = ("domain", "origin_owner_id", "origin_owner_name", "origin_username", "label", "account_id")
"""Where a key lands that is in the wrong column."""

PLACE = "{domain}"
"""Where a URL template takes the tenant's domain."""


@dataclass(frozen=True)
class Bounds:
    """What a number may be. C(above) leaves the smallest value out."""

    least: float
    most: float
    unit: str = ""
    above: bool = False

    def __contains__(self, number: float) -> bool:
        # NaN is neither more nor less than anything.
        return (self.least < number if self.above else self.least <= number) and number <= self.most

    def __str__(self) -> str:
        lower = f"more than {self.least:g} and at most" if self.above else f"from {self.least:g} to"
        return f"{lower} {self.most:.10g}{self.unit}"


DAY = 86_400
BOUNDS = {
    "timeout": Bounds(0, 3600, " seconds", above=True),
    "retries": Bounds(0, 100),
    "requests_per_minute": Bounds(1, 1_000_000),
    "quota_window": Bounds(0, 60, " seconds", above=True),
    "concurrency": Bounds(1, 512),
    "stop_after_failures": Bounds(1, 1_000_000),
    "confirm_timeout": Bounds(0, DAY, " seconds"),
    "expires_in": Bounds(1, 3650 * DAY, " seconds"),
    "purge_limit": Bounds(0, 1_000_000),
    "resolve_duplicates_limit": Bounds(0, 1_000_000),
}
"""Every number among the options, wherever it is one."""


def choice_from(params: Mapping[str, Any]) -> Choice:
    """Which accounts are meant. Raises Failed(invalid_domain or invalid_argument)."""

    def chosen(name: str) -> frozenset[str] | None:
        return None if params[name] is None else frozenset(params[name])

    for number, owner in enumerate(params["origin_owner_ids"] or (), 1):
        checked_id(owner, f"item {number} of origin_owner_ids")
    for number, account_id in enumerate(params["account_ids"] or (), 1):
        if not is_account_id(account_id):
            raise invalid_argument(
                f"item {number} of account_ids is not the id of an account.",
                "StackOne shows an account's id under Accounts.",
            )
    domains = None if params["domains"] is None else frozenset(map(normalise_domain, params["domains"]))
    statuses = chosen("statuses")
    return Choice(
        provider=params["provider"],
        owners=chosen("origin_owner_ids"),
        ids=chosen("account_ids"),
        domains=domains,
        labels=chosen("labels"),
        statuses=None if statuses is None else frozenset(map(str.lower, statuses)),
        account_type=params["account_type"],
    )


def tenant_from(params: Mapping[str, Any]) -> Tenant:
    """The declared tenant. Raises Failed(invalid_domain or invalid_argument)."""
    owner, key = owner_from(params), _key(params, "api_key")
    _tell_apart(key, {name: getattr(owner, name) for name in BESIDE_A_KEY})
    return replace(
        owner,
        api_key=key,
        admin_api_key=_key(params, "admin_api_key"),
        agent_email=_valid(params.get("agent_email"), "agent_email"),
        state=State(params["state"]),
        update_credentials=UpdateCredentials(params["update_credentials"]),
        verify_key=params["verify_key"],
        credential_fields=_credential_fields(params.get("credential_fields")),
    )


def owner_from(params: Mapping[str, Any]) -> Tenant:
    """The declared tenant as far as it needs no key. Raises Failed(invalid_domain or invalid_argument)."""
    domain = _domain(params)
    owner_id, account_id = ids_from(params)
    return Tenant(
        domain=domain,
        origin_owner_id=owner_id,
        origin_owner_name=_text(params, "origin_owner_name"),
        origin_username=_text(params, "origin_username"),
        label=_text(params, "label"),
        account_type=params["account_type"],
        account_id=account_id,
        allow_multiple=params["allow_multiple"],
        allow_shared_domain=params.get("allow_shared_domain", False),
        integration_id=_id(params, "integration_id"),
        provider=sure(_id(params, "provider")),
    )


def ids_from(params: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The ids of owner and account that say which link is meant. Raises Failed(invalid_argument)."""
    return _id(params, "origin_owner_id"), _account_id(params)


def auth_options_from(params: Mapping[str, Any], check_mode: bool) -> AuthOptions:
    """How auth links are made. Raises Failed(invalid_argument)."""
    check_bounds(params, "expires_in")
    return AuthOptions(params["expires_in"], params["relink"], check_mode)


def key_check_arguments(params: Mapping[str, Any]) -> tuple[str, str, str | None, str | None]:
    """Domain, key, admin's key and agent's e-mail. Raises Failed(invalid_domain or invalid_argument)."""
    domain, key = normalise_domain(params["domain"]), normalise_key(params["api_key"], "api_key")
    _tell_apart(key, {"domain": domain})
    return domain, key, _key(params, "admin_api_key"), _valid(params.get("agent_email"), "agent_email")


def http_options_from(params: Mapping[str, Any]) -> HttpOptions:
    """The connection options. Raises Failed(invalid_argument)."""
    for name in ("ca_path", "client_cert", "client_key"):
        path = params.get(name)
        if path and not (os.path.isfile(path) or (name == "ca_path" and os.path.isdir(path))):
            raise invalid_argument(f"{name} {path!r} is no file on this host.")
    check_bounds(params, "timeout", "retries")
    if params.get("proxy"):
        try:
            check_proxy(params["proxy"])
        except UnusableProxy as error:
            raise invalid_argument(f"proxy cannot be used: {error}.") from None
    names = ("validate_certs", "ca_path", "client_cert", "client_key", "proxy", "timeout", "retries")
    return HttpOptions(workers=params.get("concurrency") or 1, **{name: params[name] for name in names})


def quota_from(params: Mapping[str, Any], clock: Clock) -> Quota | None:
    """The quota that the options ask for. Raises Failed(invalid_argument).

    A run over many tenants may send in bursts. A run for one tenant spaces its requests and waits before the
    first, because others like it come before and after.
    """
    rate = params["requests_per_minute"]
    if rate is None:
        return None
    check_bounds(params, "requests_per_minute", "quota_window")
    window = params.get("quota_window")
    if window is None:
        return Quota(1, 60.0 / rate, clock, primed=True)
    slots = int(rate * window / 60)
    return Quota(slots, window, clock) if slots else Quota(1, 60.0 / rate, clock)


def bulk_options_from(params: Mapping[str, Any], check_mode: bool, tenants: int) -> BulkOptions:
    """How a list of so many tenants is worked through. Raises Failed(invalid_argument)."""
    check_run(params)
    for name in ("purge_limit", "resolve_duplicates_limit"):
        check_bounds(params, name)
        if params[name] > 1 and not float(params[name]).is_integer():
            raise invalid_argument(f"{name} must be a share from 0 to below 1, or a whole number.")
    if params["purge"] and not tenants:
        raise invalid_argument(
            "purge with an empty list would unlink every account.", "List the tenants that are to stay."
        )
    names = (
        *("concurrency", "stop_after_failures"),
        *("purge", "purge_limit", "resolve_duplicates", "resolve_duplicates_limit"),
    )
    return BulkOptions(
        confirm_timeout=confirm_timeout_from(params),
        check_mode=check_mode,
        verify_link=VerifyLink(params["verify_link"]),
        **{name: params[name] for name in names},
    )


def check_run(params: Mapping[str, Any]) -> None:
    """Whether a list can be worked through so. Raises Failed(invalid_argument)."""
    check_bounds(params, "concurrency", "stop_after_failures")


def confirm_timeout_from(params: Mapping[str, Any]) -> float:
    """Seconds. Raises Failed(invalid_argument)."""
    check_bounds(params, "confirm_timeout")
    timeout: float = params["confirm_timeout"]
    return timeout


def check_bounds(params: Mapping[str, Any], *names: str) -> None:
    """Raise Failed(invalid_argument) for the first of these numbers that makes no sense. One that is not set does."""
    for name in names:
        number = params.get(name)
        if number is not None and number not in BOUNDS[name]:
            raise invalid_argument(f"{name} must be {BOUNDS[name]}.")


def freshservice_url_from(params: Mapping[str, Any]) -> str:
    """The URL template. Raises Failed(invalid_argument) where it would leak keys or hold no domain."""
    url = params["freshservice_url"]
    if url.count(PLACE) != 1:
        raise invalid_argument(f"freshservice_url must hold {PLACE} once.", f"The default is {FRESHSERVICE_URL}.")
    return _safe_url(url, "freshservice_url")


def stackone_url_from(params: Mapping[str, Any]) -> str:
    """The base URL. Raises Failed(invalid_argument)."""
    return _safe_url(params["stackone_url"], "stackone_url")


def secrets_in(params: Mapping[str, Any]) -> list[str]:
    """Every secret among the parameters of a run or of one tenant, as given and as sent."""
    chosen = params.get("credential_fields") or {}
    values = [params.get(name) for name in ("api_key", "admin_api_key", "stackone_api_key")]
    # A module that does not take it can still meet it, as the name of a tenant.
    values.append(os.environ.get("STACKONE_API_KEY"))
    values += [str(value) for value in (chosen.get("extra_secrets") or {}).values()]
    urls = [params.get(name) for name in ("proxy", "stackone_url", "freshservice_url", "domain")]
    urls += [*(params.get("domains") or ()), *getproxies().values()]
    values += [secret for url in urls if url for secret in secrets_of_url(url)]
    found = [value for value in values if value and value.strip()]
    return found + [value.strip() for value in found if value.strip() != value]


def _safe_url(url: str, option: str) -> str:
    """Keys go over https, or over http to this machine alone (F10)."""
    if "@" in url:
        raise invalid_argument(f"{option} must hold no user name and no password.")
    try:
        parts = urlsplit(url.replace(PLACE, "tenant"))
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise invalid_argument(f"{option} is not a URL.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise invalid_argument(f"{option} must start with https://.")
    if parts.query or parts.fragment:
        raise invalid_argument(f"{option} must hold no query and no fragment.")
    if parts.scheme == "http" and not is_loopback(host):
        raise invalid_argument(
            f"{option} must start with https://: over plain http everybody on the way reads the keys."
        )
    return url


def _credential_fields(chosen: Mapping[str, Any] | None) -> CredentialFields:
    if not chosen:
        return ANY_FIELDS
    extra, secrets = dict(chosen.get("extra") or {}), dict(chosen.get("extra_secrets") or {})
    for key, value in secrets.items():
        if len(value.strip()) < SHORTEST_SECRET:
            raise invalid_argument(
                f"credential_fields.extra_secrets: the value of {one_line(key)} is shorter than {SHORTEST_SECRET}"
                " characters, so it could not be kept out of messages.",
                "Give the whole secret; if it is none, put it into credential_fields.extra.",
            )
    _valid([extra, secrets], "credential_fields")
    return CredentialFields(chosen.get("domain"), chosen.get("api_key"), extra, secrets)


def _valid(value: Any, name: str) -> Any:
    """Return the value. Raises Failed(invalid_argument) where it holds what no request can carry."""
    if value != valid_unicode(value):
        raise invalid_argument(f"{name} holds half a character, which is not valid Unicode.")
    return value


def _domain(params: Mapping[str, Any]) -> str | None:
    return None if params.get("domain") is None else normalise_domain(params["domain"])


def _key(params: Mapping[str, Any], option: str) -> str | None:
    return None if params.get(option) is None else normalise_key(params[option], option)


def _tell_apart(key: str | None, others: Mapping[str, str | None]) -> None:
    """A key in a wrong place would be stored in clear, or be asked for by name everywhere on the way."""
    same = next((name for name, text in others.items() if key and text and text.lower() == key.lower()), None)
    if same:
        raise invalid_argument(f"{same} and api_key are the same.", f"Write the right {same} in place of the key.")


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


def checked_id(value: str, name: str) -> str:
    """Return an id, in which nothing may be hidden: it would be that of another customer. Raises Failed."""
    hidden = hidden_character(value)
    if hidden:
        raise invalid_argument(
            f"{name} holds a character that cannot be seen ({hidden}).", "Type it again instead of copying it."
        )
    slip = accident(value)
    if slip:
        raise invalid_argument(
            f"{name} {quoted(value)} is {slip}, not an id.",
            "Write the id itself, in quotes. An account that has this for an id by mistake is unlinked by its account_id.",
        )
    return value


def _text(params: Mapping[str, Any], name: str) -> str | None:
    value = _plain_text(params, name)
    if value and is_error(value):
        raise invalid_argument(f"{name} is {value}, an error of a spreadsheet.", "Write the text itself.")
    return value


def _plain_text(params: Mapping[str, Any], name: str) -> str | None:
    value: str | None = params.get(name)
    if value is None:
        return None
    if len(value) > TEXT_LIMIT:
        raise invalid_argument(f"{name} is longer than {TEXT_LIMIT} characters.")
    if value != harmless(value) or not {"\t", "\n"}.isdisjoint(value):
        raise invalid_argument(f"{name} holds a control character.")
    return value
