# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state of one link, and the rules for a domain and a key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .failure import Failed, FailureCode, Phase
from .secrets import SHORTEST_SECRET
from .urls import shown_url
from .written import (
    accident,
    hidden_character,
    trimmed,
)

SUFFIX = ".freshservice.com"
LABEL_LIMIT = 63
SHOWN_LIMIT = 80

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_SCHEME = re.compile(r"(?i)https?://")
_KEY = re.compile(r"[\x21-\x39\x3b-\x7e]+")


class State(str, Enum):
    """Whether the link is to exist."""

    PRESENT = "present"
    ABSENT = "absent"


class UpdateCredentials(str, Enum):
    """When an existing account's stored domain and key are sent again."""

    ON_DRIFT = "on_drift"
    ON_DOUBT = "on_doubt"
    ALWAYS = "always"
    ON_CREATE = "on_create"


@dataclass(frozen=True)
class CredentialFields:
    """Which key of the connector's form takes what, where discovery is not to decide.

    C(extra) and C(extra_secrets) map further field keys to their values.
    """

    domain: str | None = None
    api_key: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
    extra_secrets: dict[str, str] = field(default_factory=dict, repr=False)


ANY_FIELDS = CredentialFields()
"""Discovery decides."""


@dataclass(frozen=True)
class Tenant:
    """One Freshservice site with one agent's API key: the desired link. C(None) means: leave alone."""

    origin_owner_id: str | None
    domain: str | None = None
    api_key: str | None = field(default=None, repr=False)
    state: State = State.PRESENT
    origin_owner_name: str | None = None
    origin_username: str | None = None
    label: str | None = None
    account_type: str | None = None
    account_id: str | None = None
    allow_multiple: bool = False
    allow_shared_domain: bool = False
    integration_id: str | None = None
    provider: str = "freshservice"
    credential_fields: CredentialFields = ANY_FIELDS
    update_credentials: UpdateCredentials = UpdateCredentials.ON_DRIFT
    verify_key: bool = True
    admin_api_key: str | None = field(default=None, repr=False)
    agent_email: str | None = None

    @property
    def secrets(self) -> list[str]:
        """What of it must appear nowhere."""
        return [*filter(None, (self.api_key, self.admin_api_key)), *self.credential_fields.extra_secrets.values()]

    @property
    def name(self) -> str:
        """What a message calls this tenant."""
        if not self.origin_owner_id and not self.account_id:
            return self.domain or "a tenant without a name"
        owner = f"owner {self.origin_owner_id}" if self.origin_owner_id else f"account {self.account_id}"
        return f"{self.domain} ({owner})" if self.domain else owner


def normalise_domain(text: str) -> str:
    """Return the lower-case label of C(mycompany), C(mycompany.freshservice.com) or its URL (F3, F4).

    Raises Failed(invalid_domain) for anything that is not one DNS label under freshservice.com,
    because the key would otherwise be sent to a host nobody declared.
    """
    if "@" in text:
        # A password may be anywhere before it.
        raise _invalid_domain("domain must hold no user name and password, and no e-mail address.")
    host = _host_of(trimmed(text))
    label = host[: -len(SUFFIX)] if host.endswith(SUFFIX) else host
    reason = _why_not_a_label(label)
    if reason:
        raise _invalid_domain(f"domain {quoted(shown_url(text))} is not a Freshservice domain: {reason}.")
    return label


def same_domain(declared: str, stored: str) -> bool:
    """Whether a stored form value (label, host or URL) means the declared label."""
    try:
        return normalise_domain(stored) == declared
    except Failed:
        return False


def normalise_key(text: str, option: str) -> str:
    """Return the key without the white space that pasting and C(ansible-vault) leave around it.

    Raises Failed(invalid_argument) without ever showing the key.
    """
    key = trimmed(text)
    if not key:
        raise invalid_argument(f"{option} is empty.", "Set it from a variable kept in Ansible Vault.")
    if not _KEY.fullmatch(key):
        raise invalid_argument(
            f"{option} holds a character that no API key has (a space, a colon, a control or non-ASCII character).",
            "Copy the key again; if it comes from a vaulted variable, check that the value is decrypted.",
        )
    if len(key) < SHORTEST_SECRET:
        raise invalid_argument(
            f"{option} is shorter than {SHORTEST_SECRET} characters, which no API key is.",
            "Copy the whole key again; if it comes from a vaulted variable, check that it is the right one.",
        )
    return key


def invalid_argument(message: str, remediation: str = "", **details: Any) -> Failed:
    """Return a failure that is known before any request."""
    return Failed(FailureCode.INVALID_ARGUMENT, message, remediation, phase=Phase.ARGUMENTS, details=details)


def missing_options(names: Sequence[str], remediation: str = "") -> Failed:
    """Return the failure of options that must be set and are not; its details name them."""
    verb = "is" if len(names) == 1 else "are"
    return invalid_argument(f"{' and '.join(names)} {verb} missing.", remediation, missing=list(names))


def quoted(text: str) -> str:
    """Return a text as a message shows it. A long one is not: it would be cut, and a secret in it no longer recognised."""
    return ascii(text) if len(text) <= SHOWN_LIMIT else f"of {len(text)} characters"


def _host_of(text: str) -> str:
    """The host of a pasted URL, with or without its scheme; what is not a host of Freshservice's passes through.

    The path of a portal's URL is dropped.
    """
    scheme = _SCHEME.match(text)
    host = re.split(r"[/?#]", text[scheme.end() :] if scheme else text)[0].lower()
    return host if scheme or host.endswith(SUFFIX) else text.lower()


def _why_not_a_label(label: str) -> str | None:
    checks = (
        (not label, "it is empty"),
        ("://" in label, "only an http or https URL is understood"),
        (":" in label, "it contains a port"),
        (bool(re.search(r"[/\\?#%]", label)), "it contains a path, a query or an escape"),
        (bool(re.search(r"[\s\x00-\x1f\x7f]", label)), "it contains white space or a control character"),
        (not label.isascii(), "it contains a non-ASCII letter, which can be a look-alike"),
        ("." in label, f"it is no single label under {SUFFIX[1:]}; a customer's own host name has no API"),
        (label.startswith("xn--"), "it is an encoded international name, which can be a look-alike"),
        (len(label) > LABEL_LIMIT, f"it is longer than {LABEL_LIMIT} characters"),
        (not _LABEL.fullmatch(label), "a label holds letters, digits and inner hyphens only"),
        # A survey's answer that was left out would send a key to the name of the host that runs Ansible.
        (label == "localhost", "localhost is not a tenant"),
    )
    return next((reason for wrong, reason in checks if wrong), None)


def _invalid_domain(message: str) -> Failed:
    return Failed(
        FailureCode.INVALID_DOMAIN,
        message,
        "Use the part before .freshservice.com in the address of the customer's helpdesk, for example 'mycompany'.",
        phase=Phase.ARGUMENTS,
    )


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
