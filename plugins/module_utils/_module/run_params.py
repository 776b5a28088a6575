# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns parameters into the options of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.options import AuthOptions, LinksOptions, PurgeScope, VerifyLink
from .._core.tenant import invalid_argument
from .connection_params import check_bounds


def auth_options_from(params: Mapping[str, Any], check_mode: bool) -> AuthOptions:
    """Return how auth links are made. Raises Failed(invalid_argument)."""
    check_bounds(params, "expires_in")
    return AuthOptions(params["expires_in"], params["relink"], check_mode)


def links_options_from(params: Mapping[str, Any], check_mode: bool, tenants: int) -> LinksOptions:
    """Return how a list of this many tenants is processed. Raises Failed(invalid_argument)."""
    check_run(params)
    for name in ("purge_limit", "resolve_duplicates_limit"):
        check_bounds(params, name)
        if params[name] > 1 and not float(params[name]).is_integer():
            raise invalid_argument(f"{name} must be a share from 0 to below 1, or a whole number.")
    if params["purge"] and not tenants:
        raise invalid_argument("purge with an empty list would unlink every account.", "List the tenants to keep.")
    names = ("concurrency", "stop_after_failures", "purge_limit", "resolve_duplicates_limit")
    return LinksOptions(
        confirm_timeout=confirm_timeout_from(params),
        check_mode=check_mode,
        verify_link=VerifyLink(params["verify_link"]),
        purge=bool(params["purge"]),
        resolve_duplicates=bool(params["resolve_duplicates"]),
        purge_scope=_purge_scope(params["purge_scope"]),
        **{name: params[name] for name in names},
    )


def _purge_scope(scope: Mapping[str, Any] | None) -> PurgeScope:
    if scope is None:
        return PurgeScope()
    if not any(value is not None for value in scope.values()):
        raise invalid_argument(
            "purge_scope has no condition, so every account would be inside.",
            "Set labels, owner_ids or profiles, or leave purge_scope out to purge all undeclared accounts.",
        )
    everybody = next((each for each in scope.get("owner_ids") or () if set(each) <= {"*", "?"}), None)
    if everybody:
        raise invalid_argument(
            f"purge_scope.owner_ids has the pattern {everybody}, so the accounts of all owners could be inside.",
            "Write the beginning of the IDs as well, such as crm-*, or leave owner_ids out.",
        )
    labels, owner_ids, profiles = (scope.get(name) for name in ("labels", "owner_ids", "profiles"))
    return PurgeScope(
        None if labels is None else frozenset(labels),
        None if owner_ids is None else tuple(owner_ids),
        None if profiles is None else frozenset(profiles),
    )


def check_run(params: Mapping[str, Any]) -> None:
    """Raise Failed(invalid_argument) if a list cannot be processed with these options."""
    check_bounds(params, "concurrency", "stop_after_failures")


def confirm_timeout_from(params: Mapping[str, Any]) -> float:
    """Return the confirmation timeout in seconds. Raises Failed(invalid_argument)."""
    check_bounds(params, "confirm_timeout")
    timeout: float = params["confirm_timeout"]
    return timeout
