# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that link tenants have in common."""

from __future__ import annotations

from ansible_collections.tenantlink.stackone.plugins.module_utils._arguments import freshservice_url_from
from ansible_collections.tenantlink.stackone.plugins.module_utils._clients import ClientFactory
from ansible_collections.tenantlink.stackone.plugins.module_utils._freshservice import Freshservice
from ansible_collections.tenantlink.stackone.plugins.module_utils._module import Bench


def client_factory(bench: Bench) -> ClientFactory:
    """Return what makes the clients of tenants. Raises Failed(invalid_argument)."""
    freshservice = Freshservice(bench.connect(), freshservice_url_from(bench.module.params))
    api, key = bench.stackone_api()
    return ClientFactory(bench.connect(), api, freshservice, key)
