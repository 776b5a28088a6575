# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists accounts for plugins on the controller, with the options that modules have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ...module_utils._clients.account_filter import AccountFilter, find, undocumented_statuses
from ...module_utils._clients.hub_form import domain_in
from ...module_utils._clients.stackone import StackOne
from ...module_utils._clients.stackone_base import StackOneApi
from ...module_utils._core.text import Scrubber, strip_control_chars
from ...module_utils._module.connection_params import http_from, quota_from, stackone_url_from


def listed(
    params: Mapping[str, Any], key: str, choice: AccountFilter, scrubber: Scrubber, warn: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Return the chosen accounts, as account_info shows them. Raises Failed.

    It scrubs the values that StackOne shows in clear, since somebody could have put a key there.
    """
    url = stackone_url_from(params)
    http = http_from(params, scrubber=scrubber)
    stackone = StackOne(StackOneApi(http, url, quota_from(params, http.clock)), key)
    try:
        accounts = find(stackone, choice)
        for warning in undocumented_statuses(choice, accounts):
            warn(scrubber.scrub(strip_control_chars(warning)))
        found = [account.as_dict(domain_in(account.setup_information)) for account in accounts]
        scrubbed: list[dict[str, Any]] = scrubber.scrub(strip_control_chars(found))
        return scrubbed
    finally:
        summary = http.retry_log.summary()
        if summary:
            warn(scrubber.scrub(strip_control_chars(summary)))
