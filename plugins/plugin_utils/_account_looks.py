# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at StackOne's accounts for a process that runs for months: each look has connections and certificates of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ansible_collections.tenantlink.stackone.plugins.module_utils._account import Account
from ansible_collections.tenantlink.stackone.plugins.module_utils._api import StackOneApi
from ansible_collections.tenantlink.stackone.plugins.module_utils._arguments import (
    http_from,
    http_options_from,
    quota_from,
    secrets_in,
    stackone_url_from,
)
from ansible_collections.tenantlink.stackone.plugins.module_utils._choice import Choice, find
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import REQUESTS_IMPORT_ERROR
from ansible_collections.tenantlink.stackone.plugins.module_utils._reading import read, with_defaults
from ansible_collections.tenantlink.stackone.plugins.module_utils._specs import http_spec, stackone_spec
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import StackOne
from ansible_collections.tenantlink.stackone.plugins.module_utils._stop import Stop
from ansible_collections.tenantlink.stackone.plugins.module_utils._tenant import invalid_argument, normalise_key
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import Scrubber

SPEC = {**http_spec(), **stackone_spec()}


def looks_from(
    args: Mapping[str, Any], provider: str, stop: Stop
) -> Callable[[Collection[str] | None], Sequence[Account]]:
    """Return what lists the accounts of some owners, or all. It raises Failed, and so does this for wrong arguments."""
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
            "stackone_api_key is missing: without it, the accounts cannot be looked at.",
            "Give the rulebook a StackOne API key in freshservice_link_stackone_api_key, encrypted like the webhook's secret.",
        )
    key, url = normalise_key(params["stackone_api_key"], "stackone_api_key"), stackone_url_from(params)
    http_options_from(params)
    scrubber = Scrubber(secrets_in(params))
    clock = stop.clock()
    quota = quota_from(params, clock)

    def look(owners: Collection[str] | None) -> Sequence[Account]:
        stackone = StackOne(StackOneApi(http_from(params, clock, scrubber), url, quota), key)
        return find(stackone, Choice(provider, owners=None if owners is None else frozenset(owners)))

    return look
