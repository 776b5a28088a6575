# Copyright: tenantlink.stackone contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find two hosts for one account. duplicate_hosts.yml documents the filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def duplicate_hosts(hosts: Iterable[str], variables: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names of the first two hosts that mean the same account, or an empty list."""
    from ..plugin_utils._report.hosts_declared import hosts_of_one_account

    return list(hosts_of_one_account([str(host) for host in hosts], variables) or ())


class FilterModule:
    """Offer the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by its name."""
        return {"duplicate_hosts": duplicate_hosts}
