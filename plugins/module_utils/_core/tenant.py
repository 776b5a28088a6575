# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state of one link, and the rules for domains, keys and ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .failure import Failed, FailureCode, Phase
from .secrets import SHORTEST_SECRET
from .slots import SLOTS
from .urls import shown_url
from .written import accident, hidden_character, trimmed

NOT_DECLARED = "not_declared"
"""The `key` of a result if no key was declared, so that none was checked or compared."""

SUFFIX = ".freshservice.com"
LABEL_LIMIT = 63
SHOWN_LIMIT = 80

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_SCHEME = re.compile(r"(?i)https?://")
_KEY = re.compile(r"[\x21-\x39\x3b-\x7e]+")


class State(str, Enum):
    """Whether the link should exist."""

    PRESENT = "present"
    ABSENT = "absent"


class UpdateCredentials(str, Enum):
    """When to send the domain and key of an existing account again."""

    ON_DRIFT = "on_drift"
    ON_DOUBT = "on_doubt"
    ALWAYS = "always"
    ON_CREATE = "on_create"


class ProfileChange(str, Enum):
    """What to do with an account that is linked under another connector profile than the declared one."""

    REFUSE = "refuse"
    RELINK = "relink"
    REPLACE = "replace"


@dataclass(frozen=True, **SLOTS)
class CredentialFields:
    """The declared keys of the connector's form; a field that is None is discovered.

    `extra` and `extra_secrets` map the keys of further fields to their values.
    """

    domain: str | None = None
    api_key: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
    extra_secrets: dict[str, str] = field(default_factory=dict, repr=False)


ANY_FIELDS = CredentialFields()
"""No declared fields: all are discovered."""


@dataclass(frozen=True, **SLOTS)
class Tenant:
    """One Freshservice tenant with one agent's API key: the desired link. `None` leaves a value unchanged."""

    origin_owner_id: str | None
    domain: str | None = None
    api_key: str | None = field(default=None, repr=False)
    state: State = State.PRESENT
    previous_origin_owner_id: str | None = None
    origin_owner_name: str | None = None
    origin_username: str | None = None
    label: str | None = None
    account_type: str | None = None
    shared: bool | None = None
    account_id: str | None = None
    allow_multiple: bool = False
    allow_shared_domain: bool = False
    integration_id: str | None = None
    profile_change: ProfileChange = ProfileChange.REFUSE
    provider: str = "freshservice"
    credential_fields: CredentialFields = ANY_FIELDS
    update_credentials: UpdateCredentials = UpdateCredentials.ON_DRIFT
    verify_key: bool = True
    admin_api_key: str | None = field(default=None, repr=False)
    agent_email: str | None = None

    @property
    def keyless(self) -> bool:
        """Return whether it should be present without a key: its account is managed in all but its credentials."""
        return self.state is State.PRESENT and self.api_key is None

    @property
    def owners(self) -> tuple[str, ...]:
        """Return the ids of the owners whose accounts can be this tenant's: its own, and its former one."""
        return tuple(filter(None, (self.origin_owner_id, self.previous_origin_owner_id)))

    @property
    def secrets(self) -> list[str]:
        """Return the values that must never appear in any output."""
        return [*filter(None, (self.api_key, self.admin_api_key)), *self.credential_fields.extra_secrets.values()]

    @property
    def name(self) -> str:
        """Return the name of this tenant in messages."""
        if not self.origin_owner_id and not self.account_id:
            return self.domain or "a tenant without a name"
        owner = f"owner {self.origin_owner_id}" if self.origin_owner_id else f"account {self.account_id}"
        return f"{self.domain} ({owner})" if self.domain else owner


def normalise_domain(text: str) -> str:
    """Return the lower-case label of `mycompany`, `mycompany.freshservice.com` or its URL (F3, F4).

    Raise Failed(invalid_domain) for anything other than a single DNS label under freshservice.com, because the key
    would otherwise be sent to a host that was not declared.
    """
    if "@" in text:
        # Anything before the @ may be part of a password, so the text is not shown.
        raise _invalid_domain("domain must not contain a user name, a password or an e-mail address.")
    host = _host_of(trimmed(text))
    label = host[: -len(SUFFIX)] if host.endswith(SUFFIX) else host
    reason = _why_not_a_label(label)
    if reason:
        raise _invalid_domain(f"domain {quoted(shown_url(text))} is not a Freshservice domain: {reason}.")
    return label


def same_domain(declared: str, stored: str) -> bool:
    """Return whether a stored form value (label, host or URL) means the declared label."""
    try:
        return normalise_domain(stored) == declared
    except Failed:
        return False


def normalise_key(text: str, option: str) -> str:
    """Return the key without the white space that pasting and `ansible-vault` leave around it.

    Raise Failed(invalid_argument), which never shows the key.
    """
    key = trimmed(text)
    if not key:
        raise invalid_argument(f"{option} is empty.", "Set it from a variable kept in Ansible Vault.")
    if not _KEY.fullmatch(key):
        raise invalid_argument(
            f"{option} contains a character that API keys never contain (a space, a colon, a control or non-ASCII character).",
            "Copy the key again; if it comes from a vaulted variable, check that the value is decrypted.",
        )
    if len(key) < SHORTEST_SECRET:
        raise invalid_argument(
            f"{option} is shorter than {SHORTEST_SECRET} characters, which is too short for an API key.",
            "Copy the whole key again; if it comes from a vaulted variable, check that it is the right one.",
        )
    return key


def invalid_argument(message: str, remediation: str = "", **details: Any) -> Failed:
    """Return a failure that is detected before any request is sent."""
    return Failed(FailureCode.INVALID_ARGUMENT, message, remediation, phase=Phase.ARGUMENTS, details=details)


def missing_options(names: Sequence[str]) -> Failed:
    """Return the failure for required options that are not set; its details name them."""
    verb = "is" if len(names) == 1 else "are"
    return invalid_argument(f"{' and '.join(names)} {verb} missing.", missing=list(names))


def quoted(text: str) -> str:
    """Return a text in quotes for a message, or only its length if it is long.

    A long text would be cut, and a secret that is cut is not recognised.
    """
    return ascii(text) if len(text) <= SHOWN_LIMIT else f"of {len(text)} characters"


def _host_of(text: str) -> str:
    """Return the host of a pasted URL, with or without its scheme, and without the path.

    Return text without a scheme that is not a Freshservice host in lower case, otherwise unchanged.
    """
    scheme = _SCHEME.match(text)
    host = re.split(r"[/?#]", text[scheme.end() :] if scheme else text)[0].lower()
    return host if scheme or host.endswith(SUFFIX) else text.lower()


def _why_not_a_label(label: str) -> str | None:
    checks = (
        (not label, "it is empty"),
        ("://" in label, "only http and https URLs are supported"),
        (":" in label, "it contains a port"),
        (bool(re.search(r"[/\\?#%]", label)), "it contains a path, a query or an escape"),
        (bool(re.search(r"[\s\x00-\x1f\x7f]", label)), "it contains white space or a control character"),
        (not label.isascii(), "it contains a non-ASCII letter, which can be a look-alike"),
        (
            "." in label,
            f"it must be a single name directly under {SUFFIX[1:]}; custom helpdesk domains do not serve the API",
        ),
        (label.startswith("xn--"), "it is an encoded international name, which can be a look-alike"),
        (len(label) > LABEL_LIMIT, f"it is longer than {LABEL_LIMIT} characters"),
        (not _LABEL.fullmatch(label), "it may contain only letters, digits and inner hyphens"),
        # If a survey question is left empty, the domain can be the name of the host that runs Ansible.
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
    """Return the id. Raise Failed if it has an invisible character, which would make it another customer's id."""
    hidden = hidden_character(value)
    if hidden:
        raise invalid_argument(
            f"{name} contains an invisible character ({hidden}).", "Type it again instead of copying it."
        )
    slip = accident(value)
    if slip:
        raise invalid_argument(
            f"{name} {quoted(value)} is {slip}, not an id.",
            "Write the id itself, in YAML in quotes. To unlink an account that has this id by mistake, use its account_id.",
        )
    return value
