# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The additions of a source to an inventory: all of them or none."""

from __future__ import annotations

from typing import Any

from ansible.inventory.data import InventoryData
from ansible.inventory.host import Host


class Draft:
    """Records what inventory plugins do to an inventory, and does it once it is known to be right.

    A host and a group may share a name here, whereas Ansible would confuse them.
    """

    def __init__(self, inventory: InventoryData) -> None:
        self.groups: set[str] = set()
        self._inventory = inventory
        self._data = InventoryData()
        self._data.current_source = inventory.current_source
        self._steps: list[tuple[str, tuple[Any, ...]]] = []

    def add_group(self, group: str) -> str:
        """Add a group, if it is not there."""
        self._steps.append(("add_group", (group,)))
        self.groups.add(group)
        name: str = self._data.add_group(group)
        return name

    def add_host(self, host: str, group: str | None = None, port: int | None = None) -> None:
        """Add a host, if it is not there, and put it into a group."""
        self._steps.append(("add_host", (host, group, port)))
        new = host not in self._data.hosts
        self._data.add_host(host, group, port)
        if new and host in self._inventory.hosts:
            # From another source. Its variables can decide on groups as well.
            self._data.hosts[host].vars = {**self._inventory.hosts[host].vars}

    def add_child(self, group: str, child: str) -> None:
        """Put a host or a group into a group."""
        self._steps.append(("add_child", (group, child)))
        if child in self._data.hosts:
            self._data.add_host(child, group)
        else:
            self._data.add_child(group, child)

    def set_variable(self, entity: str, name: str, value: Any) -> None:
        """Set a variable of a host or a group."""
        self._steps.append(("set_variable", (entity, name, value)))
        self._data.set_variable(entity, name, value)

    def get_host(self, name: str) -> Host:
        """Return a host with its variables so far."""
        return self._data.hosts[name]

    def carry_out(self) -> None:
        """Apply the recorded changes to the inventory."""
        for step, arguments in self._steps:
            getattr(self._inventory, step)(*arguments)
