# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three clients that link a tenant, and what all tenants of a run share of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.tenantlink.stackone.plugins.module_utils._api import StackOneApi
from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import Freshservice
from ansible_collections.tenantlink.stackone.plugins.module_utils._http import Clock, Http
from ansible_collections.tenantlink.stackone.plugins.module_utils._hub import Forms, Hub
from ansible_collections.tenantlink.stackone.plugins.module_utils._stackone import StackOne
from ansible_collections.tenantlink.stackone.plugins.module_utils._text import Scrubber


@dataclass(frozen=True)
class Clients:
    """Freshservice, StackOne's platform, and its Hub. C(scrubber) learns the tokens they obtain."""

    freshservice: Freshservice
    stackone: StackOne
    hub: Hub
    scrubber: Scrubber
    clock: Clock


@dataclass(frozen=True)
class Exchange:
    """Makes clients that share connections, quota and forms."""

    http: Http
    api: StackOneApi
    freshservice: Freshservice
    stackone_api_key: str = field(repr=False)
    forms: Forms = field(default_factory=Forms)

    def readers(self, scrubber: Scrubber) -> tuple[StackOne, Hub]:
        """Return what accounts are found with; the tokens that it obtains go to this scrubber."""
        stackone = StackOne(self.api, self.stackone_api_key, scrubber)
        return stackone, Hub(self.api, stackone, self.forms)

    def clients(self, scrubber: Scrubber) -> Clients:
        """Clients whose secrets go to this scrubber: each tenant of a long list needs but its own."""
        stackone, hub = self.readers(scrubber)
        return Clients(self.freshservice, stackone, hub, scrubber, self.http.clock)
