# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part that the modules that link tenants have in common."""

from __future__ import annotations

from .._clients.factory import ClientFactory
from .._clients.freshservice import Freshservice
from .connection_params import freshservice_url_from
from .module import ModuleRun


def client_factory(run: ModuleRun) -> ClientFactory:
    """Return the factory of the clients for tenants. Raises Failed(invalid_argument)."""
    freshservice = Freshservice(run.connect(), freshservice_url_from(run.module.params))
    api, key = run.stackone_api()
    return ClientFactory(run.connect(), api, freshservice, key)
