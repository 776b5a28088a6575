# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from parameters to the options of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.options import AuthOptions, LinksOptions, VerifyLink
from .._core.tenant import (
    invalid_argument,
)
from .connection_params import check_bounds


def auth_options_from(params: Mapping[str, Any], check_mode: bool) -> AuthOptions:
    """How auth links are made. Raises Failed(invalid_argument)."""
    check_bounds(params, "expires_in")
    return AuthOptions(params["expires_in"], params["relink"], check_mode)


def links_options_from(params: Mapping[str, Any], check_mode: bool, tenants: int) -> LinksOptions:
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
    return LinksOptions(
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
