# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three clients that link a tenant, and what they share in a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._core.clock import Clock
from .freshservice import Freshservice
from .hub import Forms, Hub
from .stackone import StackOne
from .stackone_base import StackOneApi

if TYPE_CHECKING:
    from .._http.session import Http


@dataclass(frozen=True)
class Clients:
    """The clients of Freshservice, StackOne's platform API and its Hub."""

    freshservice: Freshservice
    stackone: StackOne
    hub: Hub
    clock: Clock


@dataclass(frozen=True)
class ClientFactory:
    """Create clients that share connections, quota and forms."""

    http: Http
    api: StackOneApi
    freshservice: Freshservice
    stackone_api_key: str = field(repr=False)
    forms: Forms = field(default_factory=Forms)

    def readers(self) -> tuple[StackOne, Hub]:
        """Return the clients that find accounts."""
        return stackone_and_hub(self.api, self.stackone_api_key, self.forms)

    def clients(self) -> Clients:
        """Return all clients, for one tenant: they keep state about it."""
        stackone, hub = self.readers()
        return Clients(self.freshservice, stackone, hub, self.http.clock)


def stackone_and_hub(api: StackOneApi, key: str, forms: Forms | None = None) -> tuple[StackOne, Hub]:
    """Return the clients of the platform API and of the Hub."""
    stackone = StackOne(api, key)
    return stackone, Hub(api, stackone, forms)
