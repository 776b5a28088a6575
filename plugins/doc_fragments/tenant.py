# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that name a tenant and its key."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the key check."""

    DOCUMENTATION = r"""
options:
  domain:
    description:
      - The Freshservice domain, which is V(mycompany) of C(mycompany.freshservice.com).
      - The host name and the URL are understood as well. Anything that is not one label under C(freshservice.com) is refused
        before a key is sent anywhere.
    type: str
  api_key:
    description:
      - The API key of an agent of this tenant. Keep it in Ansible Vault.
    type: str
  admin_api_key:
    description:
      - The API key of an Account Admin of the same tenant, used only where O(api_key) is refused, and only to read the agent's
        record. It settles whether the key is wrong, switched off, or its agent deactivated.
      - Requires O(agent_email).
    type: str
  agent_email:
    description:
      - The e-mail address of the agent whose key O(api_key) is.
      - Requires O(admin_api_key).
    type: str
"""
