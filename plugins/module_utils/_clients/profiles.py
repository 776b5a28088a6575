# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connector profiles: the choice of the one that links or edits an account (H3, S52, S57, S60)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from .._core.failure import Failed, FailureCode
from .._core.identity import is_account_id, same_provider
from .._core.shared import Shared, unhurried
from .._core.text import NO_SECRETS, one_line

_WHAT = r"\b(providers?|integrations?|integration_id|connectors?|connector_profile_id|profiles?|auth(entication)?[ _]configs?)\b"
_WRONG = (
    r"\b(not (be )?(found|enabled|active|activated|configured|exist|available|supported|linked)|no (enabled|active)"
    r"|unknown|disabled|inactive|does(n't| not) exist|missing|invalid)\b"
)
_NAMED = re.compile(f"{_WHAT}.{{0,80}}{_WRONG}|{_WRONG}.{{0,80}}{_WHAT}", re.IGNORECASE | re.DOTALL)
_ANOTHER_MATTER = re.compile(r"\baccount\b.{0,40}\bnot found|should not exist|\bno such account", re.IGNORECASE)

_ENABLE = "Enable it once in StackOne's dashboard, under Connector Profiles, then run again."
_MOVE = "Enable it in StackOne's dashboard, under Connector Profiles; or unlink the account and link it again under another."
_CORRECT_OR_ENABLE = (
    "Correct integration_id, or enable that profile in StackOne's dashboard, under Connector Profiles; then run again."
)
_CORRECT = "Correct integration_id, or leave it out to use the default profile, then run again."


@dataclass(frozen=True)
class Profile:
    """A connector profile as the Hub or the platform lists it. Values that the listing does not have are `None`."""

    id: str
    name: str | None = None
    active: bool | None = None
    default: bool | None = None
    auth_key: str | None = None
    environment: str | None = None

    @property
    def shown(self) -> str:
        """Return id, name and state for a message."""
        state = "disabled" if self.active is False else None
        about = ", ".join(filter(None, (self.name, state)))
        return f"{self.id} ({about})" if about else self.id

    def as_dict(self) -> dict[str, Any]:
        """Return the profile for the details of a failure."""
        return {"id": self.id, "name": self.name, "active": self.active, "default": self.default}


class ProfileCache:
    """The platform's profiles by provider, fetched once in a run for all tenants."""

    def __init__(self) -> None:
        self._profiles = Shared()

    def get(
        self, provider: str, fetch: Callable[[], list[Profile]], check: Callable[[], None] = unhurried
    ) -> list[Profile]:
        """Return the profiles, which the first caller fetches. `check` raises if the run is stopped."""
        found: list[Profile] = self._profiles.get(provider.lower(), fetch, check)
        return found


@dataclass(frozen=True)
class ProfileDrift:
    """The ids of the declared profile and of the different one that the account is linked under."""

    declared: str
    account: str

    def as_dict(self) -> dict[str, str]:
        """Return the `profile_drift` of a module's result."""
        return {"declared": self.declared, "account": self.account}

    @property
    def words(self) -> str:
        """Return what differs, for a message."""
        return f"is linked under the connector profile {self.account}, not under {self.declared}, which integration_id declares"


def profile_drift(declared: str | None, account: str | None) -> ProfileDrift | None:
    """Return the difference between the account's profile and the declared one, if both are known."""
    return ProfileDrift(declared, account) if declared and account and declared != account else None


def listed_profiles(items: Any, provider: str, line: Callable[[str], str] = NO_SECRETS.line) -> list[Profile]:
    """Return the provider's profiles in a listing of the Hub (H3) or of the platform (S60); `line` is the answer's."""
    found = []
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, dict):
            continue
        profile_id = item.get("integration_id") or item.get("id")
        key = item.get("provider") or item.get("connector_key")
        if is_account_id(profile_id) and isinstance(profile_id, str) and same_provider(str(key or ""), provider):
            found.append(_profile(profile_id, item, line))
    return found


def choose(
    profiles: Sequence[Profile], session_profile: str | None, known: Callable[[], Iterable[Profile]]
) -> Profile | None:
    """Return the profile to use if none is declared, or `None` if it cannot be determined.

    It is the only active one, else the session's, else the default one (S52). If the given profiles do not say which is
    the default, `known` lists the platform's.
    """
    if len(profiles) == 1:
        return profiles[0] if profiles[0].active is not False else None
    active = [profile for profile in profiles if profile.active]
    if len(active) < 2:
        return next(iter(active), None)
    found = [profile for profile in active if profile.id == session_profile]
    found = found or [profile for profile in active if profile.default]
    found = found or _among(active, [profile.id for profile in known() if profile.default])
    return found[0] if len(found) == 1 else None


def names_the_profile(text: str) -> bool:
    """Return whether the text of an error means that a connector profile is missing or disabled (S57)."""
    return bool(_NAMED.search(text)) and not _ANOTHER_MATTER.search(text)


def no_profile(
    provider: str,
    wanted: str | None,
    known: Sequence[Profile],
    words: str = "",
    http_status: int | None = None,
    of_account: bool = False,
) -> Failed:
    """Return the failure if no connector profile can be used, with the existing ones and StackOne's own words.

    `wanted` is the declared profile, or that of an existing account (`of_account`).
    """
    message, remediation = _reason(provider, wanted, known)
    remediation = _MOVE if of_account else remediation
    said = f" StackOne says: {words}." if words else ""
    details: dict[str, Any] = {
        "connector_profile_ids": [profile.id for profile in known if profile.active is not False],
        "connector_profiles": [profile.as_dict() for profile in known],
    }
    if words:
        details["answer"] = words
    return Failed(
        FailureCode.CONNECTOR_PROFILE_MISSING, f"{message}{said}", remediation, http_status=http_status, details=details
    )


def _reason(provider: str, declared: str | None, known: Sequence[Profile]) -> tuple[str, str]:
    """Return message and remediation."""
    listed = ", ".join(profile.shown for profile in known)
    own = next((profile for profile in known if profile.id == declared), None)
    active = [profile for profile in known if profile.active is not False]
    if own and own.active is False:
        return f"the connector profile {own.shown} is disabled in StackOne.", _ENABLE
    if declared and known:
        return f"StackOne has no connector profile {declared!r} for {provider}; it has {listed}.", _CORRECT
    if declared:
        return f"StackOne has no enabled connector profile {declared!r} for {provider}.", _CORRECT_OR_ENABLE
    if len(active) > 1:
        return (
            f"StackOne has several enabled connector profiles for {provider}, and none is known to be the default: {listed}.",
            "Name one in integration_id.",
        )
    if known and not active:
        return f"every connector profile for {provider} is disabled in StackOne: {listed}.", _ENABLE
    return f"StackOne has no enabled connector profile for {provider}.", _ENABLE


def _profile(profile_id: str, item: dict[str, Any], line: Callable[[str], str]) -> Profile:
    def text(key: str) -> str | None:
        value = item.get(key)
        return one_line(value) if isinstance(value, str) and value else None

    name = text("name")

    def flag(key: str) -> bool | None:
        value = item.get(key)
        return value if isinstance(value, bool) else None

    return Profile(
        profile_id,
        line(name) if name else None,
        flag("active"),
        flag("default"),
        text("authentication_config_key"),
        text("environment"),
    )


def _among(profiles: Iterable[Profile], ids: Sequence[str]) -> list[Profile]:
    return [profile for profile in profiles if profile.id in ids]
