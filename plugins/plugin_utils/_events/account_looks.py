# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists StackOne's accounts for a process that runs for months: each listing has its own connections and certificates."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ...module_utils._clients.account import Account
from ...module_utils._clients.account_filter import AccountFilter, find
from ...module_utils._clients.stackone import StackOne
from ...module_utils._clients.stackone_base import StackOneApi
from ...module_utils._core.stop import StopSignal
from ...module_utils._core.tenant import invalid_argument, normalise_key
from ...module_utils._core.text import Scrubber
from ...module_utils._http.session import REQUESTS_IMPORT_ERROR
from ...module_utils._module.argspec import http_spec, stackone_spec
from ...module_utils._module.connection_params import (
    http_from,
    http_options_from,
    quota_from,
    secrets_in,
    stackone_url_from,
)
from ...module_utils._module.reading import read, with_defaults

SPEC = {**http_spec(), **stackone_spec()}


def looks_from(
    args: Mapping[str, Any], provider: str, stop: StopSignal
) -> Callable[[Collection[str] | None], Sequence[Account]]:
    """Return the function that lists the accounts of some owners, or all. Both raise Failed; this one for wrong arguments."""
    if REQUESTS_IMPORT_ERROR:
        raise invalid_argument(
            "the Python library requests is missing.", f"Install it for {sys.executable}, which runs ansible-rulebook."
        )
    given, faults = read(args, SPEC)
    if faults:
        raise invalid_argument(" ".join(faults))
    params = with_defaults(given, SPEC)
    if not params["stackone_api_key"]:
        raise invalid_argument(
            "stackone_api_key is missing: without it, the accounts cannot be checked.",
            "Give the rulebook a StackOne API key in freshservice_link_stackone_api_key, encrypted like the webhook's secret.",
        )
    key, url = normalise_key(params["stackone_api_key"], "stackone_api_key"), stackone_url_from(params)
    http_options_from(params)
    scrubber = Scrubber(secrets_in(params))
    clock = stop.clock()
    quota = quota_from(params, clock)

    def look(owners: Collection[str] | None) -> Sequence[Account]:
        stackone = StackOne(StackOneApi(http_from(params, clock, scrubber), url, quota), key)
        return find(stackone, AccountFilter(provider, owners=None if owners is None else frozenset(owners)))

    return look
