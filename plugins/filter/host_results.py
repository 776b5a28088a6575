# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect the results of all hosts. host_results.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def host_results(
    hosts: Iterable[str],
    active: Iterable[str],
    variables: Mapping[str, Mapping[str, Any]],
    near: str | None = None,
    entry_point: str = "",
) -> dict[str, Any]:
    """Return the results, and whether they are complete."""
    from ..plugin_utils._report.hosts_ended import host_results as results_of_hosts

    return results_of_hosts([str(host) for host in hosts], {str(host) for host in active}, variables, near, entry_point)


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"host_results": host_results}
