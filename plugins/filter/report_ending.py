# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarise what a run has done. report_ending.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError


def report_ending(
    result: Any,
    host: str | None = None,
    keys: Any = None,
    keys_variable: str = "freshservice_link_api_keys",
    keys_file: str = "",
    key_files: Any = (),
    secrets: Any = (),
    **asked: Any,
) -> dict[str, Any]:
    """Return the lines and the verdict."""
    from ..plugin_utils._keys.key_names import Keys
    from ..plugin_utils._keys.plain_files import plain_files
    from ..plugin_utils._keys.readable_values import readable
    from ..plugin_utils._report.asked import Asked
    from ..plugin_utils._report.ending import ending_of_document, ending_of_host, ending_of_list

    if not isinstance(result, Mapping):
        raise AnsibleFilterError("report_ending takes the result of a module of this collection, or a document.")
    given = Keys(keys_variable, _joined(keys), keys_file)
    told = Asked(keys=given, plain_files=plain_files(key_files, readable(secrets)), **asked)
    if host is not None:
        return ending_of_host(host, result, told).as_dict()
    made = ending_of_document if {"totals", "rows"} <= set(result) else ending_of_list
    return made(result, told).as_dict()


def _joined(keys: Any) -> dict[Any, Any]:
    """Return the keys of one dictionary or of several, without those that cannot be evaluated."""
    from ..plugin_utils._keys.readable_values import readable

    several = readable([keys] if isinstance(keys, Mapping) else keys or [])
    return {name: key for each in several if isinstance(each, Mapping) for name, key in each.items()}


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"report_ending": report_ending}
